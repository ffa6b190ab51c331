"""Profile streaming: every legal form of a stream comes through, and how one that goes wrong looks to the client."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..cases.cases import CallCase, VariedCase
from ..checks.error_events import assert_no_clean_end, own_error_of
from ..checks.expect import assert_not_left_waiting, assert_served, assert_success, expect, only_upstream_request
from ..checks.expect_streams import assert_same_events, came_events
from ..checks.registry import checks
from ..observer import End, Reply, StreamFault
from ..probe.probe import Probe
from ..wire.messages import AMP, Exchange
from ..wire.sse import decode_body, events
from .support.conditions import can_fail_in_band, has_bare_errors, streams, streams_here
from .support.outside import ANSWER, CALLED, TOOL_CALL, assert_answer, assert_in_order, of_answer
from .support.rich_streams import asking_for_all, rich_reply
from .support.streams import (
    big_frames,
    client_model,
    formed,
    has_event_of_size,
    has_form,
    in_pieces,
    stream_frames,
    stream_reply,
    with_long_line,
)
from .support.told import assert_end_not_invented, assert_stream_error_told, assert_told, is_told_to_its_end

MEGABYTE = 1 << 20
BIG = {"local": 10 * MEGABYTE, "elsewhere": 2 * MEGABYTE, "mapped": MEGABYTE}
"""Bytes of a big stream; a mapped one has to be read event by event."""
CLIENT_ERRORS = ("invalid_request", "authentication", "permission", "not_found", "invalid_argument")
"""Beginnings of error types that put the blame on the client, which then does not try again."""


@checks("streaming.legal-forms", when=has_form)
def test_legal_forms(case: VariedCase, probe: Probe) -> None:
    """Given a stream in a form that the standard allows, when the proxy relays it, then its events are the same."""
    exchange = probe.send(case, replies=(formed(case.variation, case, probe),))

    _assert_asked(case, exchange)
    assert_success(exchange)
    assert_told(case, probe, exchange)


@checks("streaming.rare-forms", when=has_form)
def test_rare_forms(case: VariedCase, probe: Probe) -> None:
    """Given a stream in a legal form that is seldom seen, when the proxy relays it, then its events are the same."""
    exchange = probe.send(case, replies=(formed(case.variation, case, probe),))

    assert_success(exchange)
    assert_told(case, probe, exchange)


@checks("streaming.unterminated-last-event", when=streams_here)
def test_unterminated_last_event(case: VariedCase, probe: Probe) -> None:
    """Given a stream that ends right behind its last line, when the proxy relays it, then the last event is there."""
    frames = stream_frames(case, probe)
    pieces = in_pieces([*frames[:-1], frames[-1].rstrip(b"\r\n")])
    exchange = probe.send(case, replies=(stream_reply(case, probe, pieces),))

    assert_success(exchange)
    came = decode_body(exchange.response.headers, exchange.response.body)
    read, sent = (events(body + b"\n\n") for body in (came, exchange.answers[0].body))
    assert_same_events(read, sent, model=client_model(case, probe))


@checks("streaming.comments-relayed", when=streams)
def test_comments_are_relayed(case: VariedCase, probe: Probe) -> None:
    """Given comments in a stream, when the proxy relays it, then they are there: they keep idle connections open."""
    exchange = probe.send(case, replies=(formed("comments", case, probe),))

    body = decode_body(exchange.response.headers, exchange.response.body)
    expect(b"\n: a comment" in b"\n" + body, "comments were dropped", expected="comment lines", actual="none")


@checks("streaming.well-formed", when=streams, outside=of_answer(ANSWER.sees, assert_answer, TOOL_CALL))
def test_well_formed(case: VariedCase, probe: Probe) -> None:
    """Given a stream with thinking, text and tool calls, when the proxy relays it, then it is one message in order."""
    exchange = probe.send(case, replies=(rich_reply(),))

    assert_success(exchange)
    assert_in_order(case, probe, exchange.response)


@checks("streaming.every-kind-of-event", when=streams, outside=CALLED)
def test_every_kind_of_event(case: VariedCase, probe: Probe) -> None:
    """Given a stream with thinking, tool calls and usage, when it is relayed, then no event is missing or changed."""
    exchange = probe.send(case, body=asking_for_all(case, probe), replies=(rich_reply(),))

    assert_success(exchange)
    assert_told(case, probe, exchange)


@checks("streaming.long-events", when=has_event_of_size, is_large=True)
def test_long_events(case: VariedCase, probe: Probe) -> None:
    """Given a stream with an event on a long line, when the proxy relays it, then no event is missing or changed."""
    exchange = probe.send(case, replies=(stream_reply(case, probe, with_long_line(case, probe)),))

    _assert_asked(case, exchange)
    assert_success(exchange)
    assert_told(case, probe, exchange)


@checks("streaming.big", when=streams, is_large=True)
def test_big_stream(case: VariedCase, probe: Probe) -> None:
    """Given a stream of some megabytes, when the proxy relays it, then no event is missing or changed."""
    frames = big_frames(case, probe, size=BIG[case.way])
    exchange = probe.send(case, replies=(stream_reply(case, probe, in_pieces(frames)),))

    assert_success(exchange)
    assert_told(case, probe, exchange)


@checks("streaming.nothing-invented", when=streams)
def test_nothing_is_invented(case: VariedCase, probe: Probe) -> None:
    """Given a stream without its last event, or without any, when it ends, then the proxy has not put one in."""
    fault = Reply(stream=StreamFault.NO_TERMINATOR) if case.variation == "no-terminator" else Reply(pieces=())
    exchange = probe.send(case, replies=(fault,))

    _assert_asked(case, exchange)
    called, own = probe.called(case), probe.codec(case)
    if called is not None and own is not None:
        assert_end_not_invented(exchange, called, own)
        return
    sent, came = exchange.answers[0].body.count(b"data:"), len(came_events(exchange.response))
    failed = exchange.response.status >= 400 or exchange.response.broken is not None
    told = own_error_of(came_events(exchange.response)) is not None
    invented = came > sent and not told and not failed
    saying = "the proxy ended a stream that its upstream had not ended"
    expect(not invented, saying, expected=f"{sent} events, or an error", actual=f"{came} events")


@checks("streaming.upstream-abort-not-ended-cleanly", when=streams)
def test_upstream_abort_not_ended_cleanly(case: VariedCase, probe: Probe) -> None:
    """Given a stream that breaks off upstream, when the proxy relays it, then the client notices the break."""
    exchange = probe.send(case, replies=(_broken(case, probe),))

    _assert_asked(case, exchange)
    assert_not_left_waiting(exchange, probe.target.policy.abort_timeout)
    if not is_told_to_its_end(case, probe, exchange):
        assert_no_clean_end(exchange, case.call.operation.in_band_error)


@checks("streaming.abort-is-the-servers-fault", when=streams)
def test_abort_is_the_servers_fault(case: VariedCase, probe: Probe) -> None:
    """Given a stream that breaks off upstream, when an error event says so, then it does not blame the client."""
    exchange = probe.send(case, replies=(_broken(case, probe),))

    assert_served(exchange)
    told = own_error_of(came_events(exchange.response)) or {}
    inner = told.get("error")
    error: dict[str, Any] = inner if isinstance(inner, dict) else told
    kind = str(error.get("type") or error.get("status") or error.get("code") or "").lower()
    blamed = kind.startswith(CLIENT_ERRORS) or kind.startswith("4")
    expect(
        not blamed, "the error says that the client's request was wrong", expected="an error of the server", actual=kind
    )


@checks("streaming.in-band-error-relayed", when=can_fail_in_band, requests=2)
def test_in_band_error_is_relayed(case: VariedCase, probe: Probe) -> None:
    """Given an error inside a stream, in each form that servers send, when it is relayed, then it holds the error."""
    has_other = case.call.operation.other_in_band_error is not None and probe.called(case) is None
    for fault in (StreamFault.IN_BAND_ERROR, *((StreamFault.IN_BAND_ERROR_OTHER,) if has_other else ())):
        exchange = probe.send(case, replies=(Reply(stream=fault),))

        _assert_asked(case, exchange)
        assert_stream_error_told(case, probe, exchange)


@checks("streaming.bare-error-relayed", when=has_bare_errors)
def test_bare_error_is_relayed(case: CallCase, probe: Probe) -> None:
    """Given an error in a stream without any framing, when the proxy relays it, then it is still there."""
    exchange = probe.send(case, replies=(Reply(stream=StreamFault.IN_BAND_ERROR_BARE),))

    assert_served(exchange)
    bare = exchange.answers[0].body.rpartition(b"\n")[2]
    body = decode_body(exchange.response.headers, exchange.response.body)
    broken = exchange.response.broken is not None
    expect(bare in body or broken, "the error was swallowed", expected="the error as it was sent", actual="none")


def _assert_asked(case: VariedCase, exchange: Exchange) -> None:
    only_upstream_request(exchange, AMP if case.way == "elsewhere" else None)


def _broken(case: VariedCase, probe: Probe) -> Reply:
    """A stream that breaks off in the way that the case's word names."""
    frames = stream_frames(case, probe)
    middle = len(frames) // 2
    inside = [*frames[:middle], frames[middle][: len(frames[middle]) // 2]]
    kept = {
        "cut-at-once": [],
        "cut-in-event": inside,
        "cut-between-events": frames[:middle] or frames[:1],
        "cut-before-end": frames[:-1],
        "reset": inside,
    }[case.variation]
    end = End.RESET if case.variation == "reset" else End.CUT
    return replace(stream_reply(case, probe, in_pieces(kept)), end=end, stop_after=len(kept))
