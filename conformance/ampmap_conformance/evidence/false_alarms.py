"""Runs the suite against proxies that are right in an unusual way: whatever it finds is a false alarm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

from ..cases.selection import ON_REQUEST
from ..checks.registry import Pace
from ..engine.options import RunOptions
from ..engine.session import Session
from ..reference import load
from ..reference.types import Reference
from ..report.model import Result
from ..run.open import opened
from ..run.run import conformance
from ..verdicts import BROKEN, Verdict
from .matrix import FLEET, representatives

AT_ONCE = 8
ALARMS = BROKEN | {Verdict.BLOCKED}


def false_alarms(variant: str) -> tuple[str, ...]:
    """What a whole default run finds fault with in a variant, and why. Raises LookupError for an unknown one."""
    ended = conformance(RunOptions(variant=variant), _Nobody(), reference=_reference())
    return tuple(f"{one.id}: {one.reason}" for one in ended.report.results if one.verdict in ALARMS)


def quick_alarms(variant: str) -> tuple[str, ...]:
    """The same of a sample: two cases of each requirement whose check neither waits nor must be alone."""
    with opened(RunOptions(variant=variant), _reference()) as session, ThreadPoolExecutor(AT_ONCE) as pool:
        sample = [
            task
            for tasks in session.plan.all.values()
            for task in representatives(tasks)
            if task.check.pace is Pace.QUICK and task.check.requests <= FLEET and task.row.profile not in ON_REQUEST
        ]
        outcomes = pool.map(session.engine.outcome, sample)
        return tuple(f"{one.task.id}: {one.reason}" for one in outcomes if one.verdict in ALARMS)


class _Nobody:
    """Watches a run and says nothing."""

    def begin(self, session: Session) -> None: ...

    def case(self, result: Result) -> None: ...


@cache
def _reference() -> Reference:
    return load()
