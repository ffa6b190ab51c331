"""Profile clients: the official SDKs get through the proxy what they get without it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from ..cases.cases import ClientCase
from ..checks.expect import assert_equal, assert_same_path, expect
from ..checks.registry import Pace, checks
from ..errors import Violation
from ..observer import Reply
from ..probe.probe import Probe
from ..reference.types import calls
from ..target.target import Target
from ..wire.lockstep import Steps
from ..wire.messages import UpstreamRequest
from .sdks.expected import answered, text_of, tool_calls, tool_reply
from .sdks.session import Talk
from .support.streams import in_pieces, stream_frames
from .support.timing import ATTEMPTS

ONE = 4
"""Requests of one call: Cerebras' SDK opens a connection before, and tries that up to three times."""
TWO = 5
IDLE = 2.0
"""Seconds for which a stream pauses, so that a proxy may keep its connection open by a comment."""
PATIENCE = 3.0
"""Seconds that the end of a stream waits for the SDK to give a part of its text."""


def counts_tokens(case: ClientCase, target: Target) -> bool:
    """SDKs that count the tokens of this provider's calls."""
    return any(call.id == case.sdk.counts for call in calls(case.provider, reference=target.reference))


def reads_data_alone(case: ClientCase, _target: Target) -> bool:
    """Calls of an SDK that fails on every other line than `data:`."""
    return case.sdk.reads_data_alone


def lists_models(case: ClientCase, target: Target) -> bool:
    """One call of each SDK at each provider that has a list of models."""
    first = next(call for call, _ in case.sdk.calls(target.reference, case.provider))
    lists = any(call.id == "models.list" for call in calls(case.provider, reference=target.reference))
    return lists and first.id == case.call.id and first.dialect == case.call.dialect


@checks("clients.plain", requests=ONE)
def test_plain_call(case: ClientCase, probe: Probe) -> None:
    """Given an SDK with the base URL of the routing map, when it asks for an answer, then it returns the upstream's."""
    with Talk(case, probe) as talk:
        told = talk.succeeds(lambda: talk.sdk.plain(talk.model, talk.text), "the call")
        arrived = _only(talk.arrived(), probe.persona_of(case))

    assert_same_path(arrived.path, probe.upstream_target(case), "the SDK's call went to another path")
    assert_equal(told.text, text_of(case, probe), "the SDK gives another text")
    assert_equal(told.model, case.model, "the SDK names another model")


@checks("clients.stream", requests=ATTEMPTS * ONE)
def test_stream(case: ClientCase, probe: Probe) -> None:
    """Given a stream that ends only when the SDK has given a part of its text, then the SDK gives the whole text."""
    for _ in range(ATTEMPTS):
        text, stalled = _read_in_step(case, probe)
        assert_equal(text, text_of(case, probe), "the SDK reads another text")
        if not stalled:
            return
    saying = "the SDK gets the text when the upstream's stream is over"
    raise Violation(saying, expected="a part before the end", actual="all of it after the end")


@checks("clients.stream-lines-readable", when=reads_data_alone, pace=Pace.WAITS, requests=ONE)
def test_lines_of_a_stream_are_readable(case: ClientCase, probe: Probe) -> None:
    """Given an SDK that reads `data:` lines alone, when a stream pauses, then the proxy adds no other lines to it."""
    first, *rest = in_pieces(stream_frames(case, probe))
    pauses = (first, *((IDLE if number == 0 else 0.0, data) for number, (_, data) in enumerate(rest)))
    with Talk(case, probe) as talk:
        talk.script(Reply(pieces=pauses))
        with contextlib.suppress(Violation):
            talk.succeeds(lambda: list(talk.sdk.stream(talk.model, talk.text).texts), "the stream")
        added = talk.added_lines()

    saying, wanted = "the proxy adds lines to a stream that the provider's SDK cannot read", "`data:` lines alone"
    expect(not added, saying, expected=wanted, actual=", ".join(dict.fromkeys(added)))


@checks("clients.count-tokens", when=counts_tokens, requests=ONE)
def test_count_tokens(case: ClientCase, probe: Probe) -> None:
    """Given an SDK that counts tokens, when it asks, then it returns the upstream's number."""
    with Talk(case, probe) as talk:
        counted = talk.succeeds(lambda: talk.sdk.count_tokens(talk.model, talk.text), "counting tokens")
        arrived = talk.arrived()

    if not arrived:
        expect(counted > 0, "the proxy counts no tokens by itself", expected="a number", actual=str(counted))
        return
    _only(arrived, probe.persona_of(case))
    answer = probe.exchanges[-1].answers[-1].body
    wanted = next(number for number in _values(json.loads(answer)) if isinstance(number, int))
    assert_equal(counted, wanted, "the SDK gives another number of tokens")


@checks("clients.models", when=lists_models, requests=ONE)
def test_models(case: ClientCase, probe: Probe) -> None:
    """Given an SDK that lists models, when it asks, then it returns the upstream's list."""
    with Talk(case, probe) as talk:
        listed = talk.succeeds(talk.sdk.models, "listing models")
        _only(talk.arrived(), probe.persona_of(case))

    answer = json.loads(probe.exchanges[-1].answers[-1].body)
    models = next(value for value in answer.values() if isinstance(value, list))
    wanted = ", ".join(model.get("id") or model["name"] for model in models)
    assert_equal(", ".join(listed), wanted, "the SDK lists other models")


@checks("clients.tool-round-trip", requests=TWO)
def test_tool_round_trip(case: ClientCase, probe: Probe) -> None:
    """Given an answer that calls tools, when the SDK sends their results, then the upstream finds its own calls."""
    with Talk(case, probe) as talk:
        talk.script(tool_reply(case))
        asked = talk.succeeds(lambda: talk.sdk.ask(talk.model, talk.text, stream=case.stream), "asking with tools")
        told = talk.succeeds(lambda: talk.sdk.answer(talk.model, talk.text), "answering with the tool's result")
        arrived = talk.arrived()

    wanted = tool_calls(case)
    named = tuple((call.id, call.name, call.arguments) for call in asked)
    expect(named == wanted, "the SDK gives other tool calls", expected=_text(wanted), actual=_text(named))
    assert_equal(told.text, text_of(case, probe), "the SDK gives another text")
    expect(len(arrived) == 2, "not every call arrived once", expected="2 requests", actual=f"{len(arrived)} requests")
    expected = tuple(id_ or name for id_, name, _ in wanted)
    results = answered(arrived[-1].json())
    saying = "the upstream gets tool calls that it did not make"
    expect(results == expected, saying, expected=", ".join(expected), actual=", ".join(results) or "no results")


def _read_in_step(case: ClientCase, probe: Probe) -> tuple[str, bool]:
    """The text that an SDK reads, and whether the upstream had to end the stream before the SDK gave any of it."""
    words = text_of(case, probe).split()
    with Steps(patience=PATIENCE) as steps, Talk(case, probe) as talk, talk.end_held(steps, words) as let_end:

        def read() -> str:
            text = ""
            for part in talk.sdk.stream(talk.model, talk.text).texts:
                if not text:
                    let_end()
                text += part
            return text

        text = talk.succeeds(read, "the stream")
        _only(talk.arrived(), probe.persona_of(case))
    return text, steps.stalled


def _only(arrived: tuple[UpstreamRequest, ...], persona: str) -> UpstreamRequest:
    seen = ", ".join(f"{request.method} {request.path} at {request.persona}" for request in arrived) or "none"
    wanted = f"one request at {persona}"
    expect(len(arrived) == 1, "one call of the SDK is not one upstream call", expected=wanted, actual=seen)
    expect(arrived[0].persona == persona, "the call reached another back end", expected=wanted, actual=seen)
    return arrived[0]


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _values(item)
    else:
        yield value


def _text(made: tuple[tuple[str | None, str, Any], ...]) -> str:
    return "; ".join(f"{id_ or 'no id'} {name}({json.dumps(given, ensure_ascii=False)})" for id_, name, given in made)
