"""Streams that are held until all users have one, so that so many calls run at a time however fast the machine is."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from ..wire.client import Watch
from ..wire.lockstep import AHEAD, ALL, Counting, Release
from ..wire.messages import Headers

FEW = 3
"""Streams that have begun, from which on they are not told to wait for each other."""
QUIET = 2.5
"""Seconds in which no further stream begins, after which those that have begun are let go."""
LONG_QUIET = 2 * QUIET
"""The same where fewer than FEW have begun: a proxy on a busy machine has the time to begin."""
LONGEST = 15.0
"""Seconds for which a stream is held at most; the observer lets it go after some more."""


@dataclass(frozen=True, slots=True)
class Wave:
    """What came of one round of held streams."""

    waiting: int
    """Streams that had been asked for."""
    begun: int
    """Streams that had begun when they were let go."""
    is_full: bool
    """Whether every user that streams had one."""


class Gate:
    """Holds streams (`wire.lockstep.Holding`) until each user that streams has one. Thread-safe.

    `longest` is for how many seconds a stream is held at most.
    """

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._changed = threading.Condition()
        self._users = 0
        self._asked: set[str] = set()
        self._begun: set[str] = set()
        self._turn = 0
        self._is_over = False
        self._first_at = self._last_at = 0.0
        self._waves: list[Wave] = []

    def end(self) -> None:
        """Hold no stream any more."""
        with self._changed:
            self._is_over = True
            self._open_if_due()

    def join(self) -> None:
        """One more user streams."""
        with self._changed:
            self._users += 1

    def leave(self) -> None:
        """A user streams no more."""
        with self._changed:
            self._users -= 1
            self._open_if_due()

    def joined(self, nonce: str, counting: Counting, release: Release) -> Watch:
        """A stream whose answer is held; gives what its client shows all that comes."""
        with self._changed:
            self._asked.add(nonce)
        release((nonce,), AHEAD)
        body = bytearray()
        is_held = True

        def watch(headers: Headers, data: bytes) -> None:
            nonlocal is_held
            body.extend(data)
            if is_held and ("content-encoding" in headers or counting(bytes(body))):
                is_held = False
                self._wait(nonce)
                release((nonce,), ALL)

        return watch

    def left(self, nonce: str) -> None:
        """The stream of this request is at its end."""
        with self._changed:
            self._asked.discard(nonce)

    def taken(self) -> list[Wave]:
        """The waves that have ended since the last time, oldest first."""
        with self._changed:
            found, self._waves = self._waves, []
            return found

    def _wait(self, nonce: str) -> None:
        with self._changed:
            turn, self._last_at = self._turn, time.monotonic()
            if not self._begun:
                self._first_at = self._last_at
            self._begun.add(nonce)
            self._open_if_due()
            while self._turn == turn:
                self._changed.wait(max(0.0, self._due() - time.monotonic()))
                if self._turn == turn:
                    self._open_if_due()

    def _due(self) -> float:
        quiet = QUIET if len(self._begun) >= FEW else LONG_QUIET
        return 0.0 if self._is_over else min(self._last_at + quiet, self._first_at + self._longest)

    def _open_if_due(self) -> None:
        if self._begun and (len(self._begun) >= self._users or time.monotonic() >= self._due()):
            if not self._is_over:
                self._waves.append(Wave(len(self._asked), len(self._begun), len(self._begun) >= self._users))
            self._begun.clear()
            self._turn += 1
            self._changed.notify_all()
