"""What a run will send, reckoned before it sends anything. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..cases.cases import CallCase, Case
from ..cases.conditions import unbound
from ..cases.pairing import kin
from ..fuzz.options import PROFILE, most_requests
from ..probe.budget import Budget
from ..probe.prerequisites import NEEDS
from ..reference.types import Requirement
from ..target.target import Target
from .claims import unclaimed
from .plan import Plan, Task


@dataclass(frozen=True)
class Template:
    """A requirement of the plan: how it expands, and what its selected cases send."""

    row: Requirement
    cells: int
    cases: int
    sent: int
    """Cases that send anything."""
    requests: int
    """The most that they send."""


@dataclass(frozen=True)
class Estimate:
    """What a plan will send."""

    templates: tuple[Template, ...]
    controls: int
    """The most requests of controls that are not selected themselves."""
    looks: int
    """The most requests that look for features which the target does not claim."""
    smoke: int
    """The most requests that look whether the target is there."""
    metered: int
    """Requests that the target's own upstreams may charge for."""

    @property
    def cells(self) -> int:
        """All cells of the templates."""
        return sum(template.cells for template in self.templates)

    @property
    def cases(self) -> int:
        """All selected cases."""
        return sum(template.cases for template in self.templates)

    @property
    def requests(self) -> int:
        """The most requests that the target gets."""
        return sum(t.requests for t in self.templates) + self.controls + self.looks + self.smoke


def estimate(
    plan: Plan,
    target: Target,
    *,
    available: Collection[str],
    repeat: int = 1,
    max_examples: int = 0,
    outside: bool = False,
) -> Estimate:
    """What the selected cases of a plan come to; `available` is what the run has of `needs.NEEDS`.

    `max_examples` is how many random requests are generated for each operation; with `outside`, checks of which a part
    needs no observer count where there is none.
    """
    asked = _Asked(target, available, max_examples, _first_to_generate(plan), outside)
    templates = tuple(
        Template(
            tasks[0].row,
            plan.cells.get(name, 0),
            len(tasks),
            sum(asked.sends(task) for task in tasks),
            sum(asked.requests(task) for task in tasks) * repeat,
        )
        for name, tasks in plan.by_requirement.items()
    )
    controls = _controls(plan, asked)
    looks = [task for tasks in unclaimed(plan, target).values() for task in tasks if asked.can_see(task.row)]
    looked = sum(task.check.requests + _control_requests(plan, task) for task in looks)
    paid = sum(asked.requests(task) for task in (*plan.selected, *controls) if _metered(task.case))
    return Estimate(
        templates,
        sum(asked.requests(task) for task in controls) * repeat,
        looked * repeat,
        len(target.providers),
        0 if "upstream" in available else (paid * repeat + len(target.providers)),
    )


def plan_lines(reckoned: Estimate, budget: Budget, *, observed: bool) -> tuple[str, ...]:
    """What a run will do and cost, in lines of a label and a sentence; printed before anything is sent."""
    extras = (
        (reckoned.controls, "for controls"),
        (reckoned.looks, "to detect features that are not claimed"),
        (reckoned.smoke, "to check that the target is reachable"),
    )
    of_them = "; ".join(f"{count} {what}" for count, what in extras if count)
    limit = f"at most {budget.most} are sent" if budget.most is not None else "no limit is set"
    pace = f"at most {budget.rate:g} per second" if budget.rate else "no rate limit"
    if observed:
        cost = "nothing: the observer answers instead of the paid providers"
    else:
        cost = f"at most {reckoned.metered} calls of the target's own upstreams, each with the smallest token limit"
    return (
        f"requests   at most {reckoned.requests}, {of_them}; cases that fail may send a few more; {limit}, {pace}",
        f"cost       {cost}",
    )


@dataclass(frozen=True)
class _Asked:
    """Which cases of a target send anything."""

    target: Target
    available: Collection[str]
    max_examples: int
    generating: frozenset[str]
    """Of the cases that share generated requests, the ids of the first ones: they count for all."""
    outside: bool

    def can_see(self, row: Requirement) -> bool:
        return all(need in self.available for need in row.needs if need in NEEDS)

    def is_half(self, task: Task) -> bool:
        lacking = [need for need in task.row.needs if need in NEEDS and need not in self.available]
        return self.outside and task.check.outside is not None and lacking == ["upstream"]

    def sends(self, task: Task) -> bool:
        return (self.can_see(task.row) or self.is_half(task)) and unbound(task.row, task.case, self.target) is None

    def requests(self, task: Task) -> int:
        if not self.sends(task):
            return 0
        if task.row.profile == PROFILE:
            return most_requests(task.case, self.max_examples) if task.id in self.generating else 0
        return 1 if self.is_half(task) else task.check.requests


def _first_to_generate(plan: Plan) -> frozenset[str]:
    tasks = [task for task in plan.selected if task.row.profile == PROFILE]
    return frozenset({kin(task.case): task.id for task in reversed(tasks)}.values())


def _controls(plan: Plan, asked: _Asked) -> tuple[Task, ...]:
    """Every case that a selected one rests on, however far, and that is not selected itself."""
    known = {task.id for task in plan.selected}
    found: list[Task] = []
    waiting = [task for task in plan.selected if asked.sends(task) and not asked.is_half(task)]
    while waiting:
        control = plan.control_of(waiting.pop())
        if control is not None and control.id not in known:
            known.add(control.id)
            found.append(control)
            waiting.append(control)
    return tuple(found)


def _control_requests(plan: Plan, task: Task) -> int:
    control = plan.control_of(task)
    return 0 if control is None else control.check.requests + _control_requests(plan, control)


def _metered(case: Case) -> bool:
    return isinstance(case, CallCase) and case.call.operation.metered
