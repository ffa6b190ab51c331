"""Proxies that do everything right, and ask their upstreams in a way of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Local, Outgoing, ProviderCall, RoutedExchange, UpstreamFailure
from ..upstream import StreamedAnswer, UpstreamFailedError, UpstreamSender, Wrapped
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
    """Answers a call with an error where Amp's servers would open a WebSocket."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            async with client.send(request) as answer:
                if answer.put is not None:
                    raise UpstreamFailedError(UpstreamFailure.UNREADABLE)
                yield answer

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))
