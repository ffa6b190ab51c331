"""Faults with calls that the client leaves before its answer is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from ..behaviour import Behaviour
from ..exchange import ManagementPath, Outgoing, ProviderCall, RoutedExchange
from ..upstream import StreamedAnswer, UpstreamSender, Wrapped
from .registry import defect


class Lingering:
    """Work that is done although its caller has left."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begun(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """The work as a task that lives as long as it takes."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _asks_for_stream(request: Outgoing) -> bool:
    return b'"stream":true' in request.body.replace(b" ", b"") or ":stream" in request.target


@defect(
    "abandoned-streams-waited-for",
    breaks=("streaming.client-gone-early",),
    seen_in="tale-project/tale#3396",
)
def abandoned_streams_waited_for(right: Behaviour) -> Behaviour:
    """Waits for the first byte of a stream although its client has given up."""
    lingering = Lingering()

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            sending = client.send(request)
            if not _asks_for_stream(request):
                async with sending as answer:
                    yield answer
                return
            answer = await asyncio.shield(lingering.begun(sending.__aenter__()))
            try:
                yield answer
            finally:
                await sending.__aexit__(None, None, None)

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect("silent-streams-outlive-clients", breaks=("streaming.client-gone-in-silence",))
def silent_streams_outlive_clients(right: Behaviour) -> Behaviour:
    """Notices that a client has left when it has something to write, and not before."""
    lingering = Lingering()

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            sending = client.send(request)
            answer = await sending.__aenter__()
            reading: list[asyncio.Task[bytes | None]] = []

            async def following() -> bytes | None:
                return await anext(answer.chunks, None)

            async def chunks() -> AsyncIterator[bytes]:
                while True:
                    reading[:] = [lingering.begun(following())]
                    chunk = await asyncio.shield(reading[0])
                    if chunk is None:
                        return
                    yield chunk

            async def ended_later() -> None:
                await asyncio.wait(reading)
                await sending.__aexit__(None, None, None)

            try:
                yield replace(answer, chunks=chunks())
            except asyncio.CancelledError:
                if reading:
                    lingering.begun(ended_later())
                raise
            except BaseException:
                await sending.__aexit__(None, None, None)
                raise
            await sending.__aexit__(None, None, None)

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect("abandoned-management-calls-continue", breaks=("management.client-gone",))
def abandoned_management_calls_continue(right: Behaviour) -> Behaviour:
    """Continues a call to Amp's servers for a client that has left."""

    def ends(exchange: Any) -> bool:
        return not isinstance(exchange.place, ManagementPath) and right.ends_with_client(exchange)

    return replace(right, ends_with_client=ends)


@defect("abandoned-counts-continue", breaks=("routing.client-gone",))
def abandoned_counts_continue(right: Behaviour) -> Behaviour:
    """Continues a token count or a list of models for a client that has left."""

    def ends(exchange: RoutedExchange) -> bool:
        place = exchange.place
        short = isinstance(place, ProviderCall) and place.match.call.operation.stream is None
        return not short and right.ends_with_client(exchange)

    return replace(right, ends_with_client=ends)
