"""Whether a call without a valid key was rejected: by what an upstream saw, and by what a good key gets."""

from __future__ import annotations

from collections.abc import Iterable

from ...cases.cases import Case, ManagementCase
from ...checks.client_half import ClientHalf
from ...checks.expect import assert_not_let_through, assert_status, expect
from ...checks.findings import expect_none, gathering
from ...errors import NotTestableError
from ...probe.probe import Probe
from ...reference.types import CredentialCarrier
from ...wire.credentials import NO_CREDENTIAL, PLACEHOLDER, REFUSED, carried, holding
from ...wire.messages import Exchange

SHUT_BY_METHOD = ClientHalf("that the call does not succeed without a key")
FIRST_ERROR = 300
READS = ("GET", "HEAD")
BODIES = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose calls have a body."""


def assert_rejected(case: Case, probe: Probe, exchange: Exchange, *allowed: int, saying: str) -> None:
    """The call of a case was rejected with an allowed status. `saying` is said where it was let through.

    Raises NotTestableError where a good key gets the same error: then the route is not there.
    """
    assert_not_let_through(exchange, saying)
    status = exchange.response.status
    if status not in allowed:
        must_change_nothing(case, probe)
        served = probe.compare(case)
        if served.response.status == status and not served.upstream:
            raise NotTestableError(f"the proxy does not serve this call: a valid key gets status {status} as well")
    assert_status(exchange.response, *allowed, saying="the rejection has another status")


def assert_method_needs_key(case: Case, probe: Probe, method: str, carrier: CredentialCarrier) -> None:
    """With this method the proxy calls no upstream by its own key: not for a wrong key in the carrier, nor for none."""
    probe.require_client_key()
    must_change_nothing(case, probe, method, keyed=False)
    canary = probe.canary()
    body, statuses = None if method in BODIES else b"", list[int]()
    with gathering() as part:
        for credential in (holding(carrier, canary), NO_CREDENTIAL):
            exchange = probe.send(case, method=method, body=body, credential=credential)
            statuses.append(exchange.response.status)
            with part():
                expect_none(_lent(exchange, (canary, PLACEHOLDER)), f"{method} opened the proxy", expected="no own key")
            with part():
                opened = not probe.is_observed and method == case.method and statuses[-1] < FIRST_ERROR
                saying, seen = f"{method} opened the proxy", f"status {statuses[-1]}"
                expect(not opened, saying, expected="an error", actual=seen)
    unclear = [status for status in statuses if status not in REFUSED]
    if unclear and not probe.is_observed:
        raise NotTestableError(f"{method} gets status {unclear[0]}, and the upstream was not seen")


def must_change_nothing(case: Case, probe: Probe, verb: str | None = None, *, keyed: bool = True) -> None:
    """Raises NotTestableError where a call may change what the user has at Amp's own servers.

    With a key that is every call but a read, and without one what replaces or deletes, for an open proxy passes it on.
    """
    used = verb or case.method
    harmless = READS if keyed else (*READS, "POST", "OPTIONS")
    if isinstance(case, ManagementCase) and used not in harmless and not probe.is_observed:
        raise NotTestableError(f"{used} is not sent where Amp's own servers, which are not seen, may get it")


def _lent(exchange: Exchange, known: Iterable[str]) -> list[str]:
    """The carriers in which requests to upstreams hold another key than the caller's."""
    return [
        f"{request.persona} got a key in {carrier}"
        for request in exchange.upstream
        for carrier, keys in carried(request.headers, request.query).items()
        if any(key and key not in known for key in keys)
    ]
