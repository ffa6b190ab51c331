"""Profile fallback: what a failure of the provider leads to, and what it does not."""

from __future__ import annotations

from ..cases.cases import CallCase, VariedCase
from ..checks.expect import assert_equal, assert_success, expect, only_upstream_request
from ..checks.registry import checks
from ..observer import End, Reply
from ..probe.probe import Probe
from ..wire.messages import AMP, Exchange
from .support.attempts import ATTEMPTS
from .support.conditions import claims_way, goes_elsewhere, is_model_call, streams

BEGINS = {"closed": End.CUT_BEFORE_HEAD, "reset": End.RESET_BEFORE_HEAD}
BUSY = (429, 503)
"""Statuses by which a proxy may say that it spares an upstream for a while."""


@checks("fallback.refusal-is-final", when=is_model_call)
def test_refusal_is_final(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that refuses the request, when the answer comes back, then nobody was asked again."""
    refused = Reply.error(probe.error_shape(case), int(case.variation))
    exchange = probe.send(case, replies=(refused,) * ATTEMPTS)

    _assert_asked_once(exchange, f"a request that the upstream refused with {case.variation} was sent again")


@checks("fallback.failure-stays-with-its-provider")
def test_failure_stays_with_its_provider(case: VariedCase, probe: Probe) -> None:
    """Given a provider that fails, when the answer comes back, then no other back end was asked."""
    failed = Reply.error(probe.error_shape(case), int(case.variation))
    exchange = probe.send(case, replies=(failed,) * ATTEMPTS)

    others = [request.persona for request in exchange.upstream if request.persona != case.provider.id]
    saying = "a call went to another back end because its own one failed"
    expect(not others, saying, expected=f"requests at {case.provider.id} alone", actual=", ".join(others))


@checks("fallback.dead-provider-stays-the-only-one")
def test_dead_provider_stays_the_only_one(case: VariedCase, probe: Probe) -> None:
    """Given a provider that drops the connection, when the answer comes back, then no other back end was asked."""
    exchange = probe.send(case, replies=(Reply(end=BEGINS[case.variation]),) * ATTEMPTS)

    others = [request.persona for request in exchange.upstream if request.persona != case.provider.id]
    saying = "a call went to another back end because its own one was not there"
    expect(not others, saying, expected=f"requests at {case.provider.id} alone", actual=", ".join(others))


@checks("fallback.failure-is-one-call")
def test_failure_is_one_call(case: VariedCase, probe: Probe) -> None:
    """Given a provider that fails, when the answer comes back, then it was asked once: the client's SDK tries again."""
    failed = Reply.error(probe.error_shape(case), int(case.variation))
    exchange = probe.send(case, replies=(failed,) * ATTEMPTS)

    _assert_asked_once(exchange, "the proxy repeats calls that the client's SDK repeats as well")


@checks("fallback.amp-failure-is-one-call", when=goes_elsewhere, applies=claims_way)
def test_failure_of_amp_is_one_call(case: VariedCase, probe: Probe) -> None:
    """Given Amp's servers that fail, when the answer comes back, then they were asked once, and no provider was."""
    failed = Reply.error(probe.error_shape(case), int(case.variation))
    exchange = probe.send(case, replies=(failed,) * ATTEMPTS)

    _assert_asked_once(exchange, "a call that failed at Amp's servers was sent again")
    assert_equal(exchange.upstream[0].persona, AMP, "the call went elsewhere")


@checks("fallback.no-retry-after-first-byte", when=streams, applies=claims_way)
def test_no_retry_after_the_first_byte(case: VariedCase, probe: Probe) -> None:
    """Given a stream that breaks off after its first event, when it ends, then the call was not made again."""
    exchange = probe.send(case, replies=(Reply(end=End.RESET, stop_after=1), Reply.normal()))

    _assert_asked_once(exchange, "a stream that had begun was asked for again")


@checks("fallback.cut-answer-is-one-call", applies=claims_way)
def test_cut_answer_is_one_call(case: VariedCase, probe: Probe) -> None:
    """Given an answer that breaks off, when the transfer ends, then the call, which was billed, was not made again."""
    exchange = probe.send(case, replies=(Reply(end=End.CUT), Reply.normal()))

    _assert_asked_once(exchange, "a call whose answer had begun was made again")


@checks("fallback.refusal-does-not-bench", requests=2)
def test_refusal_does_not_bench(case: VariedCase, probe: Probe) -> None:
    """Given a call that the upstream refused, when a good one follows, then it is made."""
    probe.send(case, replies=(Reply.error(probe.error_shape(case), int(case.variation)),) * ATTEMPTS)
    following = probe.send(case)

    only_upstream_request(following)
    assert_success(following)


@checks("fallback.failure-does-not-bench", requests=3)
def test_failure_does_not_bench(case: VariedCase, probe: Probe) -> None:
    """Given a call that failed, when others follow, then they are made, or put off for a time that the answer tells."""
    probe.send(case, replies=(Reply.error(probe.error_shape(case), int(case.variation)),) * ATTEMPTS)
    for _ in range(2):
        _assert_served_or_put_off(probe.send(case))


@checks("fallback.broken-stream-does-not-bench", when=streams, requests=4)
def test_broken_stream_does_not_bench(case: CallCase, probe: Probe) -> None:
    """Given a stream that broke off, when calls follow, then they are made, or put off for a time that is told."""
    probe.send(case, replies=(Reply(end=End.RESET, stop_after=1),) * ATTEMPTS)
    for _ in range(3):
        _assert_served_or_put_off(probe.send(case))


def _assert_asked_once(exchange: Exchange, saying: str) -> None:
    seen = ", ".join(request.persona for request in exchange.upstream)
    expect(len(exchange.upstream) == 1, saying, expected="one request upstream", actual=seen or "no request")


def _assert_served_or_put_off(exchange: Exchange) -> None:
    response = exchange.response
    if response.status in BUSY and response.headers.get("retry-after"):
        return
    saying = "a call failed because an earlier one had"
    served = 200 <= response.status < 300 and response.broken is None
    expect(served, saying, expected="status 200, or a Retry-After", actual=f"status {response.status}")
