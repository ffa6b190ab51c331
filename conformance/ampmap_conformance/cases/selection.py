"""Picks cases by pattern: `fallback.*[openai*]`, where brackets are brackets and `*` is anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from ..errors import UsageError
from ..files import did_you_mean

ON_REQUEST = frozenset({"clients", "fuzz"})
"""Profiles that run only when they are named: by `--profile`, or at the beginning of a pattern of `--select`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern for requirement ids and, in brackets, for case names. Without brackets every case is meant."""

    text: str

    def matches(self, requirement: str, case: str) -> bool:
        """Whether a case is meant."""
        wanted, bracket, cell = self.text.partition("[")
        if not _glob(wanted).fullmatch(requirement):
            return False
        return not bracket or bool(_glob(cell.removesuffix("]")).fullmatch(case))


def parse(texts: Iterable[str], known: Iterable[tuple[str, str]], option: str) -> tuple[Pattern, ...]:
    """Patterns of which each matches one of `known` (requirement id, case name).

    Raises UsageError for one that matches nothing.
    """
    pairs = tuple(known)
    patterns = tuple(Pattern(text) for text in texts)
    for pattern in patterns:
        if not any(pattern.matches(requirement, case) for requirement, case in pairs):
            raise UsageError(f"{option}: `{pattern.text}` matches no case{hint(pattern, pairs)}")
    return patterns


def hint(pattern: Pattern, pairs: Sequence[tuple[str, str]]) -> str:
    """A suggestion for a pattern that matches none of `pairs`; empty if nothing is similar."""
    ids = sorted({requirement for requirement, _ in pairs})
    wanted, bracket, cell = pattern.text.partition("[")
    if bracket and any(_glob(wanted).fullmatch(requirement) for requirement in ids):
        cases = [case for requirement, case in pairs if _glob(wanted).fullmatch(requirement)]
        return did_you_mean(cell.removesuffix("]"), cases) or f"; one of its cases is `{cases[0]}`"
    if any(requirement.startswith(f"{wanted}.") for requirement in ids):
        return f"; did you mean `{wanted}.*`?"
    return did_you_mean(wanted, ids) or "; run `ampmap-conformance list` to list the requirements"


@cache
def _glob(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")))
