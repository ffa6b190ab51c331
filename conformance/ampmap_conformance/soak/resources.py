"""Looks at a target's connections, memory and descriptors from time to time."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import psutil

from ..errors import ObserverGoneError, UsageError
from ..observer import Observing
from .growth import Held

EVERY = 1.0
"""Seconds between two looks; in a long soak more, so that a report holds at most MOST of them."""
MOST = 600
SETTLED = 10.0
"""Seconds in which a target closes what its clients have left."""


class Looks:
    """What a target had over time. A context manager: it looks while it is open."""

    def __init__(self, observer: Observing, pid: int | None, seconds: float) -> None:
        """Raises UsageError for a process that there is not."""
        self._observer = observer
        self._every = max(EVERY, seconds / MOST)
        try:
            self._process = psutil.Process(pid) if pid is not None else None
        except psutil.Error as error:
            raise UsageError(f"--pid: there is no process {pid} that can be seen") from error
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="looks", daemon=True)
        self._begun = time.monotonic()
        self.before = self.now()
        self.during: list[Held] = []

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def begin(self) -> None:
        """The users begin: what was seen so far is from before them."""
        self._begun = time.monotonic()
        self.before = self.now()
        self.during = []

    def now(self) -> Held:
        """What it has at this moment. Raises ObserverGoneError."""
        memory, descriptors = self._of_process()
        return Held(round(time.monotonic() - self._begun, 2), self._observer.occupied(), memory, descriptors)

    def settled(self) -> Held:
        """What it has when its clients have left: what does not change any more. Raises ObserverGoneError."""
        end = time.monotonic() + SETTLED
        held = self.now()
        while time.monotonic() < end:
            time.sleep(0.25)
            again = self.now()
            if (again.occupied.open, again.descriptors) == (held.occupied.open, held.descriptors):
                return again
            held = again
        return held

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            try:
                self.during.append(self.now())
            except ObserverGoneError:
                return

    def _of_process(self) -> tuple[int | None, int | None]:
        """Memory and descriptors of the process and those that it started."""
        if self._process is None:
            return None, None
        memory = descriptors = 0
        try:
            for process in (self._process, *self._process.children(recursive=True)):
                memory += process.memory_info().rss
                descriptors += process.num_fds()
        except (psutil.Error, AttributeError):  # it has ended, belongs to another user, or the system does not tell
            return None, None
        return memory, descriptors
