"""Proxies that do everything right, and ask their upstreams in a way of their own."""

from __future__ import annotations

from dataclasses import replace

from ...wire.messages import Headers
from ...wire.websocket import is_offer
from ..behaviour import Behaviour, Forwardable
from ..exchange import Incoming, Local, ManagementPath, ProviderCall, Refusal, RoutedExchange
from .registry import variant

FEATURE = "ampmap-own-credential-2025-04-20"
ASKING = "anthropic-beta"


@variant("own-feature-asked-for", features=(FEATURE,))
def own_feature_asked_for(right: Behaviour) -> Behaviour:
    """Asks for the feature that its own credential needs, beside those of the client, and says so."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        place = exchange.place
        if not isinstance(place, ProviderCall) or not isinstance(exchange.back_end, Local):
            return sent
        return sent.adding((ASKING, FEATURE)) if place.provider.id == "anthropic" else sent

    return replace(right, upstream_headers=headers)


@variant("websockets-left-out")
def websockets_left_out(right: Behaviour) -> Behaviour:
    """Passes an offer to open a WebSocket on as an ordinary call."""
    return replace(right, switches=lambda _: False)


@variant("websockets-refused")
def websockets_refused(right: Behaviour) -> Behaviour:
    """Rejects an offer to open a WebSocket, and passes nothing of it on."""

    def problem(place: Forwardable, incoming: Incoming) -> Refusal | None:
        if isinstance(place, ManagementPath) and is_offer(incoming.method, incoming.headers):
            return Refusal(400, "WebSockets are not served here.", place.route)
        return right.body_problem(place, incoming)

    return replace(right, body_problem=problem)
