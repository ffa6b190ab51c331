"""The kill matrix: which requirements a proxy with each defect breaks.

Every defect meets a sample of every requirement, and all cases of those that it says it breaks. A requirement that
notices although the defect is about another one is looked at twice, alone the second time, for a machine may be busy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..cases.cases import CallCase
from ..cases.covering import Depth
from ..cases.selection import ON_REQUEST
from ..checks.registry import Pace
from ..engine.plan import Plan, Task
from ..refproxy.defects import DEFECTS, Defect
from ..verdicts import Verdict
from .consequences import because, remembers
from .stage import Stage, staged

WAITING = 32
"""Checks that wait at the same time."""
FLEET = 20
"""A check of which a case sends more requests than this is made for the defects that it is about alone: it would take
longer than all the others together."""


@dataclass(frozen=True)
class Kills:
    """What a defect came to."""

    defect: str
    cases: Mapping[str, str]
    """Each requirement that it broke, with the first case that failed."""
    faults: tuple[str, ...] = ()
    """Cases in which the kit itself failed."""
    asked: frozenset[str] | None = None
    """The requirements of which cases were run; None for all."""


def tried(defect: str) -> Kills:
    """Runs a defect against a sample of every requirement, and against all of those that it should break.

    One that remembers is run against the latter alone. Raises LookupError for an unknown defect.
    """
    return met_by(defect)


def met_by(defect: str, rules: Collection[str] | None = None, plan: Plan | None = None) -> Kills:
    """What `tried` finds of some requirements alone; `plan` is that of another stage, so that none has to be made.

    Raises LookupError for an unknown defect.
    """
    row = DEFECTS[defect]
    with staged((defect,), plan=plan if row.variant is None else None) as stage:
        wanted = frozenset(stage.plan.all if rules is None else rules)
        seen = _Seen(stage)
        stage.will_try(task for name in row.breaks if name in wanted for task in stage.plan.at(Depth.DEFAULT, name))
        seen.run([task for task in sample(stage.plan, row) if task.row.id in wanted])
        for requirement in row.breaks:
            if requirement in wanted:
                seen.run_until_broken(stage.plan.at(Depth.DEFAULT, requirement))
        chance = seen.not_broken_again({name: task for name, task in seen.broken.items() if name not in row.breaks})
        cases = {name: task.case.name for name, task in sorted(seen.broken.items()) if name not in chance}
        return Kills(defect, cases, tuple(seen.faults), None if rules is None else wanted)


def representatives(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Of a requirement's cases the first without a stream and the last with one; of one that waits, the last alone."""
    plain = [task for task in tasks if not (isinstance(task.case, CallCase) and task.case.stream)][:1]
    streams = [task for task in tasks if isinstance(task.case, CallCase) and task.case.stream][-1:]
    both = (*plain, *streams)
    return both[-1:] if tasks and tasks[0].check.pace is Pace.WAITS else both


def sample(plan: Plan, defect: Defect) -> tuple[Task, ...]:
    """The cases that a defect meets: of its own requirements, and of the others unless it remembers."""
    return tuple(
        task
        for name in plan.all
        for task in representatives(plan.at(Depth.DEFAULT, name))
        if name in defect.breaks or (not remembers(defect) and is_sampled(task))
    )


def is_sampled(task: Task) -> bool:
    """Whether a case is made for defects that are about other requirements."""
    return task.check.requests <= FLEET and task.row.profile not in ON_REQUEST


class _Seen:
    """Outcomes as they come. Quick checks run one after another, so that a proxy does the same in each run."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._engine = stage.engine()
        self.broken: dict[str, Task] = {}
        """The first case of each requirement that failed, in the order of the plan."""
        self.faults: list[str] = []

    def run(self, tasks: Iterable[Task]) -> None:
        by_pace: dict[Pace, list[Task]] = {pace: [] for pace in Pace}
        for task in tasks:
            by_pace[task.check.pace].append(task)
        with ThreadPoolExecutor(WAITING) as pool:
            waiting = [(task, pool.submit(self._engine.outcome, task)) for task in by_pace[Pace.WAITS]]
            for task in by_pace[Pace.QUICK]:
                self._take(task)
            for task, future in waiting:
                future.result()
                self._take(task)
        for task in (*by_pace[Pace.ALONE], *by_pace[Pace.LAST]):
            self._take(task)

    def run_until_broken(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            if task.row.id in self.broken:
                return
            self._take(task)

    def not_broken_again(self, tasks: Mapping[str, Task]) -> set[str]:
        """Those of the tasks that hold when they are made once more, by themselves."""
        again = self._stage.engine()
        return {name for name, task in tasks.items() if again.outcome(task).verdict is not Verdict.FAIL}

    def _take(self, task: Task) -> None:
        outcome = self._engine.outcome(task)
        if outcome.verdict is Verdict.FAIL:
            self.broken.setdefault(task.row.id, task)
        if outcome.verdict is Verdict.ERROR:
            self.faults.append(f"{task.id}: {outcome.reason}")


def problems(kills: Iterable[Kills], requirements: Iterable[str]) -> list[str]:
    """What is wrong with a matrix, one sentence each."""
    every = tuple(kills)
    found = [problem for one in every for problem in problems_of(one)]
    killed = {name for one in every for name in one.cases if name in DEFECTS[one.defect].breaks}
    return found + [f"{name}: no defect breaks it" for name in requirements if name not in killed]


def problems_of(one: Kills) -> list[str]:
    """What is wrong with a row of a matrix."""
    defect = DEFECTS[one.defect]
    expected = [name for name in defect.breaks if one.asked is None or name in one.asked]
    return [
        *(f"{one.defect}: {fault}" for fault in one.faults),
        *(f"{one.defect}: {name} does not catch it" for name in expected if name not in one.cases),
        *(
            f"{one.defect}: {name}[{case}] catches it, but `consequences.yaml` does not say why"
            for name, case in one.cases.items()
            if name not in defect.breaks and because(defect, name) is None
        ),
    ]
