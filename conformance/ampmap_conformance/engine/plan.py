"""What a run will do: every requirement with its check, expanded to tasks, and narrowed to those selected."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import get_args

from .. import suite
from ..cases.axes import AXES, expand
from ..cases.cases import CallCase, Case
from ..cases.covering import Depth, chosen
from ..cases.pairing import kin, twin
from ..cases.renames import NONE, Renames
from ..cases.selection import ON_REQUEST, Pattern, parse
from ..checks.registry import Check, check_of
from ..errors import SuiteError, UsageError
from ..files import did_you_mean
from ..reference.types import AxisName, Reference, Requirement
from ..target.target import Target

RESOLVER = "resolver"
"""The need of a requirement on a resolver, not on a proxy."""
LOAD = "load"
"""The need of a requirement that only many calls at once show."""
ELSEWHERE = MappingProxyType(
    {
        RESOLVER: (
            "apply to a resolver, not to a proxy; test a resolver with `ampmap-conformance resolve-auth --command CMD`"
            " (or `--url URL`)"
        ),
        LOAD: "need many calls at once; test them with `ampmap-conformance soak`",
    }
)
"""Needs of requirements that another command tests, each with what a user is told of their rules."""


@dataclass(frozen=True)
class Task:
    """One case of one requirement, with the check that decides it."""

    row: Requirement
    check: Check
    case: Case

    @cached_property
    def id(self) -> str:
        """`<requirement>[<case>]`."""
        return f"{self.row.id}[{self.case.name}]"


@dataclass(frozen=True)
class Plan:
    """All tasks of a reference and target, and those of them that are selected."""

    all: Mapping[str, tuple[Task, ...]]
    """By requirement id, in the order of the reference."""
    selected: tuple[Task, ...]
    cells: Mapping[str, int] = field(default_factory=dict)
    """How many cells the axes of each requirement have; those of which it speaks are its cases."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Profiles whose requirements another command tests, each with the need that says which (`ELSEWHERE`)."""
    renames: Renames = NONE
    """What the requirements were called before."""
    unchecked: frozenset[str] = frozenset()
    """Requirements that have no check yet, in a plan that is shown and not run."""
    left_out: tuple[str, ...] = ()
    """Requirements that would be selected, and of which the depth makes no case because they wait for long."""

    def control_of(self, task: Task) -> Task | None:
        """The case that must pass for this one to say anything: the nearest one of the requirement's control.

        That is the same call's, else the same provider's, else the first.
        """
        return None if task.row.control is None else self.nearest(task.row.control, task.case)

    def nearest(self, rule: str, case: Case) -> Task | None:
        """The case of a requirement that is nearest to `case`: the same call's, else the same provider's, else any.

        Of several those for the same model come first.
        """
        relatives = self._kin.get((rule, kin(case)), ())
        alike = [other for other in relatives if _model(other.case) == _model(case)]
        near = twin(case, [other.case for other in alike or relatives])
        every = self.all.get(rule, ())
        of_provider = [other for other in every if _owner(other.case) == _owner(case)]
        found = [*(other for other in relatives if other.case is near), *of_provider, *every]
        return found[0] if found else None

    @cached_property
    def _kin(self) -> dict[tuple[str, Hashable], list[Task]]:
        found: dict[tuple[str, Hashable], list[Task]] = {}
        for name, tasks in self.all.items():
            for task in tasks:
                found.setdefault((name, kin(task.case)), []).append(task)
        return found

    def at(self, depth: Depth, requirement: str, *, named: bool = False) -> tuple[Task, ...]:
        """The tasks of a requirement that a run of this depth makes; none of one without a check.

        A quick run makes none of one that waits for long, unless it is `named`.
        """
        tasks = self.all.get(requirement, ())
        if depth is Depth.QUICK and not named and any(task.check.is_long for task in tasks):
            return ()
        wanted = set(chosen((task.case.factors for task in tasks), depth))
        return tuple(task for task in tasks if task.case.factors in wanted)

    @cached_property
    def by_requirement(self) -> dict[str, tuple[Task, ...]]:
        """The selected tasks by requirement id."""
        found: dict[str, list[Task]] = {}
        for task in self.selected:
            found.setdefault(task.row.id, []).append(task)
        return {name: tuple(tasks) for name, tasks in found.items()}


def proxy_rules(reference: Reference) -> dict[str, Requirement]:
    """The requirements that a run decides, by id: not those of `ELSEWHERE`."""
    return {row.id: row for row in reference.requirements.values() if not ELSEWHERE.keys() & {*row.needs}}


def make_plan(target: Target, *, drafts: bool = False) -> Plan:
    """Every task. With `drafts` a requirement may do without a check, as one does that was just written.

    Raises SuiteError when requirements and checks do not fit together.
    """
    checks = suite_checks()
    reference = target.reference
    on_proxies = proxy_rules(reference)
    unchecked = frozenset(id_ for id_, row in on_proxies.items() if id_ not in checks and row.excluded is None)
    rows = {id_: row for id_, row in on_proxies.items() if not drafts or id_ not in unchecked}
    faults = [f"{name} has a check but is not a requirement" for name in checks if name not in rows]
    faults += [
        f"{row.id} has neither a check nor `excluded`"
        for row in rows.values()
        if (row.id not in checks) == (row.excluded is None)
    ]
    faults += [
        f"{row.id} is a negative check without a control" for row in rows.values() if row.negative and not row.control
    ]
    faults += [f"{row.id}: {axis} is not an axis" for row in rows.values() for axis in row.for_each if axis not in AXES]
    faults += [f"the kit cannot expand over {axis}" for axis in get_args(AxisName) if axis not in AXES]
    faults += [f"{axis} is not an axis of the reference" for axis in AXES if axis not in get_args(AxisName)]
    faults += [f"the chain of controls of {row.id} is circular" for row in rows.values() if _circular(row, rows)]
    if faults:
        raise SuiteError("\n".join(faults))
    tasks: dict[str, tuple[Task, ...]] = {}
    cells: dict[str, int] = {}
    expanded: dict[tuple[str, ...], tuple[Case, ...]] = {}  # many rows have the same axes
    for row in rows.values():
        if row.excluded is None:
            check = checks[row.id]
            check.fits(row)
            if row.for_each not in expanded:
                expanded[row.for_each] = expand(row, target)
            cases = expanded[row.for_each]
            cells[row.id] = len(cases)
            tasks[row.id] = tuple(Task(row, check, case) for case in cases if check.when(case, target))
    elsewhere = {
        row.profile: need for row in reference.requirements.values() for need in row.needs if need in ELSEWHERE
    }
    every = tuple(task for group in tasks.values() for task in group)
    return Plan(tasks, every, cells, elsewhere, Renames.of(rows), unchecked)


def narrow(
    plan: Plan,
    *,
    profiles: Iterable[str] = (),
    select: Iterable[str] = (),
    skip: Iterable[str] = (),
    depth: Depth = Depth.DEFAULT,
) -> Plan:
    """The plan with fewer selected tasks. Raises UsageError for a profile or pattern that means nothing.

    Those of `ON_REQUEST` are left out unless they are named, in `profiles` or at the beginning of a pattern. A pattern
    that names cases chooses from all of them, and any other from those of `depth`. A quick run leaves out requirements
    that wait for long, unless patterns select them.
    """
    known = list(dict.fromkeys(task.row.profile for group in plan.all.values() for task in group))
    wanted = tuple(profiles)
    for profile in wanted:
        if profile in plan.elsewhere:
            raise UsageError(f"--profile: {_elsewhere(plan, profile)}")
        if profile not in known:
            hint = did_you_mean(profile, known) or f"; expected one of {', '.join(known)}"
            raise UsageError(f"--profile: unknown profile `{profile}`{hint}")
    patterns, skip = tuple(select), tuple(skip)
    for pattern in (*patterns, *skip):
        if (profile := pattern.partition(".")[0]) in plan.elsewhere:
            raise UsageError(f"`{pattern}`: {_elsewhere(plan, profile)}")
    named = {profile for profile in ON_REQUEST if any(text.startswith(f"{profile}.") for text in patterns)}
    usual = {*wanted} or {*known} - ON_REQUEST | named
    tasks = tuple(task for task in plan.selected if task.row.profile in usual)
    names = tuple((task.row.id, task.case.name) for group in plan.all.values() for task in group)
    include = parse(patterns, names, "--select", plan.renames)
    exclude = parse(skip, names, "--skip", plan.renames)
    by_case = tuple(pattern for pattern in include if pattern.names_cases)
    tasks = tuple(
        task for task in tasks if (not include or _is_any_of(include, task)) and not _is_any_of(exclude, task)
    )
    made = {name: plan.at(depth, name, named=bool(include)) for name in dict.fromkeys(task.row.id for task in tasks)}
    covering = {task.id for group in made.values() for task in group}
    return replace(
        plan,
        selected=tuple(t for t in tasks if t.id in covering or _is_any_of(by_case, t)),
        left_out=tuple(name for name, group in made.items() if not group),
    )


def _is_any_of(patterns: Iterable[Pattern], task: Task) -> bool:
    return any(pattern.matches(task.row.id, task.case.name) for pattern in patterns)


def _elsewhere(plan: Plan, profile: str) -> str:
    return f"the rules of `{profile}` {ELSEWHERE[plan.elsewhere[profile]]}"


def suite_checks() -> dict[str, Check]:
    """Every check of the suite by requirement id. Raises SuiteError when a requirement has two."""
    found: dict[str, Check] = {}
    for module in pkgutil.iter_modules(suite.__path__):
        if not module.name.startswith("test_"):
            continue
        for thing in vars(importlib.import_module(f"{suite.__name__}.{module.name}")).values():
            check = check_of(thing)
            if check is not None:
                if check.requirement in found:
                    raise SuiteError(f"{check.requirement} has two checks")
                found[check.requirement] = check
    return found


def seen_outside(row: Requirement, check: Check) -> str:
    """What of a rule a run without an observer judges, in words; empty for nothing."""
    if "upstream" not in row.needs:
        return "all of it"
    return "" if check.outside is None else check.outside.sees


def _circular(row: Requirement, rows: Mapping[str, Requirement]) -> bool:
    seen = set()
    current: Requirement | None = row
    while current is not None and current.control:
        if current.control in seen or current.control == row.id:
            return True
        seen.add(current.control)
        current = rows.get(current.control)
    return False


def _model(case: Case) -> str | None:
    return case.model if isinstance(case, CallCase) else None


def _owner(case: Case) -> str | None:
    return case.provider.id if isinstance(case, CallCase) else None
