"""A few selection patterns that match some cases and none but allowed ones: the pattern that matches most comes first.

Patterns are made from the words of ids and names: a requirement as it is, its beginning (`headers.*`), or any; a case
as it is, some words of it, its beginning with its end, or any. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import TypeAlias

from ..cases.selection import Pattern

Pair: TypeAlias = tuple[str, str]
"""Requirement id and case name."""
Rank: TypeAlias = tuple[bool, int, int, bool, int, str]
"""Which of two patterns is better; the last is its text."""


def few_patterns(
    wanted: Collection[Pair], allowed: Collection[Pair], among: Sequence[Pair], prefer: Collection[str] = ()
) -> tuple[str, ...]:
    """Patterns that match all of `wanted`, and of `among` none that is not in `allowed`; sorted.

    `allowed` contains `wanted`. Of patterns that match as many those in `prefer` win, then those that match less else.
    """
    targets = sorted(set(wanted))
    pairs = list(dict.fromkeys((*targets, *among)))
    left = (1 << len(targets)) - 1
    forbidden = _bits(pair not in allowed for pair in pairs)
    best: dict[int, Rank] = {}  # of the patterns that match the same wanted cases, the first
    for text, matched in _candidates(targets, pairs, prefer).items():
        if not matched & forbidden:
            rank = (text not in prefer, matched.bit_count(), text.count("*"), "[" not in text, len(text), text)
            best[matched & left] = min(rank, best.get(matched & left, rank))
    chosen: list[int] = []
    while left:
        chosen.append(min(best, key=lambda matched: (-(matched & left).bit_count(), best[matched])))
        left &= ~chosen[-1]
    for matched in tuple(chosen):  # what later patterns match altogether is not needed
        others = [other for other in chosen if other != matched]
        if not matched & ~_union(others):
            chosen = others
    return tuple(sorted(best[matched][-1] for matched in chosen))


def requirement_globs(name: str) -> Iterator[str]:
    """Globs that match a requirement's id."""
    profile, dot, rule = name.partition(".")
    words = rule.split("-")
    yield from (name, f"{profile}.*", "*")
    yield from (f"{profile}{dot}{'-'.join(words[:cut])}-*" for cut in range(1, len(words)))


def case_globs(name: str) -> Iterator[str]:
    """Globs that match a case's name."""
    words = name.split("-")
    for start, end in combinations(range(len(words) + 1), 2):
        some = "-".join(words[start:end])
        for tail in ("*", "-*") if end < len(words) else ("",):
            yield f"{'*-' if start else ''}{some}{tail}"
        if start and end < len(words):
            yield f"{'-'.join(words[:start])}-*-{'-'.join(words[end:])}"


def _candidates(wanted: Sequence[Pair], pairs: Sequence[Pair], prefer: Iterable[str]) -> dict[str, int]:
    """Patterns, each with the places in `pairs` that it matches, as bits."""
    rows = _matches({glob for name, _ in wanted for glob in requirement_globs(name)}, [name for name, _ in pairs])
    cells = _matches({glob for _, name in wanted for glob in case_globs(name)}, [name for _, name in pairs])
    found = {text: _bits(Pattern(text).matches(*pair) for pair in pairs) for text in prefer}
    for requirement, case in wanted:
        for row in requirement_globs(requirement):
            found[row] = rows[row]
            found |= {f"{row}[{cell}]": rows[row] & cells[cell] for cell in case_globs(case)}
    return found


def _matches(globs: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    """For each glob the places of the names that it matches, as bits."""
    places = {name: _bits(name == other for other in names) for name in set(names)}
    patterns = {glob: re.compile(".*".join(map(re.escape, glob.split("*")))) for glob in globs}
    return {
        glob: _union(at for name, at in places.items() if pattern.fullmatch(name)) for glob, pattern in patterns.items()
    }


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << place for place, flag in enumerate(flags) if flag)


def _union(sets: Iterable[int]) -> int:
    whole = 0
    for one in sets:
        whole |= one
    return whole
