"""Which rules a call under load shows to be kept or broken. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from ..checks.expect import assert_not_let_through, assert_status, expect, only_upstream_request
from ..errors import Failure, Violation
from ..probe.probe import Probe
from ..suite.support.client_keys import assert_key_stripped
from ..suite.support.looking import amp_keys
from ..suite.support.told import assert_answer_told, assert_told
from ..wire.credentials import REFUSED
from ..wire.messages import Exchange, UpstreamRequest
from ..wire.sse import decode_body
from .calls import REJECTED, Kind, Planned

MARK = re.compile(rb"mark-[0-9a-f]{16}")
OWN = re.compile(rb"own-[0-9a-f]{16}")
TRACE = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}")
LIMITED = (429, 503)
"""Statuses by which a proxy says that it serves no more calls at a time: that is its right."""
TIMED_OUT = 504
GATEWAY_ERRORS = (502, TIMED_OUT)
"""Statuses by which a proxy says that it did not reach its upstream, which here is the kit."""
LATE = 2.0
"""Seconds for the upstream's answer, from which on a proxy may have given the upstream up."""
OWN_FAULTS = frozenset({Failure.TIMEOUT, Failure.UNREACHABLE, Failure.NO_ADDRESS, Failure.TLS})
"""Ends of a call that say nothing of the proxy: it was slow, or the kit had no descriptor or port left."""

SERVED = "load.calls-served"
CONCURRENT = "tenancy.concurrent-streams"
RELEASED = "load.connections-released"
BOUNDED = "load.memory-bounded"
RULES = (
    SERVED,
    "routing.reaches-upstream",
    "routing.answer-relayed",
    "routing.stream-relayed",
    "routing.body-kept",
    "errors.upstream-status-relayed",
    "auth.wrong-refused",
    "headers.client-credential-replaced",
    "tenancy.answers-stay-with-their-calls",
    "tenancy.no-cross-talk",
    "tenancy.headers-stay-with-their-call",
    "tenancy.own-amp-key",
    CONCURRENT,
    RELEASED,
    BOUNDED,
)
"""The rules that a soak decides, in the order of its report."""


@dataclass(frozen=True)
class Made:
    """A call that was made."""

    call: Planned
    exchange: Exchange
    client: int
    """Which of the clients made it, from 0."""
    failure: Failure | None = None
    """Why there is no answer at all."""
    is_kit_quick: bool = True
    """Whether the kit's own processes answered at once meanwhile."""


@dataclass(frozen=True)
class Known:
    """What was learned while one call at a time was made."""

    keys: tuple[str, ...]
    """The clients' keys, by client."""
    amp_keys: tuple[str, ...] = ()
    """The Amp key of each client; empty where they are not known, or not different."""


@dataclass(frozen=True)
class Judged:
    """What a call shows of one rule."""

    rule: str
    violation: Violation | None


@dataclass(frozen=True)
class Unjudged:
    """A call that shows nothing of the proxy, and why."""

    why: str


def judged(made: Made, known: Known, probe: Probe) -> tuple[Judged, ...] | Unjudged:
    """What a call shows of each rule that it is about, or why it shows nothing."""
    if (why := _beyond_judging(made)) is not None:
        return Unjudged(why)
    return tuple(_looked_at(made, known, probe))


def _looked_at(made: Made, known: Known, probe: Probe) -> Iterator[Judged]:
    call, exchange = made.call, made.exchange
    body_rule = "tenancy.no-cross-talk" if call.case.stream else "tenancy.answers-stay-with-their-calls"
    yield _asked(body_rule, lambda: _assert_own_answer(made))
    for upstream in exchange.upstream:
        yield _asked("tenancy.headers-stay-with-their-call", partial(_assert_own_headers, call, upstream))
        yield _asked("headers.client-credential-replaced", partial(_assert_no_key, upstream, known, probe))
    if known.amp_keys and amp_keys(exchange):
        yield _asked("tenancy.own-amp-key", lambda: _assert_own_amp_key(made, known))
    if call.kind is Kind.INVALID_KEY:
        yield _asked("auth.wrong-refused", lambda: _assert_refused(exchange))
        return
    yield _asked(SERVED, lambda: _assert_served(made))
    if exchange.upstream:
        yield from _of_upstream(made, probe)
    elif 200 <= exchange.response.status < 300:
        yield _asked("routing.reaches-upstream", lambda: only_upstream_request(exchange))


def _of_upstream(made: Made, probe: Probe) -> Iterator[Judged]:
    """What a call shows that reached an upstream."""
    call, exchange = made.call, made.exchange
    case, upstream, status = call.case, exchange.upstream[0], exchange.response.status
    if call.kind is Kind.REJECTION:
        if case.way == "local":
            saying = "the upstream's status was changed"
            yield _asked(
                "errors.upstream-status-relayed",
                lambda: assert_status(exchange.response, REJECTED, saying=saying),
            )
        return
    reached = _asked("routing.reaches-upstream", lambda: only_upstream_request(exchange))
    yield reached
    if reached.violation is not None:
        return
    if case.way != "mapped" and probe.target.body_of(case.provider, case.call.dialect, case.model) == "verbatim":
        yield _asked("routing.body-kept", lambda: _assert_body(upstream.body, exchange.request.body))
    if not 200 <= status < 300 or len(exchange.answers) != 1:
        return
    if case.stream:
        yield _asked("routing.stream-relayed", lambda: assert_told(case, probe, exchange))
    elif case.way == "local":
        yield _asked("routing.answer-relayed", lambda: assert_answer_told(case, probe, exchange))


def _asked(rule: str, oracle: Callable[[], object]) -> Judged:
    try:
        oracle()
    except Violation as violation:
        return Judged(rule, violation)
    return Judged(rule, None)


def _beyond_judging(made: Made) -> str | None:
    """Why a call says nothing of the proxy, if so."""
    response, upstream = made.exchange.response, made.exchange.upstream
    if made.failure in OWN_FAULTS or (response.broken is not None and "in time" in response.broken):
        return "calls got no answer in time"
    failed = made.failure is not None or response.status in GATEWAY_ERRORS
    if failed and not made.is_kit_quick and not upstream:
        return "calls failed while the kit itself was slow"
    if response.status == TIMED_OUT and upstream and _was_late(made):
        return "the kit's upstream answered late"
    own_mark = made.call.mark.encode() in response.body
    if own_mark and not upstream:
        return "the observer no longer had the request"
    return None


def _was_late(made: Made) -> bool:
    """Whether the upstream's answer, as the observer sent it, took so long that a proxy may have given it up."""
    ended = [at for answer in made.exchange.answers for at in answer.sent_at]
    asked = min(request.at for request in made.exchange.upstream)
    return not ended or max(ended) - asked > LATE


def _assert_served(made: Made) -> None:
    response = made.exchange.response
    if response.status in LIMITED:
        return
    expected = "the upstream's answer, or status 429 or 503"
    if made.failure is not None:
        saying = "a call got no answer under load"
        raise Violation(saying, expected=expected, actual=made.failure.value, at=made.failure.name)
    failed = response.status >= 500 or (response.status >= 400 and made.call.kind is not Kind.REJECTION)
    if failed:
        saying = "a call failed under load that the proxy serves otherwise"
        raise Violation(saying, expected=expected, actual=f"status {response.status}", at=str(response.status))


def _assert_own_answer(made: Made) -> None:
    response = made.exchange.response
    head = "\n".join(value for _, value in response.headers).encode("latin-1", "replace")
    body = decode_body(response.headers, response.body) if response.broken is None else response.body
    places = (("header", head), ("body", body))
    for place, data in places:
        foreign = {*MARK.findall(data)} - {made.call.mark.encode()}
        saying = "a client got what belongs to another call"
        if foreign:
            raise Violation(saying, expected="its own answer", actual=f"another's, in its {place}", at=place)


def _assert_own_headers(call: Planned, upstream: UpstreamRequest) -> None:
    own = {call.own.encode(), call.trace.encode()}
    foreign = {*OWN.findall(upstream.raw), *TRACE.findall(upstream.raw)} - own
    names = [name for name, value in upstream.headers if any(one.decode() in value for one in foreign)]
    saying = "a call carries a header of another call"
    expect(not foreign, saying, expected="its own, or none", actual=f"another's, in {', '.join(names) or 'its body'}")


def _assert_no_key(upstream: UpstreamRequest, known: Known, probe: Probe) -> None:
    for key in known.keys:
        assert_key_stripped(key, upstream, probe, saying="a client's key reached the upstream")


def _assert_own_amp_key(made: Made, known: Known) -> None:
    own = known.amp_keys[made.client]
    foreign = {*known.amp_keys} - {own}
    saying, wanted = "a client's call has another client's Amp key", "the client's own"
    expect(not amp_keys(made.exchange) & foreign, saying, expected=wanted, actual="another client's")


def _assert_refused(exchange: Exchange) -> None:
    saying = "a call with an invalid key was let through"
    assert_not_let_through(exchange, saying)
    if exchange.response.status not in LIMITED and exchange.response.status:
        assert_status(exchange.response, *REFUSED, saying="the rejection has another status")


def _assert_body(came: bytes, sent: bytes) -> None:
    saying, actual = "the upstream got another body", "fewer bytes" if len(came) < len(sent) else "other bytes"
    expect(came == sent, saying, expected="the client's bytes", actual=actual)
