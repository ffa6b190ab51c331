"""What the client sent: every request that reaches the reference proxy, with the status of its answer."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final

from ..reference.types import Reference
from ..refproxy.behaviour import CORRECT, Behaviour
from ..refproxy.exchange import Incoming, OwnAnswer, Place, Refusal, RoutedExchange
from ..refproxy.routing import Routes
from ..wire.messages import Headers

MOST_REQUESTS: Final = 20_000
MOST_BYTES: Final = 256 << 20
SWITCHED: Final = 101


@dataclass(eq=False, slots=True)
class Sent:
    """One request of the client. `status` is None until it is answered."""

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


_NOW: ContextVar[Sent | None] = ContextVar("sent", default=None)
"""The request that is answered now: each has a context of its own."""


class Tap:
    """Listens to a reference proxy through its behaviour. Bounded: what is beyond is counted alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._sent: list[Sent] = []
        self._bytes = 0
        self.left_out = 0

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was sent so far, in order."""
        with self._lock:
            return tuple(self._sent)

    def behaviour(self) -> Behaviour:
        """The right behaviour, listened to."""

        def place(routes: Routes, incoming: Incoming) -> Place:
            self._take(incoming)
            return CORRECT.place(routes, incoming)

        def status(exchange: RoutedExchange, given: int) -> int:
            return _answered(CORRECT.response_status(exchange, given))

        def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
            answer = CORRECT.own_answer(reference, refusal)
            _answered(answer.status)
            return answer

        def switched(exchange: RoutedExchange, headers: Headers) -> Headers:
            _answered(SWITCHED)
            return CORRECT.switch_headers(exchange, headers)

        return replace(CORRECT, place=place, response_status=status, own_answer=own, switch_headers=switched)

    def _take(self, incoming: Incoming) -> None:
        now = time.monotonic() - self._began
        sent = Sent(now, incoming.method, incoming.path, incoming.query, incoming.headers, incoming.body)
        with self._lock:
            self._bytes += len(incoming.body)
            if len(self._sent) >= MOST_REQUESTS or self._bytes > MOST_BYTES:
                self.left_out += 1
                return
            self._sent.append(sent)
        _NOW.set(sent)


def _answered(status: int) -> int:
    if (sent := _NOW.get()) is not None:
        sent.status = status
    return status
