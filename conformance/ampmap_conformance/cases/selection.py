"""Picks cases by pattern: `fallback.*[openai*]`, where brackets are brackets and `*` is anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from ..errors import UnmatchedPatternError
from ..files import did_you_mean
from .renames import NONE, Renames

ON_REQUEST = frozenset({"clients", "fuzz"})
"""Profiles that run only when they are named: by `--profile`, or at the beginning of a pattern of `--select`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern for requirement ids and, in brackets, for case names. Without brackets every case is meant."""

    text: str
    formers: frozenset[str] = frozenset()
    """Earlier ids that it matches, of requirements whose present id it does not match."""
    renamed: frozenset[str] = frozenset()
    """The present ids of these requirements."""

    @classmethod
    def of(cls, text: str, renames: Renames) -> Pattern:
        """A pattern that means a requirement by any of the ids that it has had."""
        wanted = _glob(text.partition("[")[0])
        found = {
            former: now for former, now in renames.now.items() if wanted.fullmatch(former) and not wanted.fullmatch(now)
        }
        return cls(text, frozenset(found), frozenset(found.values()))

    @property
    def names_cases(self) -> bool:
        """Whether it says which cases of a requirement are meant."""
        return "[" in self.text

    def matches(self, requirement: str, case: str) -> bool:
        """Whether a case is meant; `requirement` is the present id."""
        wanted, bracket, cell = self.text.partition("[")
        if requirement not in self.renamed and not _glob(wanted).fullmatch(requirement):
            return False
        return not bracket or bool(_glob(cell.removesuffix("]")).fullmatch(case))

    def present(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The patterns that mean the same by present ids alone; `ids` are all of these.

        One for each requirement that was renamed, and this one itself where it matches any other.
        """
        wanted, bracket, cell = self.text.partition("[")
        own = not self.renamed or any(_glob(wanted).fullmatch(name) for name in ids)
        return (*[self.text] * own, *(f"{name}{bracket}{cell}" for name in sorted(self.renamed)))


def parse(
    texts: Iterable[str], known: Iterable[tuple[str, str]], option: str, renames: Renames = NONE
) -> tuple[Pattern, ...]:
    """Patterns of which each matches one of `known` (requirement id, case name), by present or earlier id.

    Raises UsageError for one that matches nothing.
    """
    pairs = tuple(known)
    patterns = tuple(Pattern.of(text, renames) for text in texts)
    for pattern in patterns:
        if not any(pattern.matches(requirement, case) for requirement, case in pairs):
            message = f"{option}: `{pattern.text}` matches no case{hint(pattern, pairs)}"
            raise UnmatchedPatternError(message, pattern.text)
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


def renamed_in(texts: Iterable[str], renames: Renames) -> tuple[str, ...]:
    """A sentence for each earlier id that these patterns name: what it is now."""
    return renames.notices(former for text in texts for former in sorted(Pattern.of(text, renames).formers))


@cache
def _glob(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")))
