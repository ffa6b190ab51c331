"""Gathers all that one case shows to be wrong, so that no fault hides another one behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from ..errors import UnservedError, Violation

Part: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Opens one part of a case; what it raises is kept until the other parts were looked at."""


@contextmanager
def gathering() -> Iterator[Part]:
    """A case in parts. Raises the first Violation of them, with the others in its `others`.

    An UnservedError is raised at once: nothing can be seen behind it.
    """
    found: list[Violation] = []

    @contextmanager
    def part() -> Iterator[None]:
        try:
            yield
        except UnservedError:
            raise
        except Violation as violation:
            found.append(violation)

    yield part
    if found:
        raise together(found)


def together(found: Iterable[Violation]) -> Violation:
    """The first of some violations, with all others as what else was observed, each code once."""
    by_code: dict[str, Violation] = {}
    for one in found:
        for each in (one, *one.others):
            by_code.setdefault(each.code, each)
    first, *others = by_code.values()
    first.others = tuple(others)
    return first


def expect_none(names: Iterable[str], saying: str, *, expected: str, code: str = "") -> None:
    """There are none of the things that `names` are the names of; each is an observation of its own."""
    every = tuple(dict.fromkeys(names))
    if every:
        shown = ", ".join(every)
        raise together(
            Violation(saying, expected=expected, actual=name if number else shown, code=code, at=name)
            for number, name in enumerate(every)
        )
