"""Calls that fail twice in a row, in each of the ways that the axis `failed_call` names, and the calls behind them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from ...cases.cases import WARM_UP, CallCase, Case, VariedCase
from ...checks.expect import assert_served, expect, shown_status
from ...errors import NoAnswerError, NotTestableError
from ...observer import End, Reply, StreamFault
from ...probe.probe import Probe
from ...reference.types import calls
from ...target.target import Target
from ...wire.messages import Exchange
from .attempts import ATTEMPTS
from .concurrent import at_once

TWICE = 2
PROMPT = 2.5
"""Seconds within which a call must be answered that has nothing to wait for."""
SILENCE = 5.0
"""Seconds for which an upstream says nothing before it hangs up."""
LEAVING = 0.3
"""Seconds after which a client leaves that has no part of its answer yet."""
LEFT = "left"
"""The word of the axis for calls that the client gives up."""
IN_BAND = "in-band-error"
BUSY = (429, 503)
"""Statuses by which a proxy may say that it spares an upstream for a while."""
FAILURES = MappingProxyType(
    {
        "429": (Reply.error(429),) * ATTEMPTS,
        "500": (Reply.error(500),) * ATTEMPTS,
        IN_BAND: (Reply(stream=StreamFault.IN_BAND_ERROR),) * ATTEMPTS,
        "cut": (Reply(end=End.CUT),) * ATTEMPTS,
        "silence": (Reply(delay=SILENCE, end=End.CUT_BEFORE_HEAD),),
    }
)
"""What the upstream answers, by the words of the axis."""


def can_fail(case: VariedCase, _target: Target) -> bool:
    """Calls that can fail in the way that the case's word names. Calls without a model have one way to go."""
    operation = case.call.operation
    if case.call.id == WARM_UP or (case.way != "local" and not operation.request):
        return False
    return case.variation != IN_BAND or (case.stream and operation.in_band_error is not None)


def must_be_served(case: CallCase, probe: Probe) -> None:
    """Raises NotTestableError where no plain call of a case is served, so that an earlier failure explains nothing."""
    if not probe.is_served(case):
        raise NotTestableError("the target does not serve this call, whether or not one failed before it")


def fail_twice(case: Case, probe: Probe, word: str) -> None:
    """Makes the call of a case twice, and lets it fail in the way that `word` names."""
    if word == LEFT:
        given_up = Reply(delay=SILENCE, end=End.CUT_BEFORE_HEAD)
        at_once(lambda one: probe.leave(one, after=LEAVING, within=LEAVING, replies=(given_up,)), (case,) * TWICE)
        return

    def fail(one: Case) -> None:
        with contextlib.suppress(NoAnswerError):
            probe.send(one, replies=FAILURES[word])

    before = len(probe.exchanges)
    if word == "silence":
        at_once(fail, (case,) * TWICE)
    else:
        for _ in range(TWICE):
            fail(case)
    assert_served(probe.exchanges[before])


def plain_calls(case: CallCase, probe: Probe) -> Iterator[CallCase]:
    """The call of a case, and a plain one of each operation of its provider that the target serves."""
    yield case
    for call in calls(case.provider, reference=probe.reference):
        sample = probe.target.sample_model(case.provider)
        plain = replace(case, call=call, root=call.provider.roots[0], model=sample, stream=False)
        if call.id not in (WARM_UP, case.call.id) and probe.is_served(plain):
            yield plain


def assert_served_or_put_off(exchange: Exchange) -> None:
    """A call was served whole, or the proxy says when it will be."""
    response = exchange.response
    if response.status in BUSY and response.headers.get("retry-after"):
        return
    saying = "a call failed because an earlier one had"
    served = 200 <= response.status < 300 and response.broken is None
    expect(served, saying, expected="status 200, or a Retry-After", actual=shown_status(response))


def assert_served_at_once(exchange: Exchange) -> None:
    """That, and the call did not wait for those that had failed before it."""
    assert_served_or_put_off(exchange)
    saying = "a call waited because an earlier one had failed"
    expect(exchange.response.seconds < PROMPT, saying, expected="an answer at once", actual="a late one")
