"""Profile errors: those of upstreams, and upstreams that give no answer, or half of one."""

from __future__ import annotations

from dataclasses import replace

from ..cases.cases import StatusCase, VariedCase
from ..checks.error_events import own_error_of
from ..checks.expect import (
    assert_answered,
    assert_equal,
    assert_not_left_waiting,
    assert_served,
    assert_status,
    expect,
    shown_status,
)
from ..checks.expect_streams import assert_events, came_events
from ..checks.registry import Pace, checks
from ..dialects.bodies import dump
from ..errors import NotTestableError
from ..observer import End, Reply
from ..probe.probe import Probe
from ..wire.sse import decode_body
from .support.attempts import ATTEMPTS, LOOKS
from .support.conditions import (
    goes_astray_or_streams,
    goes_elsewhere,
    has_body,
    is_status_sample,
)
from .support.looking import Look
from .support.own_errors import assert_in_shape, odd_error, padded
from .support.streams import json_answer
from .support.told import assert_error_told

GRACE = 3.0
"""Seconds beyond the promised time within which a proxy must have given up."""
NOBODY = "http://127.0.0.1:9"
"""An address at which no process listens."""
SCRIPTED = "Scripted error of this upstream."
"""What an upstream says of its failure."""
TOO_LARGE = 413
LARGE = 8 << 20
"""Bytes of a body that the buffers of two connections cannot hold."""
BEGINS = {"closed": End.CUT_BEFORE_HEAD, "reset": End.RESET_BEFORE_HEAD}


@checks("errors.upstream-status-relayed", when=is_status_sample)
def test_upstream_status_is_relayed(case: StatusCase, probe: Probe) -> None:
    """Given an error of the upstream, when the proxy relays it, then its status is the same."""
    _assert_status_relayed(case, probe, case.status)


@checks("errors.upstream-error-body-relayed", when=is_status_sample)
def test_upstream_error_body_is_relayed(case: StatusCase, probe: Probe) -> None:
    """Given an error of the upstream, when the proxy relays it, then the client reads the same."""
    _assert_body_relayed(case, probe, case.status)


@checks("errors.routed-status-relayed", when=goes_astray_or_streams)
def test_routed_status_relayed(case: VariedCase, probe: Probe) -> None:
    """Given an error on another than the usual route, when the proxy relays it, then its status is the same."""
    _assert_status_relayed(case, probe, int(case.variation))


@checks("errors.routed-error-body-relayed", when=goes_astray_or_streams)
def test_routed_error_body_is_relayed(case: VariedCase, probe: Probe) -> None:
    """Given an error on another than the usual route, when the proxy relays it, then the client reads the same."""
    _assert_body_relayed(case, probe, int(case.variation))


@checks("errors.odd-error-keeps-its-status")
def test_odd_error_keeps_its_status(case: VariedCase, probe: Probe) -> None:
    """Given an upstream's error of an unusual kind, when the proxy relays it, then its status is the same."""
    reply = odd_error(case.variation, case, probe)
    exchange = probe.send(case, replies=(reply,) * ATTEMPTS)

    assert_served(exchange)
    assert_equal(exchange.response.status, reply.status, "the upstream's status changed")


@checks("errors.odd-error-relayed")
def test_odd_error_is_relayed(case: VariedCase, probe: Probe) -> None:
    """Given an upstream's error of an unusual kind, when the proxy relays it, then its body is the same."""
    reply = odd_error(case.variation, case, probe)
    exchange = probe.send(case, replies=(reply,) * ATTEMPTS)

    assert_served(exchange)
    if case.variation == "event-stream":
        assert_events(exchange)
        return
    response, sent = exchange.response, exchange.answers[0].body
    assert_equal(decode_body(response.headers, response.body), sent, "the upstream's error was re-written")


@checks("errors.early-answer-relayed", when=has_body, pace=Pace.WAITS, is_large=True)
def test_early_answer_is_relayed(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that rejects a call by its head, when the proxy still sends the body, then the error comes."""
    rejection = replace(Reply.error(TOO_LARGE, SCRIPTED), end=End.EARLY)
    size = min(LARGE, probe.target.policy.body_limit or LARGE)
    exchange = probe.send(case, body=padded(case, size), replies=(rejection,) * ATTEMPTS)

    assert_served(exchange)
    status = exchange.response.status
    saying = "an error that came before the body was read is lost"
    expect(status == TOO_LARGE, saying, expected=f"status {TOO_LARGE}", actual=shown_status(exchange.response))


@checks("errors.failure-keeps-error-status")
def test_failure_keeps_error_status(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that fails, when the client gets the answer, then its status or its error event says so."""
    failed = Reply.error(int(case.variation))
    exchange = probe.send(case, replies=(failed,) * ATTEMPTS)

    assert_served(exchange)
    status = exchange.response.status
    told = case.stream and own_error_of(came_events(exchange.response)) is not None
    expect(status >= 400 or told, "a failure looks like a success", expected="an error", actual=f"status {status}")


@checks("errors.upstream-unreachable")
def test_upstream_unreachable(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that drops the connection, when the call is made, then the status says so."""
    exchange = probe.send(case, replies=(Reply(end=BEGINS[case.variation]),) * ATTEMPTS)

    assert_served(exchange)
    saying = "a dropped upstream connection does not show in the status"
    expect(exchange.response.status >= 500, saying, expected="a 5xx status", actual=shown_status(exchange.response))


@checks("errors.unreachable-as-gateway-error")
def test_unreachable_as_gateway_error(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that drops the connection, when the call is made, then the status names the upstream's side."""
    exchange = probe.send(case, replies=(Reply(end=BEGINS[case.variation]),) * ATTEMPTS)

    assert_served(exchange)
    assert_status(exchange.response, 502, 503, 504, saying="a fault of the upstream looks like one of the proxy")


@checks("errors.connection-refused", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS * 2)
def test_connection_refused(case: VariedCase, probe: Probe) -> None:
    """Given an upstream at whose address no process listens, when it is called, then the status says so."""
    look = Look(probe, case, lambda one: one.response.status >= 500)
    with probe.reloading.changed(look, upstream_url=NOBODY) as told:
        if not told and look.latest is not None:
            if look.latest.upstream:
                raise NotTestableError("the proxy did not take over the address that refuses connections")
            saying = "an upstream that refuses connections does not show in the status"
            response = look.latest.response
            expect(response.status >= 500, saying, expected="a 5xx status", actual=shown_status(response))


@checks("errors.truncation-reaches-client")
def test_truncation_reaches_client(case: VariedCase, probe: Probe) -> None:
    """Given an answer that breaks off, when the proxy relays it, then the client gets an error or a broken transfer."""
    body = dump(json_answer(case, probe))
    reply = {
        "cut": Reply(end=End.CUT),
        "reset": Reply(end=End.RESET),
        "one-byte-short": Reply(
            headers=(("Content-Type", "application/json"), ("Content-Length", str(len(body) + 1))),
            body=body,
            end=End.CUT,
            stop_after=1,
        ),
    }[case.variation]
    exchange = probe.send(case, replies=(reply,) * ATTEMPTS)

    assert_served(exchange)
    response = exchange.response
    assert_not_left_waiting(exchange, probe.target.policy.abort_timeout)
    whole = response.broken is None and response.status < 500
    expected = "a broken transfer, or a 5xx status"
    expect(
        not whole,
        "half an answer looks complete",
        expected=expected,
        actual=f"status {response.status} and a clean end",
    )


@checks("errors.silent-upstream", pace=Pace.WAITS, is_long=True)
def test_silent_upstream(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that says nothing, when the promised time is over, then the client gets an error."""
    limit = probe.target.policy.answer_timeout or 0.0
    exchange = probe.send(case, replies=(Reply.silent(limit + GRACE + 1),))

    assert_served(exchange)
    response = exchange.response
    assert_status(response, 504, 503, 502, 408, saying="a silent upstream does not show in the status")
    in_time = response.seconds < limit + GRACE
    expect(in_time, "the client still waits", expected=f"an answer within {limit + GRACE:g} s", actual="a later one")


@checks("errors.silent-upstream-shape", pace=Pace.WAITS, is_long=True)
def test_error_of_a_silent_upstream_has_the_providers_shape(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that says nothing, when the client gets an error, then it is JSON in the provider's shape."""
    limit = probe.target.policy.answer_timeout or 0.0
    exchange = probe.send(case, replies=(Reply.silent(limit + GRACE + 1),))

    assert_served(exchange)
    assert_answered(exchange)
    if exchange.response.status >= 400:
        assert_in_shape(case, probe, exchange.response)


def _assert_status_relayed(case: VariedCase, probe: Probe, status: int) -> None:
    exchange = probe.send(case, replies=(Reply.error(status),) * ATTEMPTS)

    assert_served(exchange)
    assert_equal(exchange.response.status, status, "the upstream's status changed")


def _assert_body_relayed(case: VariedCase, probe: Probe, status: int) -> None:
    exchange = probe.send(case, replies=(Reply.error(status, SCRIPTED),) * ATTEMPTS)

    assert_served(exchange)
    assert_error_told(case, probe, exchange, message=SCRIPTED)
