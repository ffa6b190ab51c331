"""What the target claims, held against the plan: claims without a requirement, and features that are not claimed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from ..cases.conditions import freed
from ..reference.types import ClaimName, Reference
from ..target.target import Target
from .plan import Plan, Task, proxy_rules


def without_rows(reference: Reference, target: Target) -> tuple[str, ...]:
    """Claims of the target for which the reference has no requirement, so that nothing can show them."""
    known = {row.claim for row in reference.requirements.values()}
    return tuple(claim for claim in target.file.claims if claim not in known)


def unclaimed(plan: Plan, target: Target) -> dict[str, tuple[Task, ...]]:
    """Features that the target does not claim, each with one selected case of every `must` that speaks of it.

    One of which the target file gives too little to try every `must` is left out: part of a feature does not show it.
    """
    found: dict[str, tuple[Task, ...]] = {}
    for claim in get_args(ClaimName):
        rows = [
            row.id
            for row in proxy_rules(target.reference).values()
            if (row.claim, row.level) == (claim, "must") and not _is_freed(plan.all.get(row.id, ()), target)
        ]
        looks = tuple(plan.by_requirement[name][0] for name in rows if name in plan.by_requirement)
        if any(task.check.pace.turn for task in looks):  # it would change the target
            continue
        if looks and not target.claims(claim) and all(plan.all.get(name) for name in rows):
            found[claim] = looks
    return found


def _is_freed(tasks: Sequence[Task], target: Target) -> bool:
    """Whether the target's policy frees it from a rule on a feature, claimed or not."""
    return any(freed(task.row, task.case, target) for task in tasks[:1])
