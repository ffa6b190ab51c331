"""Where the rules about facts are registered, and what each of them is given and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import getdoc
from typing import NamedTuple, TypeAlias, TypeVar

from ..load.findings import Location, Severity, SpecRule
from ..load.rules import LOADER_RULES
from ..load.spec import LocatedFact
from ..vendored.base import Shape
from .spec_index import SpecIndex

S = TypeVar("S", bound=Shape)


class Wrong(NamedTuple):
    """What a rule found, where, and what may help."""

    location: Location
    message: str
    hint: str | None = None


Check: TypeAlias = Callable[[SpecIndex], Iterator[Wrong]]

CHECKS: dict[SpecRule, Check] = {}
"""Every rule that compares facts, with its function, in the order of registration."""

RULES: dict[str, SpecRule] = {rule.id: rule for rule in LOADER_RULES}
"""Every rule by id: the loader's, and those that compare facts."""


def rule(name: str, severity: Severity, *, dated: bool = False) -> Callable[[Check], Check]:
    """Registers a check under a rule of this id; the function's docstring is what users read about it.

    A dated rule looks at `SpecIndex.today`.
    """

    def register(check: Check) -> Check:
        registered = SpecRule(name, severity, getdoc(check) or "", dated)
        if RULES.setdefault(name, registered) is not registered:
            raise ValueError(f"two rules are called {name!r}")
        CHECKS[registered] = check
        return check

    return register


def facts(index: SpecIndex, shape: type[S]) -> Iterator[tuple[LocatedFact, S]]:
    """The valid facts of this shape or of one built on it, those of platforms too."""
    spec = index.spec
    kinds = [*spec.facts.values(), *(located for platform in spec.platforms.values() for located in platform.values())]
    for located in kinds:
        for fact in located.values():
            if isinstance(fact.value, shape):
                yield fact, fact.value


def key_of(fact: LocatedFact, *fields: str) -> Location:
    """The key of the first of these fields that is written; else where the fact begins."""
    for field in fields:
        node = fact.node.child(field)
        if node is not None:
            return node.key_location
    return fact.location
