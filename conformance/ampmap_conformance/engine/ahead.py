"""Makes cases ahead of when their outcomes are taken, on a few threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from ..checks.registry import Pace
from .judge import Engine, Outcome
from .plan import Task

PATIENT = 24
"""Most checks that wait at the same time, beside those that the workers make."""


class Ahead:
    """Works ahead on a few threads, while the caller takes the outcomes in order; one worker never works ahead.

    Checks that wait are begun at once. Those that must run alone are made when they are taken; that comes last.
    """

    def __init__(self, engine: Engine, tasks: Iterable[Task], *, workers: int) -> None:
        self._engine = engine
        everything = tuple(tasks)
        patient = tuple(task for task in everything if task.check.pace is Pace.WAITS) if workers > 1 else ()
        self._waiting = deque(task for task in everything if task.check.pace is Pace.QUICK)
        self._begun: dict[str, Future[Outcome]] = {}
        self._window = workers * 2
        self._pool = ThreadPoolExecutor(workers, "check") if workers > 1 else None
        self._patience = ThreadPoolExecutor(min(len(patient), PATIENT), "patient") if patient else None
        self._patient = {task.id: self._patience.submit(engine.outcome, task) for task in patient if self._patience}

    def take(self, task: Task) -> Outcome:
        """The outcome of `task`; tasks are taken in the order in which they were given."""
        if self._pool is None or task.check.pace.turn:
            return self._engine.outcome(task)
        if (early := self._patient.pop(task.id, None)) is not None:
            return early.result()
        while self._waiting and (len(self._begun) < self._window or task.id not in self._begun):
            following = self._waiting.popleft()
            self._begun[following.id] = self._pool.submit(self._engine.outcome, following)
        future = self._begun.pop(task.id, None)
        return future.result() if future is not None else self._engine.outcome(task)

    def close(self) -> None:
        """Begin nothing more and wait for what runs."""
        for pool in (self._pool, self._patience):
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)
