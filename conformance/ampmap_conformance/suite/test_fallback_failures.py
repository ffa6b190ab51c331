"""Profile fallback: what a failure of the provider leads to, and what it does not."""

from __future__ import annotations

from dataclasses import replace

from ..cases.cases import CallCase, VariedCase
from ..checks.expect import assert_equal, assert_served, assert_success, expect, only_upstream_request
from ..checks.expect_streams import came_events
from ..checks.registry import Pace, checks
from ..errors import NoAnswerError
from ..observer import End, Reply
from ..probe.probe import LONGER, Probe
from ..wire.credentials import carried
from ..wire.messages import AMP, Exchange
from .support.afterwards import (
    TWICE,
    assert_served_at_once,
    assert_served_or_put_off,
    can_fail,
    fail_twice,
    must_be_served,
    plain_calls,
)
from .support.attempts import ATTEMPTS
from .support.conditions import goes_astray, goes_elsewhere, is_model_call, streams
from .support.dropped_calls import CALLS, LONG, assert_never_repeated, dropping
from .support.retry_hints import HINTS, assert_every_hint_relayed

BEGINS = {"closed": End.CUT_BEFORE_HEAD, "reset": End.RESET_BEFORE_HEAD}
MOST = 6
"""Most operations of a provider."""


@checks("fallback.refusal-is-final", when=is_model_call)
def test_refusal_is_final(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that rejects a request, when the client gets the answer, then no upstream is called again."""
    refused = Reply.error(int(case.variation))
    exchange = probe.send(case, replies=(refused,) * ATTEMPTS)

    _assert_asked_once(exchange, f"a request that the upstream rejected with {case.variation} was sent again")


@checks("fallback.refusal-not-repeated", when=is_model_call)
def test_refusal_is_not_repeated(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that rejects a request, when it is called again, then it is by another key, or another one."""
    refused = Reply.error(int(case.variation))
    exchange = probe.send(case, replies=(refused,) * ATTEMPTS)

    assert_served(exchange)
    asked = [(request.persona, str(carried(request.headers, request.query))) for request in exchange.upstream]
    again = [persona for place, (persona, key) in enumerate(asked) if (persona, key) in asked[:place]]
    saying = f"a request that the upstream rejected with {case.variation} was sent again with the same key"
    expect(not again, saying, expected="one request with each key", actual=f"{len(asked)} requests")


@checks("fallback.no-failover-on-error")
def test_no_failover_on_error(case: VariedCase, probe: Probe) -> None:
    """Given a provider that fails, when the client gets the answer, then no other back end was called."""
    failed = Reply.error(int(case.variation))
    exchange = probe.send(case, replies=(failed,) * ATTEMPTS)

    assert_served(exchange)
    own = probe.persona_of(case)
    others = [request.persona for request in exchange.upstream if request.persona != own]
    saying = "a call went to another back end because its own one failed"
    expect(not others, saying, expected=f"requests at {own} alone", actual=", ".join(others))


@checks("fallback.no-failover-on-dropped-connection")
def test_no_failover_on_dropped_connection(case: VariedCase, probe: Probe) -> None:
    """Given a provider that drops the connection, when the call ends, then no other back end was called."""
    exchange = probe.send(case, replies=(Reply(end=BEGINS[case.variation]),) * ATTEMPTS)

    assert_served(exchange)
    own = probe.persona_of(case)
    others = [request.persona for request in exchange.upstream if request.persona != own]
    saying = "a call went to another back end because its own one was not there"
    expect(not others, saying, expected=f"requests at {own} alone", actual=", ".join(others))


@checks("fallback.no-repeat-after-dropped-connection", when=is_model_call, requests=CALLS)
def test_no_repeat_after_dropped_connection(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that drops the connection, when the call ends, then it was not made again there."""

    def send() -> Exchange:
        request = probe.request(case)
        if case.variation == "half-read" and request.body:
            request = replace(request, body=request.body + LONG)
        try:
            return probe.exchange(request, persona=probe.persona_of(case), replies=dropping(case.variation))
        except NoAnswerError:  # the proxy may close the connection of a client that is still sending
            return probe.exchanges[-1]

    assert_never_repeated(send)


@checks("fallback.no-retry-on-failure")
def test_no_retry_on_failure(case: VariedCase, probe: Probe) -> None:
    """Given a provider that fails, when the client gets the answer, then it was called once: the SDK retries."""
    failed = Reply.error(int(case.variation))
    exchange = probe.send(case, replies=(failed,) * ATTEMPTS)

    _assert_asked_once(exchange, "the proxy repeats calls that the client's SDK repeats as well")


@checks("fallback.no-retry-on-amp-failure", when=goes_elsewhere)
def test_no_retry_on_amp_failure(case: VariedCase, probe: Probe) -> None:
    """Given Amp's servers that fail, when the call ends, then they were called once, and no provider was."""
    failed = Reply.error(int(case.variation))
    exchange = probe.send(case, replies=(failed,) * ATTEMPTS)

    _assert_asked_once(exchange, "a call that failed at Amp's servers was sent again")
    assert_equal(exchange.upstream[0].persona, AMP, "the call went to another back end")


@checks("fallback.retry-headers-relayed", when=goes_astray, requests=len(HINTS))
def test_retry_headers_of_other_routes_are_relayed(case: VariedCase, probe: Probe) -> None:
    """Given errors with retry headers on another than the usual route, when they are relayed, they are unchanged."""
    assert_every_hint_relayed(case, probe)


@checks("fallback.no-retry-after-first-byte", when=streams)
def test_no_retry_after_the_first_byte(case: VariedCase, probe: Probe) -> None:
    """Given a stream that breaks off after its first event, when it ends, then the client got one beginning."""
    exchange = probe.send(case, replies=(Reply(end=End.RESET, stop_after=1), Reply.normal()))

    assert_served(exchange)
    begun = [event.data for event in came_events(exchange.response) if event.data]
    first = begun.count(begun[0]) if begun else 0
    saying = "the client got a second beginning behind the first"
    expect(first <= 1, saying, expected="one beginning", actual=f"{first} of them")


@checks("fallback.stream-is-one-call", when=streams)
def test_stream_is_one_call(case: VariedCase, probe: Probe) -> None:
    """Given a stream that breaks off after its first event, when it ends, then the call was not made again."""
    exchange = probe.send(case, replies=(Reply(end=End.RESET, stop_after=1), Reply.normal()))

    _assert_asked_once(exchange, "a stream that had begun was requested again")


@checks("fallback.no-retry-after-cut-answer")
def test_no_retry_after_cut_answer(case: VariedCase, probe: Probe) -> None:
    """Given an answer that breaks off, when the transfer ends, then the call, which was billed, was not made again."""
    exchange = probe.send(case, replies=(Reply(end=End.CUT), Reply.normal()))

    _assert_asked_once(exchange, "a call whose answer had begun was made again")


@checks("fallback.next-call-after-rejection", requests=2)
def test_next_call_after_rejection(case: VariedCase, probe: Probe) -> None:
    """Given a call that the upstream rejected, when a good one follows, then the proxy forwards it."""
    probe.send(case, replies=(Reply.error(int(case.variation)),) * ATTEMPTS)
    following = probe.send(case)

    only_upstream_request(following)
    assert_success(following)


@checks("fallback.next-call-after-failure", requests=3)
def test_next_call_after_failure(case: VariedCase, probe: Probe) -> None:
    """Given a call that failed, when others follow, then each is forwarded, or rejected with a `Retry-After`."""
    probe.send(case, replies=(Reply.error(int(case.variation)),) * ATTEMPTS)
    for _ in range(2):
        assert_served_or_put_off(probe.send(case))


@checks("fallback.next-call-after-two-failures", when=can_fail, pace=Pace.WAITS, requests=TWICE * len(LONGER) + MOST)
def test_next_call_after_two_failures(case: VariedCase, probe: Probe) -> None:
    """Given a call that failed twice in a row, when one of each operation follows, then each is served, or put off."""
    must_be_served(case, probe)
    following = list(plain_calls(case, probe))
    fail_twice(case, probe, case.variation)
    for plain in following:
        assert_served_at_once(probe.send(plain))


@checks("fallback.next-call-after-broken-stream", when=streams, requests=4)
def test_next_call_after_broken_stream(case: CallCase, probe: Probe) -> None:
    """Given a stream that broke off, when calls follow, then each is forwarded, or rejected with a `Retry-After`."""
    must_be_served(case, probe)
    probe.send(case, replies=(Reply(end=End.RESET, stop_after=1),) * ATTEMPTS)
    for _ in range(3):
        assert_served_or_put_off(probe.send(case))


def _assert_asked_once(exchange: Exchange, saying: str) -> None:
    assert_served(exchange)
    seen = ", ".join(request.persona for request in exchange.upstream)
    expect(len(exchange.upstream) == 1, saying, expected="one request upstream", actual=seen)
