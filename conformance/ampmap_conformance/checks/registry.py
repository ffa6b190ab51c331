"""Ties a check to the requirement that it tests."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Any, TypeVar

from ..cases.cases import Case, case_type
from ..errors import SuiteError
from ..reference.types import Requirement
from ..target.target import Target

Applies = Callable[[Any, Target], str | None]
"""Is given a case and the target, and says why the requirement does not apply there, or None when it does."""
When = Callable[[Any, Target], bool]
"""Whether a cell of the expansion is a case of the requirement at all."""
Has = Callable[[Target], bool]
"""Whether a target has what a requirement speaks of."""
CheckFunction = TypeVar("CheckFunction", bound=Callable[..., None])
MARK = "_ampmap_check"


@unique
class Pace(Enum):
    """How a check takes part in a run of many at once."""

    QUICK = "quick"
    WAITS = "waits"
    """It spends a second or more waiting: it is begun before the others, on a thread that none of them needs."""
    ALONE = "alone"
    """It changes what other checks rely on: it runs when they are all done, and nothing runs beside it."""
    LAST = "last"
    """As `ALONE`, and it may leave a faulty target worse than it was: it runs behind all others."""

    @property
    def turn(self) -> int:
        """Whether it is made with the others (0), when they are done (1), or behind these (2)."""
        return {Pace.ALONE: 1, Pace.LAST: 2}.get(self, 0)


@dataclass(frozen=True)
class Check:
    """A check function and the requirement that it tests."""

    requirement: str
    function: Callable[[Any, Any], None]
    when: When
    applies: tuple[Applies, ...]
    pace: Pace = Pace.QUICK
    requests: int = 1
    """The most that one case sends to the target."""
    of: Has | None = None
    """A target without this may claim the requirement's feature, and have nothing of it that could be tested."""

    def fits(self, row: Requirement) -> None:
        """Raises SuiteError unless the function takes the cases that the row's axes give."""
        declared = typing.get_type_hints(self.function).get("case")
        given = case_type(row.for_each)
        if not (isinstance(declared, type) and issubclass(given, declared)):
            raise SuiteError(
                f"{self.function.__module__}.{self.function.__qualname__} must take a case of type {given.__name__}:"
                f" {row.id} expands over {', '.join(row.for_each) or 'nothing'}"
            )

    def refusal(self, case: Case, target: Target) -> str | None:
        """Why the requirement does not apply to this case, or None."""
        return next((reason for applies in self.applies if (reason := applies(case, target))), None)


def _always(_case: Case, _target: Target) -> bool:
    return True


def checks(
    requirement: str,
    *,
    when: When = _always,
    applies: Applies | Iterable[Applies] = (),
    pace: Pace = Pace.QUICK,
    requests: int = 1,
    of: Has | None = None,
) -> Callable[[CheckFunction], CheckFunction]:
    """Marks a function `test_x(case, probe)` as the check of a requirement.

    `when` narrows the cells of the requirement's axes to those it speaks of; `applies` gives the reason why a target
    is not bound by it (verdict not-applicable); `requests` is the most that one case sends, by which a run is planned;
    `of` is what a target may lack that claims the requirement's feature (see `Check.of`).
    """
    conditions = (applies,) if callable(applies) else tuple(applies)

    def mark(function: CheckFunction) -> CheckFunction:
        setattr(function, MARK, Check(requirement, function, when, conditions, pace, requests, of))
        return function

    return mark


def check_of(thing: object) -> Check | None:
    """The check that `thing` was marked as, if any."""
    found = getattr(thing, MARK, None)
    return found if isinstance(found, Check) else None
