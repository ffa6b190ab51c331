"""Whether what the client said is there upstream, in whatever dialect the upstream was called."""

from __future__ import annotations

from ...checks.expect import expect
from ...wire.messages import Exchange, UpstreamRequest


def assert_message_arrived(exchange: Exchange, upstream: UpstreamRequest, saying: str) -> None:
    """Asserts that the upstream's body holds the text of the call that the kit wrote last into it: its nonce."""
    there = exchange.nonce.encode() in upstream.body
    expect(there, saying, expected="the call's message", actual=f"{len(upstream.body)} bytes without its end")
