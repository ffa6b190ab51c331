"""The kill matrix: which requirements a proxy with each defect breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from ..cases import CallCase
from ..engine import Engine
from ..engine_plan import Plan, Task
from ..engine_session import RunOptions, opened
from ..reference import load
from ..reference.types import Reference
from ..refproxy.defects import DEFECTS, Defect
from ..registry import Pace
from ..selection import ON_REQUEST
from ..verdicts import Verdict

TIMEOUT = 9.0
"""Seconds without a byte after which a probe gives up: a defect may well be silence."""
WAITING = 32


@dataclass(frozen=True)
class Kills:
    """What a defect came to."""

    defect: str
    broken: frozenset[str]
    """Requirements of which a case failed."""
    faults: tuple[str, ...] = ()
    """Cases in which the kit itself failed."""


def tried(defect: str) -> Kills:
    """Runs a defect against a representative of every requirement, and then against all of those that it should break.

    Raises LookupError for an unknown defect.
    """
    with opened(RunOptions(defects=(defect,)), _reference()) as session:
        engine = Engine(replace(session.setting, timeout=TIMEOUT), session.plan, session.scrubber, strict=True)
        seen = _Seen(engine)
        seen.run(representatives(session.plan))
        for requirement in DEFECTS[defect].breaks:
            if requirement not in seen.broken:
                seen.run_until_broken(session.plan.all.get(requirement, ()))
        return Kills(defect, frozenset(seen.broken), tuple(seen.faults))


def representatives(plan: Plan) -> tuple[Task, ...]:
    """For each requirement one case without a stream and one with, the first and the last; of those that wait, one."""
    chosen: list[Task] = []
    for tasks in (tasks for tasks in plan.all.values() if tasks and tasks[0].row.profile not in ON_REQUEST):
        plain = [task for task in tasks if not (isinstance(task.case, CallCase) and task.case.stream)][:1]
        streams = [task for task in tasks if isinstance(task.case, CallCase) and task.case.stream][-1:]
        both = [*plain, *streams]
        chosen += both[-1:] if tasks and tasks[0].check.pace is Pace.WAITS else both
    return tuple(chosen)


class _Seen:
    """Outcomes as they come. Quick checks run one after another, so that a defect with a memory does the same again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.broken: set[str] = set()
        self.faults: list[str] = []

    def run(self, tasks: Iterable[Task]) -> None:
        by_pace: dict[Pace, list[Task]] = {pace: [] for pace in Pace}
        for task in tasks:
            by_pace[task.check.pace].append(task)
        with ThreadPoolExecutor(WAITING) as pool:
            waiting = pool.map(self._take, by_pace[Pace.WAITS])
            for task in by_pace[Pace.QUICK]:
                self._take(task)
            list(waiting)
        for task in by_pace[Pace.ALONE]:
            self._take(task)

    def run_until_broken(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self._take(task)
            if task.row.id in self.broken:
                return

    def _take(self, task: Task) -> None:
        outcome = self._engine.outcome(task)
        if outcome.verdict is Verdict.FAIL:
            self.broken.add(task.row.id)
        if outcome.verdict is Verdict.ERROR:
            self.faults.append(f"{task.id}: {outcome.reason}")


def problems(kills: Iterable[Kills], defects: Mapping[str, Defect], requirements: Iterable[str]) -> list[str]:
    """What is wrong with a matrix, one sentence each."""
    found = []
    every = tuple(kills)
    for one in every:
        defect = defects[one.defect]
        found += [f"{one.defect}: {fault}" for fault in one.faults]
        if not one.broken & set(defect.breaks):
            found.append(f"{one.defect}: no requirement that it breaks notices")
        else:
            found += [f"{one.defect}: {name} does not notice" for name in defect.breaks if name not in one.broken]
        found += [
            f"{one.defect}: {name} notices too, and is not told"
            for name in sorted(one.broken)
            if not told(defect, name)
        ]
    for name in requirements:
        if not any(name in one.broken and name in defects[one.defect].breaks for one in every):
            found.append(f"{name}: no defect breaks it")
    return found


def told(defect: Defect, requirement: str) -> bool:
    """Whether a defect says that it breaks a requirement, or that it may."""
    return requirement in defect.breaks or any(fnmatchcase(requirement, pattern) for pattern in defect.also)


def as_data(kills: Iterable[Kills], defects: Mapping[str, Defect]) -> dict[str, Any]:
    """The matrix as it is written down: what each defect breaks, and what its breaking leads to."""
    return {
        one.defect: {
            "breaks": sorted(defects[one.defect].breaks),
            "also": sorted(defects[one.defect].also),
        }
        for one in kills
    }


@cache
def _reference() -> Reference:
    return load()


Progress = Callable[[Kills], None]
