"""Runs the targets of a fleet, some at a time, each in a process of its own, so that each one can fail alone.

Processes and not threads: observers, memory, signals and generated data belong to a process, and Python's threads would
share one processor.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from ..verdicts import ExitCode
from .targets import FleetTarget
from .work import Ended, Progress, Work, work

SECONDS_TO_END = 30.0
"""How long a process may take to write its report when it is interrupted."""
NOT_BEGUN = "the run was interrupted before this target was tested"
TOO_LATE = "the time limit had passed before this target was tested"


class FleetListener(Protocol):
    """Who watches a fleet."""

    def begun(self, target: FleetTarget) -> None:
        """The run of a target begins."""

    def progress(self, target: FleetTarget, progress: Progress) -> None:
        """It is so far."""

    def ended(self, target: FleetTarget, ended: Ended) -> None:
        """It has ended, or will not be made."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What holds for all targets together."""

    jobs: int
    """How many are tested at the same time."""
    seconds: float | None = None
    """After which nothing is sent any more."""


@dataclass
class _Running:
    target: FleetTarget
    process: SpawnProcess
    ended: Ended | None = None


def run_all(asked: Sequence[tuple[FleetTarget, Work]], limits: Limits, listener: FleetListener) -> Mapping[str, Ended]:
    """Makes the runs, and returns by the name of the target how each ended.

    Two targets that take the same (`FleetTarget.takes`) are not run at the same time. An interrupt ends the runs that
    are made, whose reports are written, and begins no other; a second one ends their processes at once.
    """
    fleet = _Fleet(asked, limits, listener)
    try:
        while fleet.is_busy():
            try:
                fleet.step()
            except KeyboardInterrupt:
                fleet.interrupt()
    finally:
        fleet.kill()
    return fleet.ended


def startable(waiting: Sequence[FleetTarget], running: Sequence[FleetTarget], jobs: int) -> tuple[FleetTarget, ...]:
    """Which of the waiting targets can begin now, beside the running ones, in their order."""
    chosen: list[FleetTarget] = []
    for target in waiting:
        others = (*running, *chosen)
        if len(others) < jobs and not any(target.takes & other.takes for other in others):
            chosen.append(target)
    return tuple(chosen)


class _Fleet:
    """The runs that wait, those that are made, and those that have ended."""

    def __init__(self, asked: Sequence[tuple[FleetTarget, Work]], limits: Limits, listener: FleetListener) -> None:
        self.ended: dict[str, Ended] = {}
        self._waiting = list(asked)
        self._running: dict[Connection, _Running] = {}
        self._limits = limits
        self._listener = listener
        self._begun = time.monotonic()
        self._until: float | None = None
        """When processes that were interrupted are ended."""

    def is_busy(self) -> bool:
        """Whether a run waits or is made."""
        return bool(self._waiting or self._running)

    def step(self) -> None:
        """Begins what can be begun, and takes what the processes say."""
        self._begin()
        if not self._running:
            return
        left = None if self._until is None else max(0.0, self._until - time.monotonic())
        ready = wait(list(self._running), left)
        if not ready and self._until is not None:
            self.kill()
        for line in [each for each in self._running if each in ready]:
            self._take(line)

    def interrupt(self) -> None:
        """Ends what is made, and begins nothing any more; the second time at once."""
        for target, _ in self._waiting:
            self._end(target, Ended(ExitCode.INTERRUPTED, NOT_BEGUN))
        self._waiting.clear()
        if self._until is not None:
            self.kill()
            return
        self._until = time.monotonic() + SECONDS_TO_END
        for each in self._running.values():
            each.process.terminate()

    def kill(self) -> None:
        """Ends every process at once."""
        for each in self._running.values():
            each.process.kill()

    def _begin(self) -> None:
        running = [each.target for each in self._running.values()]
        for target in startable([target for target, _ in self._waiting], running, self._limits.jobs):
            task = next(task for waiting, task in self._waiting if waiting is target)
            self._waiting.remove((target, task))
            left = self._left()
            if left is not None and left <= 0:
                self._end(target, Ended(ExitCode.NOTHING_RAN, TOO_LATE))
            else:
                self._start(target, replace(task, options=replace(task.options, time_limit=left)))

    def _left(self) -> float | None:
        seconds = self._limits.seconds
        return None if seconds is None else seconds - (time.monotonic() - self._begun)

    def _start(self, target: FleetTarget, task: Work) -> None:
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(task, there), name=f"ampmap {target.folder}", daemon=True)
        with _interrupts_held():
            process.start()
            self._running[here] = _Running(target, process)
        there.close()
        self._listener.begun(target)

    def _take(self, line: Connection) -> None:
        """Takes a message of a process, or notices its end."""
        running = self._running[line]
        try:
            message: Progress | Ended = line.recv()
        except (EOFError, OSError):
            del self._running[line]
            line.close()
            running.process.join()
            self._end(running.target, running.ended or self._lost(running.process.exitcode))
            return
        if isinstance(message, Progress):
            self._listener.progress(running.target, message)
        else:
            running.ended = message

    def _lost(self, exit_code: int | None) -> Ended:
        """A process that is gone without a word."""
        if self._until is not None:
            return Ended(ExitCode.INTERRUPTED, "the run was interrupted, and its process was ended before its report")
        how = f"signal {-exit_code}" if exit_code is not None and exit_code < 0 else f"exit code {exit_code}"
        return Ended(ExitCode.KIT_ERROR, f"the process of this run was ended by {how} before its report was written")

    def _end(self, target: FleetTarget, ended: Ended) -> None:
        self.ended[target.name] = ended
        self._listener.ended(target, ended)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Holds back SIGINT, so that it does not meet a process which is not yet ready for it.

    A process inherits what is held back, and lets it through when it is ready (`work`).
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
