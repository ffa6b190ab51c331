"""What a check asserts of streams, and of answers in which a model's name was changed."""

from __future__ import annotations

import json
from typing import Any

from ..wire.json_text import loads
from ..wire.messages import Exchange, Response
from ..wire.sse import Event, covers, decode_body, events
from .expect import assert_equal, assert_served, expect

MODEL_PLACES = (
    ("model",),
    ("modelVersion",),
    ("message", "model"),
    ("response", "model"),
    ("response", "modelVersion"),
)
"""Where an answer, or an event of one, names its model."""


def with_model_name(answer: Any, model: str) -> Any:
    """A JSON answer with `model` wherever it names its model, and everything else as it is."""
    if isinstance(answer, list):  # a stream in the form of an array
        return [with_model_name(item, model) for item in answer]
    if not isinstance(answer, dict):
        return answer
    changed = dict(answer)
    for place in MODEL_PLACES:
        if len(place) == 1 and isinstance(changed.get(place[0]), str):
            changed[place[0]] = model
        elif len(place) == 2 and isinstance(changed.get(place[0]), dict) and place[1] in changed[place[0]]:
            changed[place[0]] = {**changed[place[0]], place[1]: model}
    return changed


def assert_events(exchange: Exchange, *, model: str | None = None) -> None:
    """The client got the upstream's events, in order and no others, whole; with `model` as their model if it is given.

    Events are compared by name and data. An object may have further fields.
    """
    response = exchange.response
    assert_served(exchange)
    if response.body != exchange.answers[0].body or model is not None:
        assert_same_events(came_events(response), events(exchange.answers[0].body), model=model)
    broken = response.broken or ""
    expect(not broken, "the stream is incomplete", expected="a complete transfer", actual=broken)


def assert_same_events(came: tuple[Event, ...], sent: tuple[Event, ...], *, model: str | None = None) -> None:
    """Two streams have the same events."""
    for number, (theirs, ours) in enumerate(zip(sent, came, strict=False), start=1):
        wanted = theirs.json() if model is None else with_model_name(theirs.json(), model)
        same = theirs.name == ours.name and covers(wanted, ours.json())
        if not same:
            shown = _shown(ours.name, ours.json()), _shown(theirs.name, wanted)
            assert_equal(*shown, f"the client got a changed event {number}")
    saying = "events were lost" if len(came) < len(sent) else "there are events that the upstream did not send"
    expect(len(sent) == len(came), saying, expected=f"{len(sent)} events", actual=f"{len(came)} events")


def assert_json_answer(exchange: Exchange, *, model: str) -> None:
    """The client got the upstream's JSON with `model` as its model and everything else as it was."""
    wanted = with_model_name(loads(exchange.answers[0].body), model)
    actual = loads(decode_body(exchange.response.headers, exchange.response.body))
    if not covers(wanted, actual):
        saying = "the answer is not the upstream's answer with only the model's name changed"
        assert_equal(_shown("", actual), _shown("", wanted), saying)


def came_events(response: Response) -> tuple[Event, ...]:
    """The events that a client reads from an answer."""
    return events(decode_body(response.headers, response.body))


def _shown(name: str, data: Any) -> str:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"event {name}: {text}" if name else text
