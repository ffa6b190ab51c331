"""Streams that continue only when their clients have what was sent: shows by order whether events wait for later ones.

The only time that matters is the timeout for a stream that does not continue.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from ..errors import Violation
from .client import Watch
from .messages import Headers
from .sse import events

PATIENCE = 2.0
"""Seconds without anything new at any client, after which the streams are let go."""
TURN = 0.1
"""Patience is counted in turns of so many seconds, which take longer where this process does not get to run."""
AHEAD = 2
"""Pieces that are sent at once: who looks at one more event before it begins to answer is in the right."""
BEGINNING = 8
"""Streams that begin at the same time at most: a busy machine serves few at once, and many that have begun."""
ALL = 1 << 20
"""More pieces than any stream has."""

Release = Callable[[Iterable[str], int], None]
"""Is given nonces of requests, and how many pieces of their answers may be sent."""


Counting = Callable[[bytes], int]
"""Tells from all that a client has of its stream how many pieces of it are whole."""


class Holding(Protocol):
    """What holds streams side by side, and lets them continue."""

    def joined(self, nonce: str, counting: Counting, release: Release) -> Watch:
        """A stream whose answer is held in pieces that `counting` counts; gives what is shown all that comes."""
        ...

    def left(self, nonce: str) -> None:
        """The stream of this request is at its end."""
        ...


def whole_pieces(pieces: Sequence[bytes]) -> Counting:
    """Counts pieces by the events that are there when each of them is whole."""
    needed = tuple(len(events(b"".join(pieces[:count]))) for count in range(1, len(pieces) + 1))

    def count(body: bytes) -> int:
        came = len(events(body))
        return sum(came >= few for few in needed)

    return count


def words_seen(words: Iterable[str]) -> Counting:
    """Counts pieces by the words that each of them ends with, whatever the events are that hold them."""
    wanted = [word.strip().encode() for word in words]
    return lambda body: sum(word in body for word in wanted)


@dataclass
class _Client:
    """What one client has of its stream."""

    counting: Counting
    body: bytes = b""
    pieces: int = 0
    unpacker: zlib._Decompress | None = field(default=None, repr=False)

    def took(self, headers: Headers, data: bytes) -> None:
        if (headers.get("content-encoding") or "").strip().lower() == "gzip":
            self.unpacker = self.unpacker or zlib.decompressobj(wbits=31)
            try:
                data = self.unpacker.decompress(data)
            except zlib.error:
                raise Violation(
                    "a stream is labelled gzip, but is not valid gzip", expected="gzip", actual="other"
                ) from None
        self.body += data
        self.pieces = self.counting(self.body)


class Steps:
    """Some streams side by side, each of which gets its next piece when all clients have what was sent to them.

    A context manager. `parties` is how many streams there will be; none goes further than AHEAD pieces before all are
    there. When nothing comes for PATIENCE seconds all of them are let go, and `stalled` is true.
    """

    def __init__(self, parties: int = 1, *, patience: float = PATIENCE) -> None:
        self._parties = parties
        self._patience = patience
        self._changed = threading.Condition()
        self._clients: dict[str, _Client] = {}
        self._release: Release = lambda _nonces, _pieces: None
        self._sent = AHEAD
        self._news = 0
        self._over = False
        self.stalled = False
        """Whether a stream stood still although more of it had been sent."""
        self.begun = 0
        """How many clients had the beginning of their stream before any stream continued."""
        self._watching = threading.Thread(target=self._watch, name="steps", daemon=True)

    def __enter__(self) -> Self:
        self._watching.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._watching.join()

    def joined(self, nonce: str, counting: Counting, release: Release) -> Watch:
        """A stream whose answer is held in pieces that `counting` counts; gives what its client shows all that comes.

        Waits while too many others have been joined that have not begun.
        """
        client = _Client(counting)
        with self._changed:
            self._changed.wait_for(lambda: self._beginning() < BEGINNING, self._patience)
            self._clients[nonce], self._release = client, release
            release((nonce,), self._sent)
            self._go_on()

        def watch(headers: Headers, data: bytes) -> None:
            with self._changed:
                client.took(headers, data)
                self._news += 1
                self._go_on()
                self._changed.notify_all()

        return watch

    def wait_until_begun(self, seconds: float) -> bool:
        """Whether every stream that is there has begun, waiting so many seconds for it."""

        def begun() -> bool:
            return bool(self._clients) and all(client.pieces for client in self._clients.values())

        with self._changed:
            return self._changed.wait_for(begun, seconds)

    def go_on(self) -> None:
        """Do without one of the parties: the streams waited for something else."""
        with self._changed:
            self._parties -= 1
            self._go_on()

    def left(self, nonce: str) -> None:
        """The stream of this request is at its end."""
        with self._changed:
            self._clients[nonce].pieces = ALL
            self._news += 1
            self._go_on()
            self._changed.notify_all()

    def _beginning(self) -> int:
        return sum(not client.pieces for client in self._clients.values())

    def _go_on(self) -> None:
        if self._sent == AHEAD:
            self.begun = sum(client.pieces > 0 for client in self._clients.values())
        if len(self._clients) == self._parties:
            self._let(min(client.pieces for client in self._clients.values()) + 1)

    def _let(self, pieces: int) -> None:
        if pieces > self._sent:
            self._sent = pieces
            self._release(tuple(self._clients), pieces)

    def _watch(self) -> None:
        with self._changed:
            seen, quiet = self._news, 0.0
            while not self._over and quiet < self._patience:
                self._changed.wait(TURN)
                seen, quiet = self._news, quiet + TURN if self._news == seen else 0.0
            if not self._over:
                self.stalled = True
                self._let(ALL)
