"""What an upstream told and what the client was told, compared as meanings where the two are in different dialects."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ...cases.cases import CallCase
from ...checks.error_events import own_error_of
from ...checks.expect import assert_equal, assert_json_relayed, assert_served, assert_success, assert_whole, expect
from ...checks.expect_streams import assert_events
from ...dialects.bodies import error_words
from ...errors import NotTestableError, Violation
from ...meanings import Codec, Completion, Failure, ToolCall, read_failure
from ...probe.probe import Probe
from ...reference.types import ErrorShape
from ...wire.json_text import loads
from ...wire.messages import Exchange, Headers, Response, media_type
from ...wire.sse import decode_body, events
from .streams import client_model

EVENTS = "text/event-stream"
CLIENT_ERROR = 400
"""Lowest status of an error."""
SERVER_ERROR = 500
"""Lowest status that blames the upstream or the proxy."""
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


def assert_stream_error_told(case: CallCase, probe: Probe, exchange: Exchange) -> None:
    """The client got the error in the upstream's stream: within its own stream, or in place of it.

    A proxy that translates may read until there is something to tell, and find the error before its answer begins.
    """
    called = probe.called(case)
    failure = None if called is None or exchange.response.status < SERVER_ERROR else sent(exchange, called).failure
    if failure is None:
        assert_told(case, probe, exchange)
    else:
        assert_error_told(case, probe, exchange, failure.message)


def assert_answer_told(case: CallCase, probe: Probe, exchange: Exchange) -> None:
    """The client got all of the upstream's whole answer, or what it says where the call is translated."""
    called, own = probe.called(case), probe.codec(case)
    assert_whole(exchange.response)
    if called is None or own is None:
        assert_json_relayed(exchange)
    else:
        assert_same_answer(sent(exchange, called), came(exchange, own), called, own)


def is_told_to_its_end(case: CallCase, probe: Probe, exchange: Exchange) -> bool:
    """Whether a translated stream broke off upstream behind the reason for its end, when all was said."""
    called = probe.called(case)
    return called is not None and bool(exchange.answers) and sent(exchange, called).finish is not None


def assert_end_not_invented(exchange: Exchange, called: Codec, own: Codec) -> None:
    """A translated stream has an end only where the upstream's stream said why it ends."""
    response = exchange.response
    upstream = called.read_stream(exchange.answers[0].body).completion
    client = own.read_stream(decode_body(response.headers, response.body))
    told = tells_failure(response, own, stream=True)
    ended = client.completion.finish is not None or client.ends > 0
    saying = "the proxy ended a stream that its upstream had not ended"
    expect(
        upstream.finish is not None or told or not ended,
        saying,
        expected="an error, or a stream without an end",
        actual=f"an end, with the reason `{shown(client.completion.finish)}`",
    )


def tells_failure(response: Response, own: Codec, *, stream: bool) -> bool:
    """Whether the client learns of a failure: by the status, by a broken transfer, or by an error in a stream.

    Clients fail at any event of that name or with an error in it, whatever else it has.
    """
    if response.status >= CLIENT_ERROR or response.broken is not None:
        return True
    body = decode_body(response.headers, response.body)
    return stream and (own.read_stream(body).completion.failure is not None or own_error_of(events(body)) is not None)


def translators(case: CallCase, probe: Probe) -> tuple[Codec, Codec]:
    """The called dialect and the client's. Raises NotTestableError where the call is not translated."""
    called, own = probe.called(case), probe.codec(case)
    if called is None or own is None:
        raise NotTestableError("the call is not translated")
    return called, own


def assert_text_told(case: CallCase, probe: Probe, exchange: Exchange) -> None:
    """The client got the upstream's stream from start to end: its events, or its text where the call is translated."""
    called, own = probe.called(case), probe.codec(case)
    if called is None or own is None:
        assert_events(exchange, model=client_model(case, probe))
        return
    assert_served(exchange)
    assert_equal(came(exchange, own).text, sent(exchange, called).text, "the client got another text")


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
    return codec.read_answer(_json(body))


def assert_same_answer(told: Completion, read: Completion, called: Codec, own: Codec) -> None:
    """The client reads what the upstream said, as far as both dialects can say it; of a failed one no end.

    The usage has a rule of its own: upstreams tell it only to those who ask, and some proxies count by themselves.
    """
    told = carried(told, called, own)
    assert_equal(read.text, told.text, "the client got another text")
    assert_equal(read.thinking, told.thinking, "the client got other reasoning")
    assert_same_calls(read.calls, told.calls, own)
    if told.failure is not None:
        assert_same_failure(read.failure, told.failure)
        return
    assert_equal(shown(read.finish), shown(told.finish), "the answer ends for another reason")


def assert_same_failure(read: Failure | None, told: Failure) -> None:
    """A stream that failed in its middle says so, with the upstream's message."""
    actual = "no error" if read is None else read.message
    kept = read is not None and told.message in read.message
    expect(kept, "the error in the stream is lost", expected=told.message, actual=actual)


def failure_told(case: CallCase, probe: Probe, exchange: Exchange) -> Failure:
    """The error that the client got, in the provider's shape or in that of its dialect's own vendor.

    Raises Violation where it is in neither.
    """
    shape, own, response = probe.error_shape(case), probe.codec(case), exchange.response
    body = decode_body(response.headers, response.body)
    if own is not None and media_type(response.headers.get("content-type")) == EVENTS:
        failure = own.read_stream(body).completion.failure
    else:
        shapes = (shape,) if own is None else (shape, own.shape)
        failures = (read_failure(each, response.status, _json(body)) for each in shapes)
        failure = next((each for each in failures if each is not None), None)
    if failure is None:
        saying, wanted = "the error cannot be read", f"an error in the shape of {shape.display_name}"
        raise Violation(saying, expected=wanted, actual=f"status {response.status}, {len(body)} bytes")
    return failure


def assert_error_told(case: CallCase, probe: Probe, exchange: Exchange, message: str) -> None:
    """The client got the upstream's error: its bytes, or where the body is written anew what it says.

    That is its message, in the provider's own shape, and a class of error that blames the same side as the status.
    """
    response = exchange.response
    if exchange.answers and _is_verbatim(case, probe, exchange):
        came, sent = decode_body(response.headers, response.body), exchange.answers[0].body
        assert_equal(came, sent, "the upstream's error was re-written")
        return
    told = failure_told(case, probe, exchange)
    expect(message in told.message, "the upstream's message is lost", expected=message, actual=told.message)
    assert_blames_same_side(told, probe.error_shape(case), response.status)


def assert_blames_same_side(told: Failure, shape: ErrorShape, status: int) -> None:
    """The class that an error names is not one that its vendor uses only where the other side is to blame.

    Words that the vendor is not known to use say nothing.
    """
    for field, word in (("type", told.type), ("code", told.code)):
        sides = {row // 100 for row in statuses_of(shape) if error_words(shape, row)[field] == word}
        blamed = "the server's" if sides == {5} else "the client's"
        expect(
            not isinstance(word, str) or not sides or status // 100 in sides,
            "the error has the class of another failure",
            expected=f"a class of errors with status {status // 100}xx",
            actual=f"`{word}`, which is for {blamed} faults",
        )


def statuses_of(shape: ErrorShape) -> tuple[int, ...]:
    """The statuses of which a shape says something; 418 and 599 stand for those that it does not list."""
    return (*shape.statuses, 418, 599)


def _is_verbatim(case: CallCase, probe: Probe, exchange: Exchange) -> bool:
    """Whether the client can be given the upstream's own bytes: nothing is written anew, and the dialect is its own."""
    told = probe.target.body_of(case.provider, case.call.dialect, case.model)
    same = all(probe.dialect_called(request) == case.call.dialect for request in exchange.upstream[:1])
    return told == "verbatim" and same


def _json(body: bytes) -> Any:
    try:
        return loads(body)
    except (ValueError, RecursionError):
        return None


def carried(told: Completion, called: Codec, own: Codec) -> Completion:
    """What both dialects can say of an answer."""
    for codec in (called, own):
        told = replace(codec.read_answer(codec.render_answer(told)), model=told.model, failure=told.failure)
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
