"""Proxies with limits of their own: for bodies, for silence, and for kept connections."""

from __future__ import annotations

from dataclasses import replace

from ..behaviour import Behaviour
from ..upstream import UpstreamClient, UpstreamSender
from .registry import variant

LARGE_BODIES = 22 << 20


@variant(
    "large-bodies-taken",
    configured=lambda config: replace(config, body_limit=LARGE_BODIES),
    body_limit=LARGE_BODIES,
)
def large_bodies_taken(right: Behaviour) -> Behaviour:
    """Takes bodies of 22 MB, and says so."""
    return right


@variant("dead-kept-connections-replaced")
def dead_kept_connections_replaced(right: Behaviour) -> Behaviour:
    """Makes a call again on a new connection where a kept one died without an answer, as HTTP libraries do."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        if isinstance(client, UpstreamClient):
            client.replaces_kept = True
        return client

    return replace(right, sender=lambda client: right.sender(sender(client)))


@variant("silence-waited-out", stream_idle_timeout=None)
def silence_waited_out(right: Behaviour) -> Behaviour:
    """Waits for a stream that fell silent as long as the client does, and promises no limit."""
    return replace(right, idle_patience=lambda _: None)
