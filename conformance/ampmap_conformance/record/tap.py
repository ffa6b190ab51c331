"""What the client sent: every request that reached the reference proxy, with the status of its answer."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from ..wire.messages import Exchange, Headers

MOST_REQUESTS: Final = 20_000
MOST_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of the client. `status` is None where it got no answer."""

    at: float
    """Seconds since the recording began."""
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    status: int | None = None

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


class Tap:
    """Listens to a reference proxy. Bounded: what is beyond is counted alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._sent: list[Sent] = []
        self._bytes = 0
        self.left_out = 0

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was sent and answered so far, in the order of sending."""
        with self._lock:
            return tuple(sorted(self._sent, key=lambda sent: sent.at))

    def heard(self, exchange: Exchange) -> None:
        """Takes a call when it is over."""
        request = exchange.request
        path, _, query = request.target.partition("?")
        # a connection that was given over to another protocol has no answer but the upstream's
        statuses = (exchange.response.status, *(answer.status for answer in exchange.answers))
        status = next((each for each in statuses if each), None)
        at = exchange.begun - self._began
        with self._lock:
            self._bytes += len(request.body)
            if len(self._sent) >= MOST_REQUESTS or self._bytes > MOST_BYTES:
                self.left_out += 1
                return
            self._sent.append(Sent(at, request.method, path, query, request.headers, request.body, status))
