"""Whether a call without a valid key was rejected: by what an upstream saw, and by what a good key gets."""

from __future__ import annotations

from ...cases.cases import Case
from ...checks.expect import assert_not_let_through, assert_status
from ...errors import NotTestableError
from ...probe.probe import Probe
from ...wire.messages import Exchange


def assert_rejected(case: Case, probe: Probe, exchange: Exchange, *allowed: int, saying: str) -> None:
    """The call of a case was rejected with an allowed status. `saying` is said where it was let through.

    Raises NotTestableError where a good key gets the same error: then the route is not there.
    """
    assert_not_let_through(exchange, saying)
    status = exchange.response.status
    if status not in allowed:
        served = probe.compare(case)
        if served.response.status == status and not served.upstream:
            raise NotTestableError(f"the proxy does not serve this call: a valid key gets status {status} as well")
    assert_status(exchange.response, *allowed, saying="the rejection has another status")
