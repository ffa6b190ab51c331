"""Ties a check to the requirement that it tests."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from functools import cache
from typing import Any, TypeVar

from ..cases.axes import case_type
from ..cases.cases import Case
from ..errors import SuiteError
from ..reference.types import Requirement
from ..target.target import Target
from .client_half import ClientHalf

When = Callable[[Any, Target], bool]
"""Whether a cell of the expansion is a case of the requirement at all."""
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
    pace: Pace = Pace.QUICK
    requests: int = 1
    """The most that one case sends to the target."""
    is_long: bool = False
    """It waits for several seconds, so that a quick run leaves it out."""
    is_large: bool = False
    """It sends or gets some MB, of which it and others hold copies: only one such case is made at a time."""
    shows_alone: bool = False
    """A breach shows also where the case's control cannot be made. What holds there shows nothing."""
    outside: ClientHalf | None = None
    """What of the rule a client sees by itself: judged where no observer sees the upstreams."""

    def fits(self, row: Requirement) -> None:
        """Raises SuiteError unless the function takes the cases that the row's axes give."""
        declared = _declared_case(self.function)
        given = case_type(row.for_each)
        if not (isinstance(declared, type) and issubclass(given, declared)):
            raise SuiteError(
                f"{self.function.__module__}.{self.function.__qualname__} must take a case of type {given.__name__}:"
                f" {row.id} expands over {', '.join(row.for_each) or 'nothing'}"
            )


@cache
def _declared_case(function: Callable[[Any, Any], None]) -> object:
    """What a check says that it takes; each plan of a process asks for it."""
    return typing.get_type_hints(function).get("case")


def _always(_case: Case, _target: Target) -> bool:
    return True


def checks(
    requirement: str,
    *,
    when: When = _always,
    pace: Pace = Pace.QUICK,
    requests: int = 1,
    is_long: bool = False,
    is_large: bool = False,
    shows_alone: bool = False,
    outside: ClientHalf | None = None,
) -> Callable[[CheckFunction], CheckFunction]:
    """Marks a function `test_x(case, probe)` as the check of a requirement.

    `when` narrows the cells of the requirement's axes to those it speaks of; which targets the requirement binds is
    stated in its row (`cases/conditions.py`). `requests` is the most that one case sends, by which a run is planned;
    `is_long` says that a quick run leaves it out, and `is_large` that it works on some MB; `shows_alone` says that a
    breach needs no control. `outside` is the part of the check that needs no observer.
    """

    def mark(function: CheckFunction) -> CheckFunction:
        made = Check(requirement, function, when, pace, requests, is_long, is_large, shows_alone, outside)
        setattr(function, MARK, made)
        return function

    return mark


def check_of(thing: object) -> Check | None:
    """The check that `thing` was marked as, if any."""
    found = getattr(thing, MARK, None)
    return found if isinstance(found, Check) else None
