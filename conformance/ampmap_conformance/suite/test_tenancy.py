"""Profile tenancy: clients do not see each other, and do not wait for each other."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import replace

from ..cases.cases import ManagementCase, VariedCase
from ..checks.client_half import PLAIN, ClientHalf
from ..checks.expect import assert_equal, assert_served, assert_success, expect, only_upstream_request
from ..checks.registry import Pace, checks
from ..observer import End, Reply
from ..probe.probe import LONGER, Probe, Turns
from ..target.amp_config import ClientKeys
from ..wire.credentials import NO_CREDENTIAL, REFUSED, as_client_sends, holding
from ..wire.messages import AMP, Exchange, Request, nonce_of
from ..wire.sse import decode_body
from .support.afterwards import PROMPT
from .support.attempts import ATTEMPTS, LOOKS
from .support.concurrent import REPEATED, Marked, at_once, in_step, marked_answer, marked_calls, marked_stream
from .support.conditions import goes_elsewhere, streams
from .support.looking import Look, amp_keys
from .support.management_conditions import is_sample_with_key
from .support.outside import assert_marked, must_be_right_plainly, served
from .support.outside_pairs import assert_answers_differ
from .support.own_errors import assert_failed, can_be_provoked, failing_request, must_be_failed_unseen
from .support.pairs import can_differ, renamed, two_that_differ
from .support.refusals import assert_rejected
from .support.told import assert_text_told, assert_told

MANY = 64
SOME = 12
TOGETHER = 3
"""Of SOME streams so many must run at the same time: few, for a proxy may have a limit for each upstream."""
MARK = re.compile(r"mark-[0-9a-f]{16}")
TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-")
LIMITED = (429, 503)
"""Statuses by which a proxy says that it serves no more calls at a time."""
REST = 0.2
"""Seconds for which a connection rests behind an answer, so that a proxy that closes it has closed it."""


@checks("tenancy.own-amp-key", when=goes_elsewhere, requests=2)
def test_each_client_has_its_amp_key(case: VariedCase, probe: Probe) -> None:
    """Given two clients with Amp keys of their own, when their calls go to Amp, then each has its client's."""
    keys = (probe.client_key, probe.second_client_key)
    _assert_own_keys([probe.send(case, credential=as_client_sends(case.provider, key)) for key in keys])


@checks("tenancy.own-amp-key-on-management", when=is_sample_with_key, requests=2)
def test_each_client_has_its_amp_key_on_management(case: ManagementCase, probe: Probe) -> None:
    """Given two clients with Amp keys of their own, when they make management calls, then each has its client's."""
    keys = (probe.client_key, probe.second_client_key)
    _assert_own_keys([probe.send(case, credential=holding("authorization-bearer", key)) for key in keys])


@checks("tenancy.failure-stays-with-its-key", when=goes_elsewhere, requests=2)
def test_failure_stays_with_its_key(case: VariedCase, probe: Probe) -> None:
    """Given a client whose Amp key fails, when its call ends, then the other client's key was not tried."""
    other = amp_keys(probe.send(case, credential=as_client_sends(case.provider, probe.second_client_key)))
    failed = Reply.error(int(case.variation))
    exchange = probe.send(case, replies=(failed,) * ATTEMPTS)

    assert_served(exchange)
    tried = amp_keys(exchange)
    expect(not tried & other, "another client's key was used", expected="the client's own", actual="the other client's")
    assert_equal(exchange.response.status, int(case.variation), "the failure was hidden")


@checks("tenancy.unlisted-client-has-the-common-key", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS * 2)
def test_unlisted_client_has_the_common_key(case: VariedCase, probe: Probe) -> None:
    """Given an Amp key for one client alone, when another one's call goes to Amp, then it has the common key."""
    common, own = probe.canary(), probe.canary()
    entries = (ClientKeys(upstream_api_key=own, api_keys=(probe.second_client_key,)),)

    def in_words(exchange: Exchange) -> str:
        keys = amp_keys(exchange)
        return "another client's key" if own in keys else "another key" if keys else "no key"

    look = Look(probe, case, lambda one: common in amp_keys(one) and own not in amp_keys(one))
    with probe.reloading.changed(look, upstream_api_key=common, upstream_api_keys=entries):
        look.expect("a client has the wrong Amp key", expected="the common key", actual=in_words)


@checks("tenancy.no-cross-talk", when=streams, pace=Pace.ALONE, requests=MANY)
def test_no_cross_talk(case: VariedCase, probe: Probe) -> None:
    """Given many streams at once, when the proxy relays them, then each client gets its own stream alone."""
    marked = marked_calls(case, probe, MANY)
    exchanges, _ = in_step(marked, probe)
    for own, exchange in zip(marked, exchanges, strict=True):
        foreign = set(MARK.findall(exchange.response.body.decode("utf-8", "replace"))) - {own.mark}
        expect(not foreign, "a client got another client's events", expected="its own", actual="another's")
        if exchange.response.status not in LIMITED:
            assert_told(own.case, probe, exchange)


@checks("tenancy.answers-stay-with-their-calls", requests=SOME)
def test_answers_stay_with_their_calls(case: VariedCase, probe: Probe) -> None:
    """Given calls at once, when the proxy relays the answers, then each client gets its own answer alone."""
    marked = marked_calls(case, probe, SOME)
    for own, exchange in zip(marked, at_once(lambda one: marked_answer(one, probe), marked), strict=True):
        assert_success(exchange)
        body = decode_body(exchange.response.headers, exchange.response.body)
        found = set(MARK.findall(body.decode("utf-8", "replace")))
        others = found - {own.mark}
        expect(not others, "a client got another client's answer", expected="its own", actual="another's")
        expect(bool(found), "a client's answer has not its text", expected="its text", actual="another text")


@checks("tenancy.concurrent-streams", when=streams, pace=Pace.ALONE, requests=SOME)
def test_concurrent_streams(case: VariedCase, probe: Probe) -> None:
    """Given streams of which none continues before all have begun, when they are relayed, then several had begun."""
    exchanges, steps = in_step(marked_calls(case, probe, SOME), probe)

    for exchange in exchanges:
        assert_success(exchange)
    saying, actual = "streams wait for each other", f"never more than {steps.begun} at a time"
    expect(steps.begun >= TOGETHER, saying, expected="many at the same time", actual=actual)


@checks("tenancy.headers-stay-with-their-call", requests=SOME)
def test_headers_stay_with_their_call(case: VariedCase, probe: Probe) -> None:
    """Given calls at once with trace ids of their own, when they arrive, then each has its own or none."""
    traces = [secrets.token_hex(16) for _ in range(SOME)]
    exchanges = at_once(lambda trace: probe.send(case, more_headers=(_trace(trace),)), traces)

    for trace, exchange in zip(traces, exchanges, strict=True):
        sent = only_upstream_request(exchange).headers.get("traceparent") or ""
        found = TRACE.match(sent)
        foreign = found is not None and found[1] in traces and found[1] != trace
        expect(not foreign, "a call carries another call's trace id", expected="its own, or none", actual="another's")


@checks("tenancy.nothing-carried-over", requests=2)
def test_nothing_is_carried_over(case: VariedCase, probe: Probe) -> None:
    """Given a call with headers of its own, and cookies in its answer, when another follows, it has none of them."""
    word = f"ampmap{secrets.token_hex(6)}"
    asked = (("anthropic-beta", word), ("Cookie", f"a={word}"), ("x-ampmap-own", word))
    cookie = (("Set-Cookie", f"jar={word}; Path=/"),)
    assert_served(probe.send(case, more_headers=asked, replies=(Reply(more_headers=cookie),)))
    following = only_upstream_request(probe.send(case))

    left = [name for name, value in following.headers if word in value]
    saying, wanted = "a call carries what belongs to an earlier one", "nothing of it"
    expect(not left, saying, expected=wanted, actual=f"it is in {', '.join(left)}")
    expect(word.encode() not in following.raw, saying, expected=wanted, actual="it is in the path or the body")


def _assert_own_answers(case: VariedCase, probe: Probe) -> None:
    request = probe.request(case)
    assert_answers_differ(case, probe, request, request)


@checks(
    "tenancy.no-shared-answer",
    requests=2,
    outside=ClientHalf("that two equal calls get answers with two ids", _assert_own_answers, PLAIN, requests=2),
)
def test_no_shared_answer(case: VariedCase, probe: Probe) -> None:
    """Given the same call twice, when each is made, then the upstream is called twice."""
    request = probe.request(case)
    for _ in range(2):
        exchange = probe.exchange(request, persona=probe.persona_of(case))
        only_upstream_request(exchange)


def _of_two_clients(case: VariedCase, probe: Probe) -> tuple[Request, Request]:
    """The same call with the keys of two clients, with the same nonce."""
    keys = (probe.client_key, probe.second_client_key)
    first, second = (probe.request(case, credential=as_client_sends(case.provider, key)) for key in keys)
    return first, renamed(second, nonce_of(first))


def _assert_answers_of_two_clients(case: VariedCase, probe: Probe) -> None:
    assert_answers_differ(case, probe, *_of_two_clients(case, probe))


@checks(
    "tenancy.no-answer-of-another-client",
    requests=2,
    outside=ClientHalf(
        "that the same call of two clients gets answers with ids of their own",
        _assert_answers_of_two_clients,
        PLAIN,
        requests=2,
    ),
)
def test_no_answer_of_another_client(case: VariedCase, probe: Probe) -> None:
    """Given the same call of two clients, when each is made with its own key, then the upstream is called for each."""
    for request in _of_two_clients(case, probe):
        _assert_called_for(probe.exchange(request, persona=probe.persona_of(case)), "another client's answer was given")


def _assert_form_of_its_own(case: VariedCase, probe: Probe) -> None:
    if case.variation != "stream":
        assert_answers_differ(case, probe, *two_that_differ(case, probe))
        return
    streaming = replace(case, stream=True)
    must_be_right_plainly(streaming, probe)
    _, streamed = (probe.exchange(request, persona=probe.persona_of(case)) for request in two_that_differ(case, probe))
    assert_marked(streaming, probe, served(lambda: streamed))


@checks(
    "tenancy.no-answer-to-another-call",
    when=can_differ,
    requests=2,
    outside=ClientHalf(
        "that a stream is not answered with an earlier whole answer, nor any call with another's id",
        _assert_form_of_its_own,
        PLAIN,
        requests=2,
    ),
)
def test_no_answer_to_another_call(case: VariedCase, probe: Probe) -> None:
    """Given two calls that differ in one thing, when each is made, then the upstream is called for each."""
    for request in two_that_differ(case, probe):
        _assert_called_for(probe.exchange(request, persona=probe.persona_of(case)), "another call's answer was given")


@checks("tenancy.each-call-is-authenticated", requests=3)
def test_each_call_is_authenticated(case: VariedCase, probe: Probe) -> None:
    """Given a connection with an accepted call, when a call without a key follows on it, then the proxy rejects it."""
    probe.require_client_key()
    with probe.on_own_connections() as connection:
        assert_success(connection.send(case))
        refused = connection.send(case, credential=NO_CREDENTIAL)
        saying = "a call without a key was let through behind one with a key"
        assert_rejected(case, connection, refused, *REFUSED, saying=saying)
        assert_success(connection.send(case))


@checks(
    "tenancy.connection-after-error",
    when=can_be_provoked,
    pace=Pace.WAITS,
    requests=4,
    outside=ClientHalf("that the call behind a rejected one is served, on its connection or on a new one"),
)
def test_connection_after_error(case: VariedCase, probe: Probe) -> None:
    """Given a connection with a rejected call, when a good one follows on it, then it gets its own answer."""
    must_be_failed_unseen(case, probe)
    turns, failing = _after_error(case, probe)

    for exchange in turns.exchanges[:failing]:
        assert_failed(case, exchange)
    if turns.sent > failing:
        saying, actual = "the call behind a rejected one got no answer", "the connection was closed"
        expect(len(turns.exchanges) > failing, saying, expected="an answer", actual=actual)
    # a client whose connection was closed makes a new one, as for any other call
    following = turns.exchanges[failing] if len(turns.exchanges) > failing else probe.send(case)
    if not probe.is_observed:
        served(lambda: following)
        return
    only_upstream_request(following)
    assert_success(following)


@checks("tenancy.close-is-announced", when=can_be_provoked, pace=Pace.WAITS, requests=3)
def test_close_is_announced(case: VariedCase, probe: Probe) -> None:
    """Given a connection with a rejected call, when the proxy closes it, then the answer has said so."""
    must_be_failed_unseen(case, probe)
    turns, _ = _after_error(case, probe)

    saying, wanted = "a connection is closed behind an answer that does not say so", "Connection: close, or no close"
    expect(not turns.closed, saying, expected=wanted, actual="a closed connection")


@checks("tenancy.calls-after-abort", when=streams, pace=Pace.WAITS, requests=len(LONGER) + 4)
def test_calls_after_abort(case: VariedCase, probe: Probe) -> None:
    """Given clients that left in the middle of streams, when others call, each gets its own answer from its start."""
    first = Marked(case, f"mark-{secrets.token_hex(8)}")
    probe.leave(case, after=0.3, within=2.0, replies=(Reply(split=40, gap=0.05),))
    for own in (first, *marked_calls(case, probe, 3)):
        exchange = marked_stream(own, probe)
        foreign = set(MARK.findall(exchange.response.body.decode("utf-8", "replace"))) - {own.mark}
        expect(not foreign, "a client got the rest of another's stream", expected="its own", actual="another's")
        assert_text_told(own.case, probe, exchange)
        came = exchange.response.body.count(own.mark.encode())
        expect(came >= REPEATED, "a part of a client's own stream is missing", expected="all of it", actual="less")


@checks("tenancy.stale-connection", pace=Pace.ALONE, requests=8)
def test_stale_connection(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that closed a kept connection, when calls follow, then they are answered at once."""
    for exchange in _after_closed_connections(case, probe):
        status, seconds = exchange.response.status, exchange.response.seconds
        expect(
            seconds < PROMPT,
            "a dead connection stalls the next call",
            expected="an answer at once",
            actual="a late one",
        )
        saying = "a dead connection fails the next call"
        expect(
            status < 300 or status in (502, 503, 504), saying, expected="status 200 or 502", actual=f"status {status}"
        )


@checks("tenancy.stale-connection-is-replaced", pace=Pace.ALONE, requests=8)
def test_stale_connection_is_replaced(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that closed a kept connection, when calls follow, then they succeed."""
    for exchange in _after_closed_connections(case, probe):
        assert_success(exchange)


def _after_closed_connections(case: VariedCase, probe: Probe) -> list[Exchange]:
    """Calls that follow, each, upon an answer after which the upstream closed the connection without saying so."""
    closing = Reply(more_headers=(("Connection", "keep-alive"),), end=End.CUT, stop_after=1)
    following = []
    for _ in range(4):
        probe.send(case, replies=(closing,))
        time.sleep(0.02)
        following.append(probe.send(case))
    return following


def _after_error(case: VariedCase, probe: Probe) -> tuple[Turns, int]:
    """Calls that fail and a good one behind them on the same connection; and how many fail."""
    failing = [failing_request(case, probe) for _ in range(2 if case.variation == "no-upstream" else 1)]
    return probe.send_in_turn(case, [*failing, (probe.request(case), ())], rest=REST), len(failing)


def _assert_own_keys(exchanges: list[Exchange]) -> None:
    """The calls of two clients reached Amp's servers, each with a key, and with different ones."""
    for exchange in exchanges:
        only_upstream_request(exchange, AMP)
    first, second = map(amp_keys, exchanges)
    saying = "two clients' calls carry the same Amp key"
    expect(bool(first) and bool(second), "a call to Amp holds no key", expected="a key in each", actual="none")
    expect(not first & second, saying, expected="a key for each client", actual="one for both")


def _assert_called_for(exchange: Exchange, saying: str) -> None:
    """A call that was answered with success reached the upstream: no answer was kept for it."""
    kept = 200 <= exchange.response.status < 300 and not exchange.upstream
    expect(not kept, saying, expected="a request upstream", actual="an answer without a request")
    only_upstream_request(exchange)


def _trace(trace: str) -> tuple[str, str]:
    return ("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01")
