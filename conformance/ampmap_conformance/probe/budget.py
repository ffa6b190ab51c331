"""How many requests a run may send to its target, and how fast; counted and enforced in one place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..errors import BudgetSpentError


class Budget:
    """Requests to the target: a limit to their number, and to how many begin in a second. Safe to share by threads.

    `rate` is in requests per second; they are spaced evenly, without bursts. `clock` gives seconds, `sleep` takes them.
    """

    def __init__(
        self,
        most: int | None = None,
        rate: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.most = most
        self.rate = rate
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._sent = 0
        self._refused = False
        self._stopped = False
        self._next = 0.0

    @property
    def sent(self) -> int:
        """How many requests were let through."""
        return self._sent

    @property
    def spent(self) -> bool:
        """Whether a request was refused."""
        return self._refused

    def stop(self) -> None:
        """Lets no request through any more: the run is interrupted, and what still runs ends at its next request."""
        self._stopped = True

    def spend(self) -> None:
        """Lets one request through, when its turn has come. Raises BudgetSpentError when there are none left."""
        with self._lock:
            if self._stopped:
                raise BudgetSpentError("the run was interrupted")
            if self.most is not None and self._sent >= self.most:
                self._refused = True
                raise BudgetSpentError(f"the budget of {self.most} requests (--max-requests) is used up")
            self._sent += 1
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + (1 / self.rate if self.rate else 0.0)
        if turn > now:
            self._sleep(turn - now)
