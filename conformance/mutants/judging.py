"""Judges one mutant: the suite's cases that run the changed code, until one of them fails twice, and not without it.

It works in a process of its own, which has loaded the kit but for the changed proxy.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ampmap_conformance.cases.covering import Depth
from ampmap_conformance.cases.selection import ON_REQUEST
from ampmap_conformance.checks.registry import Pace
from ampmap_conformance.engine.plan import Plan, Task
from ampmap_conformance.verdicts import Verdict
from mutations import PACKAGE, Mutant

WAITING = 32
"""Checks that wait at the same time."""
CHANGING = (PACKAGE, "ampmap_conformance.evidence")
"""What is loaded anew for each mutant: the proxy, and what starts it."""


@dataclass(frozen=True)
class Judgement:
    """What became of a mutant."""

    killed_by: str | None
    """The case that failed; `start` for a proxy that does not start; None for a mutant that no case notices."""
    level: str | None = None
    """`must` or `should`: the level of the failed case's rule."""


class _Changed(MetaPathFinder, Loader):
    """Loads one module of the proxy from a changed source."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, f"<{self._name}, changed>", "exec"), module.__dict__)  # noqa: S102


def judge(mutant: Mutant, plans: Mapping[str, Plan], tasks: Mapping[str, Sequence[Task]]) -> Judgement:
    """Runs the tasks of each stage (by variant, the usual proxy's under an empty name). Changes what is loaded."""
    for variant, chosen in tasks.items():
        found = _judged(mutant, variant, plans[variant], chosen)
        if found.killed_by is not None:
            return found
    return Judgement(None)


def _judged(mutant: Mutant, variant: str, plan: Plan, tasks: Sequence[Task]) -> Judgement:
    with ExitStack() as stack:
        try:
            stage = stack.enter_context(_staged(variant, plan, mutant))
        except Exception:  # noqa: BLE001 - whatever keeps it from starting
            return Judgement("start", "must")
        for task in failing(stage.engine(), tasks):
            if _holds_without_change(task, variant, plan) and stage.engine().outcome(task).verdict is Verdict.FAIL:
                return Judgement(task.id, task.row.level)
    return Judgement(None)


def _holds_without_change(task: Task, variant: str, plan: Plan) -> bool:
    """Whether the right proxy passes, here and now: a busy machine alone may fail a case that waits."""
    with _staged(variant, plan) as stage:
        return stage.engine().outcome(task).verdict is not Verdict.FAIL


def _staged(variant: str, plan: Plan, mutant: Mutant | None = None) -> AbstractContextManager[Any]:
    """A proxy of modules that are loaded anew, one of them changed."""
    for name in [name for name in sys.modules if name.startswith(CHANGING)]:
        del sys.modules[name]
    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, _Changed)]
    if mutant is not None:
        sys.meta_path.insert(0, _Changed(f"{PACKAGE}.{mutant.module}", mutant.source))
    started: AbstractContextManager[Any] = importlib.import_module("ampmap_conformance.evidence.stage").staged(
        variant=variant or None, plan=plan
    )
    return started


def failing(engine: Any, tasks: Sequence[Task]) -> Iterator[Task]:
    """The tasks that fail, as they are found; for one that another blocks, the one that is broken.

    Those that wait do so together, and those that need quiet come last.
    """
    by_pace: dict[Pace, list[Task]] = {pace: [] for pace in Pace}
    for task in tasks:
        by_pace[task.check.pace].append(task)
    yield from _failed(engine, by_pace[Pace.QUICK])
    with ThreadPoolExecutor(WAITING) as pool:
        for future in [pool.submit(engine.outcome, task) for task in by_pace[Pace.WAITS]]:
            future.result()
    yield from _failed(engine, (*by_pace[Pace.WAITS], *by_pace[Pace.ALONE], *by_pace[Pace.LAST]))


def _failed(engine: Any, tasks: Iterable[Task]) -> Iterator[Task]:
    for task in tasks:
        outcome = engine.outcome(task)
        broken = outcome.root or outcome
        if broken.verdict is Verdict.FAIL:
            yield broken.task


def in_order(plan: Plan) -> list[Task]:
    """The tasks of a default run: first one or a few of each rule, as a quick run makes them, then the others."""
    quick = [task for name in plan.all for task in plan.at(Depth.QUICK, name)]
    known = {task.id for task in quick}
    rest = [task for name in plan.all for task in plan.at(Depth.DEFAULT, name) if task.id not in known]
    return [task for task in (*quick, *rest) if task.row.profile not in ON_REQUEST]
