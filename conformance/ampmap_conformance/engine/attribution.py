"""Whose fault a failure is: the case again, straight to the observer, sent as a proxy without a fault sends it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..cases.cases import CallCase, Case
from ..checks.expect import assert_events_came, assert_success
from ..errors import KitFaultError, NoAnswerError, ObserverGoneError, Violation
from ..observer.api import Observing
from ..observer.script import Reply
from ..probe.context import RunContext
from ..probe.probe import Probe
from ..reference.types import Call, CredentialCarrier
from ..verdicts import Attribution
from ..wire.client import ProxyClient, Watch
from ..wire.credentials import CREDENTIAL_HEADERS, holding
from ..wire.messages import AMP, Exchange, Headers, Request, Response, UpstreamAnswer, media_type
from ..wire.sse import decode_body

EVENTS = "text/event-stream"
FIRST_ERROR = 400
"""Statuses from here on are errors, of which the kit does not tell whether their shape is that of the dialect."""
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
        patience = self._context.patience(replies, len(request.body))
        return self._direct.send(self._direct_form(request), timeout=patience.read, whole=patience.whole, watch=watch)

    def _direct_form(self, request: Request) -> Request:
        observer, case = self._context.observer, self._case
        if observer is None:
            raise LookupError("no observer: the call cannot be made without the proxy")
        target, carrier = request.target, BEARER
        if isinstance(case, CallCase):
            target, carrier = self.upstream_target(case), self.upstream_carriers(case)[0]
        own = holding(carrier, OWN_KEY)
        for pair in own.query:
            target += f"{'&' if '?' in target else '?'}{pair}"
        lines = (("Host", self._direct.host), *request.headers.without(*CREDENTIAL_HEADERS, "host"), *own.lines)
        return replace(request, target=f"{observer.direct_path(self.persona_of(case))}{target}", headers=Headers(lines))


def attribute(case: Case, context: RunContext, exchanges: Sequence[Exchange] = ()) -> Attribution:
    """Whose fault a violation in `case` is: the proxy's, where the upstream serves the call when nothing is between.

    The call is the case's own, without what the check adds to provoke the proxy: no scripted answer, no bad body. Where
    the proxy called its upstream in another dialect, it is what reached the upstream: then the fault is the kit's where
    its observer answers in a dialect that was not called, and unclear where the kit cannot tell. Where the answer was
    scripted, it is the proxy's if that answer was one of the dialect that was called.
    """
    if context.direct is None or context.observer is None:
        return Attribution.UNKNOWN
    asked = next((one for one in reversed(exchanges) if one.upstream), None)
    try:
        if asked is not None and isinstance(case, CallCase):
            elsewhere = _of_other_dialect(case, asked, context, context.direct, context.observer)
            if elsewhere is not None:
                return elsewhere
        exchange = DirectProbe(context, case, context.direct).send(case)
        assert_success(exchange)
        if isinstance(case, CallCase) and case.stream:
            assert_events_came((exchange,))
    except (Violation, NoAnswerError):
        return Attribution.UPSTREAM
    except (KitFaultError, ObserverGoneError, NotImplementedError):
        return Attribution.UNKNOWN
    return Attribution.PROXY


def _of_other_dialect(
    case: CallCase, asked: Exchange, context: RunContext, direct: ProxyClient, observer: Observing
) -> Attribution | None:
    """Whose fault it is where an upstream was called in another dialect than the client's; None where it was not."""
    sent = asked.upstream[-1]
    called = context.calls.match(sent)
    if called is None:
        translated = context.target.body_of(case.provider, case.call.dialect, case.model) == "translated"
        return Attribution.UNCLEAR if translated and sent.persona != AMP else None
    if called.call.dialect == case.call.dialect:
        return None
    if not asked.plain:
        right = bool(asked.answers) and _is_of_called_dialect(called.call, asked.answers[-1], context)
        return Attribution.PROXY if right else Attribution.UNCLEAR
    lines = sent.headers.without("host", "content-length", "transfer-encoding", "connection")
    target = f"{observer.direct_path(sent.persona)}{sent.target}"
    response = direct.send(Request(sent.method, target, lines.setting("Host", direct.host), sent.body))
    observer.forget(asked.nonce)
    if not 200 <= response.status < 300 or response.broken is not None:
        return Attribution.UNCLEAR
    if media_type(response.headers.get("content-type")) == EVENTS:
        return Attribution.PROXY
    body = decode_body(response.headers, response.body)
    return Attribution.PROXY if context.schemas.response(called.call, body) is None else Attribution.KIT


def _is_of_called_dialect(call: Call, answer: UpstreamAnswer, context: RunContext) -> bool:
    """Whether the observer's scripted answer is one that the upstream which was called may give; not of errors."""
    if answer.status >= FIRST_ERROR:
        return False
    is_stream = media_type(answer.headers.get("content-type")) == EVENTS
    return is_stream or context.schemas.response(call, decode_body(answer.headers, answer.body)) is None
