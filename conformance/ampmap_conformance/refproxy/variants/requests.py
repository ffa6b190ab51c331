"""Proxies that do everything right, and ask their upstreams in a way of their own."""

from __future__ import annotations

from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Local, ProviderCall, RoutedExchange
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
