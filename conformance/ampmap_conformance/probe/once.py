"""Calls that several checks judge: each is made once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from ..wire.messages import Exchange


class SharedCalls:
    """The calls of a run by what was asked. Safe to share among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Hashable, Future[Exchange]] = {}

    def of(self, key: Hashable, send: Callable[[], Exchange]) -> tuple[Exchange, bool]:
        """What `send` comes to for the first who asks by `key`, and whether that was this caller.

        Raises what `send` raised, also for all that ask later.
        """
        with self._lock:
            future = self._made.get(key)
            is_first = future is None
            if future is None:
                future = self._made[key] = Future()
        if is_first:
            try:
                future.set_result(send())
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result(), is_first
