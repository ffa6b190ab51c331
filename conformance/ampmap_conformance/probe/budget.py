"""How many requests a run may send to its target, and how fast; counted and enforced in one place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..errors import BudgetSpentError


class Budget:
    """Requests to the target: a limit to their number, and to how many begin in a second. Safe to share by threads.

    `rate` is in requests per second; they are spaced evenly, without bursts. After `seconds`, and after `silent` calls
    in a row that got no answer, no request is let through any more. `clock` gives seconds, `sleep` takes them.
    """

    def __init__(
        self,
        most: int | None = None,
        rate: float | None = None,
        *,
        seconds: float | None = None,
        silent: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.most = most
        self.rate = rate
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._sent = 0
        self._refused = False
        self._stopped = ""
        self._seconds, self._ends = seconds, None if seconds is None else clock() + seconds
        self._silent, self._unheard = silent, 0
        self._next = 0.0

    @property
    def sent(self) -> int:
        """How many requests were let through."""
        return self._sent

    @property
    def spent(self) -> bool:
        """Whether a request was refused."""
        return self._refused

    @property
    def stopped(self) -> str:
        """Why no request is let through any more, in a sentence; empty while they are, or where there are none left."""
        if self._ends is not None and self._clock() >= self._ends:
            self.stop(f"the time limit of {self._seconds:g} s (--time-limit) is over")
        return self._stopped

    def stop(self, why: str = "the run was interrupted") -> None:
        """Lets no request through any more: what still runs ends at its next request."""
        self._stopped = self._stopped or why

    def heard(self, answered: bool) -> None:
        """Takes note of whether a plain call got an answer, or was waited for in vain."""
        with self._lock:
            self._unheard = 0 if answered else self._unheard + 1
            if self._silent is not None and self._unheard >= self._silent:
                self.stop(f"the target has stopped to answer: {self._unheard} calls in a row were waited for in vain")

    def spend(self) -> None:
        """Lets one request through, when its turn has come. Raises BudgetSpentError when there are none left."""
        with self._lock:
            if why := self.stopped:
                raise BudgetSpentError(why)
            if self.most is not None and self._sent >= self.most:
                self._refused = True
                raise BudgetSpentError(f"the budget of {self.most} requests (--max-requests) is used up")
            self._sent += 1
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + (1 / self.rate if self.rate else 0.0)
        if turn > now:
            self._sleep(turn - now)
