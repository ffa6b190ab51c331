"""Faults with streams whose upstream falls silent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import RoutedExchange
from ..upstream import UpstreamStalledError
from .registry import defect

HASTY = 0.7
"""Part of the promised time after which a hasty proxy gives up."""


@defect(
    "stalled-streams-completed",
    breaks=("streaming.stalled-not-ended-cleanly",),
    seen_in="vava-nessa/free-coding-models#137",
)
def stalled_streams_completed(right: Behaviour) -> Behaviour:
    """Ends a stream whose upstream fell silent as if it were complete."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
        except UpstreamStalledError:
            yield b"data: [DONE]\n\n"

    return replace(right, response_body=chunks)


@defect("stalled-streams-kept", breaks=("streaming.stalled-not-ended-cleanly",))
def stalled_streams_kept(right: Behaviour) -> Behaviour:
    """Waits for ever for a stream whose upstream fell silent."""
    return replace(right, idle_patience=lambda _: None)


@defect(
    "thinking-taken-for-a-stall",
    breaks=("streaming.survives-silence",),
    seen_in="MAXeaglet/commandcode-proxy#19",
)
def thinking_taken_for_a_stall(right: Behaviour) -> Behaviour:
    """Gives up a silent stream before the time that it promises to wait."""
    return replace(right, idle_patience=lambda config: HASTY * (right.idle_patience(config) or 1.0))
