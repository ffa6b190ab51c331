"""Faults of a proxy that has been crowded in what it holds: connections, places, locks and memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from ..behaviour import Behaviour
from ..exchange import Outgoing, UpstreamFailure
from ..upstream import StreamedAnswer, UpstreamFailedError, UpstreamSender, Wrapped
from .crowd import Crowd, under_load

PLACES = 120
"""Calls that the pool of the proxy has places for."""
KEPT = 4 << 20
"""Bytes that the proxy keeps of some calls."""
EVERY = 0.25
"""Seconds between two calls of which it keeps some: the fault costs the same memory on a fast machine."""


@under_load("pool-runs-dry-under-load", breaks=("load.calls-served",))
def pool_runs_dry(right: Behaviour) -> Behaviour:
    """Does not give back the places in its pool of calls that ended while it was crowded."""
    crowd = Crowd()
    taken = [0]

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            if taken[0] >= PLACES:
                raise UpstreamFailedError(UpstreamFailure.UNREACHABLE)
            taken[0] += 1
            try:
                async with client.send(request) as answer:
                    yield answer
            finally:
                taken[0] -= not crowd.is_there

        return Wrapped(send)

    counted = crowd.counting(right)
    return replace(counted, sender=lambda client: sender(counted.sender(client)))


@under_load("calls-wait-for-a-lock-under-load", breaks=("tenancy.concurrent-streams",))
def calls_wait_for_a_lock(right: Behaviour) -> Behaviour:
    """Serves one call after another from the moment at which it has been crowded: a lock is held for whole calls."""
    crowd = Crowd()
    lock = asyncio.Lock()

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            if not crowd.was_there:
                async with client.send(request) as answer:
                    yield answer
                return
            async with lock, client.send(request) as answer:
                yield answer

        return Wrapped(send)

    counted = crowd.counting(right)
    return replace(counted, sender=lambda client: sender(counted.sender(client)))


@under_load("connections-leak-under-load", breaks=("load.connections-released",))
def connections_leak(right: Behaviour) -> Behaviour:
    """Neither closes nor uses again the connections of calls that it makes once it has been crowded."""
    crowd = Crowd()
    leaked: list[AbstractAsyncContextManager[StreamedAnswer]] = []

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            if not crowd.was_there:
                async with client.send(request) as answer:
                    yield answer
                return
            opened = client.send(request)
            leaked.append(opened)
            yield await opened.__aenter__()

        return Wrapped(send)

    return crowd.counting(replace(right, sender=lambda client: sender(right.sender(client))))


@under_load("memory-grows-under-load", breaks=("load.memory-bounded",))
def memory_grows(right: Behaviour) -> Behaviour:
    """Keeps four megabytes of a call four times a second once it has been crowded."""
    crowd = Crowd()
    kept: list[bytes] = []
    latest = [0.0]

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            now = time.monotonic()
            if crowd.was_there and now - latest[0] >= EVERY:
                latest[0] = now
                kept.append(b"\x01" * KEPT)
            async with client.send(request) as answer:
                yield answer

        return Wrapped(send)

    counted = crowd.counting(right)
    return replace(counted, sender=lambda client: sender(counted.sender(client)))
