"""Whose fault a failure is: the case again, straight to the observer, sent as a proxy without a fault sends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..cases.cases import CallCase, Case
from ..checks.expect import assert_events_came, assert_success
from ..errors import KitFaultError, NoAnswerError, ObserverGoneError, Violation
from ..observer.script import Reply
from ..probe.context import RunContext
from ..probe.probe import Probe
from ..reference.types import CredentialCarrier
from ..verdicts import Attribution
from ..wire.client import ProxyClient, Watch
from ..wire.credentials import CREDENTIAL_HEADERS, holding
from ..wire.messages import Headers, Request, Response

BEARER: CredentialCarrier = "authorization-bearer"
"""How Amp's own servers are called."""
OWN_KEY = "ampmap-direct-key"
"""Stands for the upstream's own key; the observer requires none."""


class DirectProbe(Probe):
    """A probe without a proxy: what it sends goes to the observer, with the upstream's path, host and credential."""

    def __init__(self, context: RunContext, case: Case, direct: ProxyClient) -> None:
        super().__init__(context)
        self._case = case
        self._direct = direct

    def deliver(self, request: Request, watch: Watch | None = None, replies: Iterable[Reply] = ()) -> Response:
        """Sends the request as its upstream must get it; the exchange keeps it as the client made it."""
        timeout = self._context.patience(replies).read
        return self._direct.send(self._direct_form(request), timeout=timeout, watch=watch)

    def _direct_form(self, request: Request) -> Request:
        observer, case = self._context.observer, self._case
        if observer is None:
            raise LookupError("no observer: the call cannot be made without the proxy")
        target, carrier = request.target, BEARER
        if isinstance(case, CallCase):
            target, carrier = case.upstream_target, case.provider.upstream_credential
        own = holding(carrier, OWN_KEY)
        for pair in own.query:
            target += f"{'&' if '?' in target else '?'}{pair}"
        lines = (("Host", self._direct.host), *request.headers.without(*CREDENTIAL_HEADERS, "host"), *own.lines)
        return replace(request, target=f"{observer.direct_path(self.persona_of(case))}{target}", headers=Headers(lines))


def attribute(case: Case, context: RunContext) -> Attribution:
    """Whose fault a violation in `case` is: the proxy's, where the upstream serves the call when nothing is between.

    The call is the case's own, without what the check adds to provoke the proxy: no scripted answer, no bad body.
    """
    if context.direct is None or context.observer is None:
        return Attribution.UNKNOWN
    try:
        exchange = DirectProbe(context, case, context.direct).send(case)
        assert_success(exchange)
        if isinstance(case, CallCase) and case.stream:
            assert_events_came((exchange,))
    except (Violation, NoAnswerError):
        return Attribution.UPSTREAM
    except (KitFaultError, ObserverGoneError, NotImplementedError):
        return Attribution.UNKNOWN
    return Attribution.PROXY
