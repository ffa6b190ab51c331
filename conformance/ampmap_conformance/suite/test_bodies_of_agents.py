"""Profile bodies: what an agent sends and gets, with every field, and answers that are large."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ..cases.cases import CallCase, VariedCase
from ..checks.expect import (
    assert_equal,
    assert_json_relayed,
    assert_success,
    assert_whole,
    expect,
    only_upstream_request,
)
from ..checks.expect_streams import assert_events, assert_json_answer
from ..checks.findings import expect_none, gathering
from ..checks.registry import checks
from ..dialects.bodies import dump
from ..meanings import Completion, Text, Usage
from ..observer import Reply
from ..probe.probe import Probe
from ..wire.messages import Exchange
from ..wire.sse import covers, decode_body, events
from .support.client_bodies import client_request, rare_request, rich_answer
from .support.conditions import has_body
from .support.empties import can_be_empty, empty_answer
from .support.ends import MOST, ending, ends_of, has_ends
from .support.optional_parts import has_optional_parts, said, with_parts
from .support.outside import AS_JSON, CALLED
from .support.outside_pairs import END
from .support.streams import client_model, served_model
from .support.told import assert_answer_told, assert_text_told
from .test_bodies import exact

SIZE = 4 << 20


@checks("bodies.client-fields-kept", when=has_body, outside=AS_JSON)
def test_fields_of_the_client_arrive(case: CallCase, probe: Probe) -> None:
    """Given a call with all fields of the client's, when the proxy forwards it, then no field is lost or added."""
    streaming = replace(case, stream=case.call.operation.stream is not None)
    exchange = probe.send(streaming, body=client_request(streaming))

    came, fields = only_upstream_request(exchange).json(), json.loads(exchange.request.body)
    expect(isinstance(came, dict), "the body is not an object", expected="an object", actual=type(came).__name__)
    changed = [name for name in fields if came.get(name) != fields[name]]
    with gathering() as part:
        with part():
            expect_none(changed, "fields were lost or changed", expected="all as sent")
        with part():
            added = [name for name in came if name not in fields]
            expect_none(added, "fields were added", expected="only those sent")


@checks("bodies.rare-forms-served")
def test_rare_forms_are_served(case: CallCase, probe: Probe) -> None:
    """Given a request of a rare form that its vendor allows, when it is sent, then the proxy forwards it unchanged."""
    exchange = probe.send(case, body=rare_request(case))

    assert_success(exchange)
    saying = "the upstream got a changed body (see `policy.body`)"
    assert_equal(only_upstream_request(exchange).body, exchange.request.body, saying)


@checks("bodies.rich-answer-kept", outside=CALLED)
def test_rich_answer_comes_back(case: CallCase, probe: Probe) -> None:
    """Given an answer with thinking, tools and usage, when the proxy relays it, then it is complete."""
    sent = rich_answer(case)
    exchange = probe.send(case, replies=(Reply(body=sent),))

    only_upstream_request(exchange)
    if probe.called(case) is not None:
        assert_answer_told(case, probe, exchange)
        return
    assert_whole(exchange.response)
    came = decode_body(exchange.response.headers, exchange.response.body)
    if not covers(exact(sent), exact(came)):
        assert_equal(came, sent, "parts of the answer were lost or changed")


@checks("bodies.every-end-kept", when=has_ends, requests=MOST, outside=END)
def test_every_end_comes_back(case: VariedCase, probe: Probe) -> None:
    """Given answers that end for every reason of the vendor, when they are relayed, reason and usage are the same."""
    model = client_model(case, probe)
    with gathering() as part:
        for reason in ends_of(case, probe).reasons:
            exchange = probe.send(case, replies=(ending(case, probe, reason),))
            only_upstream_request(exchange)
            with part():
                if case.stream:
                    assert_events(exchange, model=model)
                else:
                    assert_json_answer(exchange, model=model or served_model(case, probe))


@checks("bodies.empty-answer-kept", when=can_be_empty)
def test_empty_answer_comes_back(case: VariedCase, probe: Probe) -> None:
    """Given an answer that is legal and empty, when the proxy relays it, then the client gets it, and nothing more."""
    exchange = probe.send(case, replies=(empty_answer(case, probe),))

    only_upstream_request(exchange)
    assert_success(exchange)
    if case.stream:
        assert_text_told(case, probe, exchange)
    elif case.call.operation.metered:
        assert_json_answer(exchange, model=_named(exchange) or served_model(case, probe))
    else:
        assert_json_relayed(exchange)


def _named(exchange: Exchange) -> str | None:
    """The model that an answer names; whether it is the right one is another rule's."""
    came = json.loads(decode_body(exchange.response.headers, exchange.response.body))
    found = came.get("model", came.get("modelVersion")) if isinstance(came, dict) else None
    return found if isinstance(found, str) else None


@checks("bodies.optional-parts", when=has_optional_parts)
def test_optional_parts(case: VariedCase, probe: Probe) -> None:
    """Given an answer without its optional parts, or with null in their place, when it is relayed, then it is whole."""
    exchange = probe.send(case, replies=(with_parts(case, probe),))

    only_upstream_request(exchange)
    assert_success(exchange)
    response = exchange.response
    sent, came = (
        [said(part) for part in _parts(case, body)]
        for body in (exchange.answers[0].body, decode_body(response.headers, response.body))
    )
    saying = "the answer was cut or changed"
    expect(len(came) >= len(sent), saying, expected=f"{len(sent)} parts", actual=f"{len(came)} parts")
    for theirs, ours in zip(sent, came, strict=False):
        if not covers(theirs, ours):
            assert_equal(dump(ours), dump(theirs), saying)


def _parts(case: VariedCase, body: bytes) -> list[Any]:
    """What an answer or each event of a stream holds; bytes that are not JSON count for nothing."""
    try:
        return [event.json() for event in events(body)] if case.stream else [json.loads(body)]
    except ValueError:
        return []


@checks("bodies.large-answer", is_large=True)
def test_large_answer(case: CallCase, probe: Probe) -> None:
    """Given an answer of 4 MB, when the proxy relays it, then it is complete."""
    text = "ampmap! " * (SIZE // 8)
    exchange = probe.send(case, replies=(Reply(says=Completion("", (Text(text),), usage=Usage(9, SIZE // 4))),))

    assert_success(exchange)
    came, sent = decode_body(exchange.response.headers, exchange.response.body), exchange.answers[0].body
    same = came == sent or (len(came) >= SIZE and covers(exact(sent), exact(came)))
    translated = probe.dialect_called(exchange.upstream[0]) != case.call.dialect and text.encode() in came
    expect(same or translated, "the answer was cut or changed", expected=f"{SIZE} bytes", actual=f"{len(came)} bytes")
