"""The nearest names that exist, for hints."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from .code_frame import shorten
from .findings import Location

CUTOFF: Final = 0.6
"""How alike two names must be, from 0 to 1, for one to be suggested for the other."""

_LONGEST_WORD = 200  # comparing is quadratic in the length, and no id is longer
_MOST_NAMES = 5_000
_WORD = re.compile(r"[-_./]?[^-_./]*")


def near(word: str, names: Iterable[str], *, most: int, cutoff: float = CUTOFF) -> tuple[str, ...]:
    """At most `most` names that are like `word`, the most alike first; none where looking would take too long.

    An ending that both share, such as `-docs`, does not make them alike: what comes before it must be alike as well.
    """
    names = list(names)
    if len(word) > _LONGEST_WORD or len(names) > _MOST_NAMES:
        return ()
    wanted = word.casefold()
    folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    alike = difflib.get_close_matches(wanted, folded, n=most, cutoff=cutoff)
    return tuple(folded[name] for name in alike if _is_alike_without_ending(wanted, name, cutoff))


def _is_alike_without_ending(word: str, name: str, cutoff: float) -> bool:
    mine, other = _WORD.findall(word), _WORD.findall(name)
    while mine and other and mine[-1] == other[-1]:
        mine.pop()
        other.pop()
    before, after = "".join(mine), "".join(other)
    return not before or not after or difflib.SequenceMatcher(None, before, after).ratio() >= cutoff


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name most like `word`, if one is like it at all; none where looking would take too long."""
    return next(iter(near(word, names, most=1)), None)


def did_you_mean(word: str, names: Iterable[str] | Mapping[str, Location | None]) -> str | None:
    """The question as a hint, with the file and line that the closest name stands in where it is known."""
    name = closest(word, names)
    if name is None:
        return None
    where = names.get(name) if isinstance(names, Mapping) else None
    place = f" ({where.file}:{where.line})" if where else ""
    return f"did you mean `{shorten(name)}`{place}?"
