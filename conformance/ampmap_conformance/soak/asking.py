"""The observer as a process of users asks it: not too often at a time, and with a look at how long it takes."""

from __future__ import annotations

import threading
import time
from typing import Any

from ..observer.remote import RemoteObserver

AT_ONCE = 32
"""Calls of the control API at a time: the client's pool looks at each of its connections on every call."""
SLOW = 2.0
"""Seconds from which on the kit itself is slow: less than any proxy waits for a connection."""
REMEMBERED = 10.0
"""Seconds for which it is remembered that it was."""


class WatchedObserver(RemoteObserver):
    """A remote observer that knows whether the kit is quick. Safe for use by many threads."""

    def __init__(self, advertise: str, control: str, token: str) -> None:
        super().__init__(advertise, control, token)
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._slow_at = float("-inf")

    @property
    def is_quick(self) -> bool:
        """Whether the kit has lately done at once what it was asked."""
        return time.monotonic() - self._slow_at > REMEMBERED

    def took(self, seconds: float) -> None:
        """Takes note of how long something took that takes no time on a machine with time left."""
        if seconds > SLOW:
            self._slow_at = time.monotonic()

    def _ask(self, method: str, call: str, body: bytes = b"", *, waiting: float = 0.0) -> Any:
        with self._turns:
            begun = time.monotonic()
            try:
                return super()._ask(method, call, body, waiting=waiting)
            finally:
                self.took(time.monotonic() - begun - waiting)
