"""What a run will send, reckoned before it sends anything. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, replace

from ..cases.cases import CallCase
from ..cases.conditions import unbound
from ..cases.pairing import kin
from ..checks.client_half import ClientHalf
from ..fuzz.options import PROFILE, most_requests
from ..meanings import Codec, codecs
from ..probe.budget import Budget
from ..probe.prerequisites import NEEDS
from ..reference.types import Call, Requirement, Shape, find_call
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


class PaidCalls(Shape):
    """Calls of one model that the target's own upstreams may charge for."""

    provider: str
    model: str
    """The id as it is sent."""
    calls: int
    """The most that are made."""
    rejected: int = 0
    """Calls among them that a right proxy rejects by itself, so that nothing is paid for them."""
    tokens: int | None
    """The most tokens that all their answers have; None where a request names no limit."""


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
    paid: tuple[PaidCalls, ...]
    """What the target's own upstreams may charge for; nothing where an observer takes their place."""

    @property
    def metered(self) -> int:
        """Requests that the target's own upstreams may charge for."""
        return sum(paid.calls for paid in self.paid)

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
    controls = _controls(plan, asked)
    asked = replace(asked, sharing=_first_to_share((*plan.selected, *controls), asked))
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
    looks = [task for tasks in unclaimed(plan, target).values() for task in tasks if asked.can_see(task.row)]
    looked = sum(task.check.requests + _control_requests(plan, task) for task in looks)
    made = [(task, asked.requests(task) * repeat) for task in (*plan.selected, *controls)]
    return Estimate(
        templates,
        sum(asked.requests(task) for task in controls) * repeat,
        looked * repeat,
        len(target.providers),
        () if "upstream" in available else _paid(made, asked),
    )


def _paid(made: Iterable[tuple[Task, int]], asked: _Asked) -> tuple[PaidCalls, ...]:
    """What calls of so many tasks, and one of each provider that looks whether the target is there, may cost."""
    target = asked.target
    known, limits = codecs(target.reference), dict[tuple[str, str], int | None]()
    found: dict[tuple[str, str], list[int | None]] = {}
    rejected: Counter[tuple[str, str]] = Counter()

    def add(call: Call, model: str, tokens: int | None, count: int) -> None:
        if (call.dialect, call.id) not in limits:
            limits[call.dialect, call.id] = _limit(call, known.get(call.dialect))
        each = tokens or limits[call.dialect, call.id]
        found.setdefault((call.provider.id, model), []).extend([each] * count)

    for task, count in made:
        if isinstance(task.case, CallCase) and task.case.call.operation.metered and count:
            half = asked.half_of(task)
            add(task.case.call, task.case.model, half.form.tokens if half and half.form else None, count)
            rejected[task.case.provider.id, task.case.model] += count if task.row.negative else 0
    for provider in target.providers:
        add(find_call(provider, reference=target.reference), target.sample_model(provider), None, 1)
    return tuple(
        PaidCalls(
            provider=key[0],
            model=key[1],
            calls=len(limits),
            tokens=None if None in limits else sum(limit or 0 for limit in limits),
            rejected=rejected[key],
        )
        for key, limits in sorted(found.items())
    )


def _limit(call: Call, codec: Codec | None) -> int | None:
    """The most tokens of an answer to the smallest request of a call; a call that only counts has none."""
    if call.operation.stream is None:
        return 0
    return None if codec is None else codec.read_request(call.operation.request).limit


def plan_lines(reckoned: Estimate, budget: Budget, *, observed: bool) -> tuple[str, ...]:
    """What a run will do and cost, in lines of a label and a sentence; printed before anything is sent."""
    extras = (
        (reckoned.controls, "for controls"),
        (reckoned.looks, "to detect features that are not claimed"),
        (reckoned.smoke, "to check that the target is reachable"),
    )
    of_them = "; ".join(f"{count} {what}" for count, what in extras if count)
    most = f"at most {reckoned.requests}{f', {of_them}' if of_them else ''}"
    limit = f"at most {budget.most} are sent" if budget.most is not None else "no limit is set"
    pace = f"at most {budget.rate:g} per second" if budget.rate else "no rate limit"
    if observed:
        cost = "nothing: the observer answers instead of the paid providers"
    else:
        cost = f"at most {reckoned.metered} calls of the target's own upstreams, each with a limit for its tokens"
    return (
        f"requests   {most}; cases that fail may send a few more; {limit}, {pace}",
        f"cost       {cost}",
        *(f"           {line}" for line in map(in_words, reckoned.paid)),
    )


def in_words(paid: PaidCalls) -> str:
    """What calls of one model come to, as a phrase."""
    tokens = "without a limit of tokens" if paid.tokens is None else f"{paid.tokens} tokens in all answers"
    calls = "1 call" if paid.calls == 1 else f"{paid.calls} calls"
    rejected = f", {paid.rejected} of which a right proxy rejects by itself" if paid.rejected else ""
    return f"{paid.provider} {paid.model}: at most {calls}{rejected}; {tokens}"


@dataclass(frozen=True)
class _Asked:
    """Which cases of a target send anything."""

    target: Target
    available: Collection[str]
    max_examples: int
    generating: frozenset[str]
    """Of the cases that share generated requests, the ids of the first ones: they count for all."""
    outside: bool
    sharing: frozenset[str] = frozenset()
    """Of the cases that share one call, the ids of the first ones: they count for all."""

    def can_see(self, row: Requirement) -> bool:
        return all(need in self.available for need in row.needs if need in NEEDS)

    def half_of(self, task: Task) -> ClientHalf | None:
        lacking = [need for need in task.row.needs if need in NEEDS and need not in self.available]
        return task.check.outside if self.outside and lacking == ["upstream"] else None

    def sends(self, task: Task) -> bool:
        is_made = self.can_see(task.row) or self.half_of(task) is not None
        return is_made and unbound(task.row, task.case, self.target) is None

    def requests(self, task: Task) -> int:
        if not self.sends(task):
            return 0
        if task.row.profile == PROFILE:
            return most_requests(task.case, self.max_examples) if task.id in self.generating else 0
        half = self.half_of(task)
        if half is None:
            return task.check.requests
        return half.own_requests(task.check.requests) + (task.id in self.sharing)


def _first_to_generate(plan: Plan) -> frozenset[str]:
    tasks = [task for task in plan.selected if task.row.profile == PROFILE]
    return frozenset({kin(task.case): task.id for task in reversed(tasks)}.values())


def _first_to_share(tasks: Iterable[Task], asked: _Asked) -> frozenset[str]:
    first: dict[Hashable, str] = {}
    for task in tasks:
        half = asked.half_of(task) if asked.sends(task) else None
        if half is not None and half.form is not None and isinstance(task.case, CallCase):
            first.setdefault(half.form.key(task.case), task.id)
    return frozenset(first.values())


def _controls(plan: Plan, asked: _Asked) -> tuple[Task, ...]:
    """Every case that a selected one rests on, however far, and that is not selected itself."""
    known = {task.id for task in plan.selected}
    found: list[Task] = []
    waiting = [task for task in plan.selected if asked.sends(task) and _is_controlled(task, asked)]
    while waiting:
        control = plan.control_of(waiting.pop())
        if control is not None and control.id not in known:
            known.add(control.id)
            found.append(control)
            if _is_controlled(control, asked):
                waiting.append(control)
    return tuple(found)


def _is_controlled(task: Task, asked: _Asked) -> bool:
    """Whether a task is made only where its control held: what a client sees by itself is so for rejections."""
    return asked.half_of(task) is None or task.row.negative


def _control_requests(plan: Plan, task: Task) -> int:
    control = plan.control_of(task)
    return 0 if control is None else control.check.requests + _control_requests(plan, control)
