"""The nearest name that exists, for hints."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from .code_frame import shortened
from .findings import Location

_LONGEST_WORD = 200  # comparing is quadratic in the length, and no id is longer
_MOST_NAMES = 5_000


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name most like `word`, if one is like it at all; none where looking would take too long."""
    names = list(names)
    if len(word) > _LONGEST_WORD or len(names) > _MOST_NAMES:
        return None
    folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    found = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[found[0]] if found else None


def did_you_mean(word: str, names: Iterable[str] | Mapping[str, Location | None]) -> str | None:
    """The question as a hint, with the file and line that the closest name stands in where it is known."""
    name = closest(word, names)
    if name is None:
        return None
    where = names.get(name) if isinstance(names, Mapping) else None
    place = f" ({where.file}:{where.line})" if where else ""
    return f"did you mean `{shortened(name)}`{place}?"
