"""What an upstream told and what the client was told, compared as meanings where the two are in different dialects."""

from __future__ import annotations

import json
from dataclasses import replace

from ...cases.cases import CallCase
from ...checks.expect import assert_equal, assert_served, assert_success, expect
from ...checks.expect_streams import assert_events
from ...errors import Violation
from ...meanings import Codec, Completion, Failure, ToolCall
from ...probe.probe import Probe
from ...wire.messages import Exchange, Headers, media_type
from ...wire.sse import decode_body
from .streams import client_model

EVENTS = "text/event-stream"
UNNAMED = ("gemini",)
"""Dialects in which a call of a tool needs no id."""


def assert_told(case: CallCase, probe: Probe, exchange: Exchange) -> None:
    """The client got the upstream's stream whole: its events, or what they say where the call is translated."""
    called, own = probe.called(case), probe.codec(case)
    if called is None or own is None:
        assert_events(exchange, model=client_model(case, probe))
        return
    assert_served(exchange)
    broken = exchange.response.broken or ""
    expect(not broken, "the stream is incomplete", expected="a complete transfer", actual=broken)
    assert_same_answer(sent(exchange, called), came(exchange, own), called, own)


def sent(exchange: Exchange, called: Codec) -> Completion:
    """What the upstream said."""
    answer = exchange.answers[0]
    return said(called, answer.headers, answer.body)


def came(exchange: Exchange, own: Codec) -> Completion:
    """What the client was told. Raises Violation where that is not an answer of its dialect."""
    assert_success(exchange)
    completion = said(own, exchange.response.headers, exchange.response.body)
    wanted = f"an answer in the form of {own.table.display_name}"
    readable = bool(completion.parts) or completion.finish is not None or completion.failure is not None
    kind = media_type(exchange.response.headers.get("content-type")) or "no content type"
    expect(readable, "the answer cannot be read", expected=wanted, actual=kind)
    return completion


def said(codec: Codec, headers: Headers, body: bytes) -> Completion:
    """What an answer says, whole or as a stream."""
    body = decode_body(headers, body)
    if media_type(headers.get("content-type")) == EVENTS or body[:1] == b"[":
        return codec.read_stream(body).completion
    return codec.read_answer(json.loads(body))


def assert_same_answer(told: Completion, read: Completion, called: Codec, own: Codec) -> None:
    """The client reads what the upstream said, as far as both dialects can say it.

    The usage has a rule of its own: upstreams tell it only to those who ask, and some proxies count by themselves.
    """
    told = carried(told, called, own)
    assert_equal(read.text, told.text, "the client got another text")
    assert_equal(read.thinking, told.thinking, "the client got other reasoning")
    assert_same_calls(read.calls, told.calls, own)
    assert_equal(shown(read.finish), shown(told.finish), "the answer ends for another reason")


def failure_told(case: CallCase, probe: Probe, exchange: Exchange) -> Failure:
    """The error that the client got, in the provider's shape or in that of its dialect's own vendor.

    Raises Violation where it is in neither.
    """
    shape, own, response = probe.error_shape(case), probe.codec(case), exchange.response
    body = decode_body(response.headers, response.body)
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    shapes = () if own is None else (shape, own.shape)
    failures = (own.read_error(response.status, data, each) for each in shapes if own is not None)
    failure = next((each for each in failures if each is not None), None)
    if failure is None:
        saying, wanted = "the error cannot be read", f"an error in the shape of {shape.display_name}"
        raise Violation(saying, expected=wanted, actual=f"status {response.status}, {len(body)} bytes")
    return failure


def carried(told: Completion, called: Codec, own: Codec) -> Completion:
    """What both dialects can say of an answer."""
    for codec in (called, own):
        told = replace(codec.read_answer(codec.render_answer(told)), model=told.model)
    return told


def assert_same_calls(read: tuple[ToolCall, ...], told: tuple[ToolCall, ...], own: Codec) -> None:
    """The same tools are called, each with its arguments; ids tell them apart, whatever they are."""
    names = ", ".join(call.name for call in read) or "none"
    assert_equal(names, ", ".join(call.name for call in told) or "none", "other tools are called")
    for theirs, ours in zip(told, read, strict=True):
        same = ours.arguments == theirs.arguments
        wanted, seen = (json.dumps(call.arguments, ensure_ascii=False) for call in (theirs, ours))
        expect(same, "a tool is called with other arguments", expected=wanted, actual=seen)
    ids = [call.id for call in read]
    if own.dialect not in UNNAMED:
        expect(all(ids), "a call of a tool has no id", expected="an id", actual="none")
        apart = len(set(ids)) == len(ids)
        expect(apart, "calls of tools have the same id", expected="ids that differ", actual="one id")


def shown(value: object) -> str:
    """A reason for an end in words."""
    return "none" if value is None else str(value)
