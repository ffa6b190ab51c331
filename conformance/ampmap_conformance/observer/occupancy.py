"""How many connections and calls the observer has at a time: what a proxy holds open, and how busy it is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Occupied:
    """Connections and calls of proxies; those that ask by the control API are not among them."""

    open: int
    """Connections that carried a call and are open."""
    opened: int
    """Connections that ever carried a call."""
    running: int
    """Calls that are being answered."""
    calls: int
    """Calls in all."""
    peak: int
    """The most calls that ran at a time."""
    peaks: int
    """The same of each persona, added up: how many connections a proxy can have needed that keeps them by upstream."""


class Occupancy:
    """Counts connections and calls as they come and go. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[int] = set()
        self._opened = self._running = self._calls = self._peak = 0
        self._running_for: Counter[str] = Counter()
        self._peak_of: dict[str, int] = {}

    @contextmanager
    def call(self, connection: int, persona: str) -> Iterator[None]:
        """A call is answered inside the context, on the connection of that number."""
        with self._lock:
            self._opened += connection not in self._open
            self._open.add(connection)
            self._calls += 1
            self._running += 1
            self._running_for[persona] += 1
            self._peak = max(self._peak, self._running)
            self._peak_of[persona] = max(self._peak_of.get(persona, 0), self._running_for[persona])
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._running_for[persona] -= 1

    def closed(self, connection: int) -> None:
        """A connection has ended, whether or not it carried a call."""
        with self._lock:
            self._open.discard(connection)

    def now(self) -> Occupied:
        """What there is at this moment."""
        with self._lock:
            peaks = sum(self._peak_of.values())
            return Occupied(len(self._open), self._opened, self._running, self._calls, self._peak, peaks)
