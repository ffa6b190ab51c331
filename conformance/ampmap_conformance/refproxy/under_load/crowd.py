"""When a proxy is crowded, and the registry of the faults that show then alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from ..behaviour import Behaviour
from ..defects.registry import Change, Defect, defect
from ..exchange import Outgoing
from ..upstream import StreamedAnswer, UpstreamSender, Wrapped

CROWD = 72
"""Calls at a time from which on a proxy is crowded. The suite makes at most 64."""
REGISTRY: dict[str, Defect] = {}

under_load: Callable[..., Callable[[Change], Change]] = partial(defect, registry=REGISTRY)
"""Registers a fault that only load shows."""


class Crowd:
    """Counts the calls that a proxy makes at a time. Belongs to one event loop."""

    def __init__(self) -> None:
        self._running = 0
        self._most = 0

    @property
    def is_there(self) -> bool:
        """Whether the proxy is crowded at this moment."""
        return self._running >= CROWD

    @property
    def was_there(self) -> bool:
        """Whether it has ever been."""
        return self._most >= CROWD

    def counting(self, right: Behaviour) -> Behaviour:
        """`right`, with its calls counted."""

        def sender(client: UpstreamSender) -> UpstreamSender:
            @asynccontextmanager
            async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
                self._running += 1
                self._most = max(self._most, self._running)
                try:
                    async with client.send(request) as answer:
                        yield answer
                finally:
                    self._running -= 1

            return Wrapped(send)

        return replace(right, sender=lambda client: sender(right.sender(client)))
