"""The fewest selection patterns that match some cases and none but allowed ones. Pure.

Patterns are made from the words of ids and names: a requirement as it is, its beginning (`headers.*`), or any; a case
as it is, its beginning, its end, both, some words from within, or any. Among these the number is the least there is,
unless the search for it grows beyond `STEPS`; then it is small.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..cases.selection import Pattern

STEPS = 20_000
"""Branches after which the search settles for the best cover found so far."""
LONGEST_MIDDLE = 3
"""Most words in a pattern like `*-chat.completions*`."""

Pair = tuple[str, str]
"""Requirement id and case name."""


@dataclass(frozen=True)
class Candidate:
    """A pattern and, as the bits of a number, which of the wanted cases it matches."""

    text: str
    covers: int


def fewest(
    wanted: Collection[Pair], allowed: Collection[Pair], among: Sequence[Pair], prefer: Collection[str] = ()
) -> tuple[str, ...]:
    """Patterns that match all of `wanted`, and of `among` none that is not in `allowed`; sorted.

    `allowed` contains `wanted`. Of patterns that do the same those in `prefer` win, then those that match less else.
    """
    targets = sorted(wanted)
    candidates = _candidates(targets, frozenset(allowed), among, frozenset(prefer))
    everything = (1 << len(targets)) - 1
    return tuple(sorted(candidate.text for candidate in _Search(candidates).cover(everything)))


def case_globs(name: str) -> Iterator[str]:
    """Globs that match a case's name."""
    words = name.split("-")
    yield name
    ends = range(1, len(words))
    for cut in ends:
        start, end = "-".join(words[:cut]), "-".join(words[cut:])
        yield from (f"{start}*", f"{start}-*", f"*-{end}")
        yield from (f"{start}-*-{'-'.join(words[after:])}" for after in range(cut + 1, len(words)))
    for first in range(1, len(words)):
        for last in range(first + 1, min(first + LONGEST_MIDDLE, len(words)) + 1):
            middle = "-".join(words[first:last])
            yield f"*-{middle}*"
            if last < len(words):
                yield f"*-{middle}-*"


def requirement_globs(name: str) -> Iterator[str]:
    """Globs that match a requirement's id."""
    yield name
    profile, dot, rule = name.partition(".")
    words = rule.split("-")
    yield from (f"{profile}{dot}{'-'.join(words[:cut])}-*" for cut in range(1, len(words)))
    yield from (f"{profile}.*", "*")


def glob_matches(glob: str, text: str) -> bool:
    """Whether a glob with at most two stars matches a text."""
    first, *rest = glob.split("*")
    if not rest:
        return text == glob
    *middle, last = rest
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    inner = text[len(first) : len(text) - len(last)]
    return all(part in inner for part in middle)


def _candidates(
    targets: Sequence[Pair], allowed: frozenset[Pair], among: Sequence[Pair], prefer: frozenset[str]
) -> list[Candidate]:
    pairs = list(dict.fromkeys((*targets, *among)))
    wanted = (1 << len(targets)) - 1
    forbidden = sum(1 << place for place, pair in enumerate(pairs) if pair not in allowed)
    rows = _Index((pair[0] for pair in pairs), {g for name, _ in targets for g in requirement_globs(name)})
    cells = _Index((pair[1] for pair in pairs), {g for _, name in targets for g in case_globs(name)})
    found = {text: sum(1 << n for n, pair in enumerate(pairs) if Pattern(text).matches(*pair)) for text in prefer}
    for requirement, case in targets:
        for row in requirement_globs(requirement):
            found[row] = rows.masks[row]
            for cell in case_globs(case):
                found[f"{row}[{cell}]"] = rows.masks[row] & cells.masks[cell]
    best: dict[int, tuple[tuple[object, ...], str]] = {}
    for text, matched in found.items():
        if matched & wanted and not matched & forbidden:
            rank = (text not in prefer, matched.bit_count(), *_breadth(text), len(text), text)
            held = best.get(matched & wanted)
            if held is None or rank < held[0]:
                best[matched & wanted] = (rank, text)
    return _undominated(Candidate(text, covers) for covers, (_, text) in best.items())


def _breadth(text: str) -> tuple[int, int]:
    """How much a pattern leaves open: in the requirement, then in the case."""
    row, bracket, cell = text.partition("[")
    return ("*" in row) + row.endswith(".*") + 2 * (row == "*"), cell.count("*") + 1 if bracket else 0


class _Index:
    """For each glob the places of the texts that it matches, as bits."""

    def __init__(self, texts: Iterable[str], globs: Iterable[str]) -> None:
        places: dict[str, int] = {}
        for place, text in enumerate(texts):
            places[text] = places.get(text, 0) | 1 << place
        self.masks: dict[str, int] = {}
        for glob in globs:
            if "*" not in glob:
                self.masks[glob] = places.get(glob, 0)
                continue
            mask = 0
            for text, at in places.items():
                if glob_matches(glob, text):
                    mask |= at
            self.masks[glob] = mask


def _undominated(candidates: Iterable[Candidate]) -> list[Candidate]:
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (-c.covers.bit_count(), c.text)):
        if candidate.covers and not any(candidate.covers & other.covers == candidate.covers for other in kept):
            kept.append(candidate)
    return kept


class _Search:
    """Least cover by branch and bound: what only one candidate covers is settled first, then the rarest bit."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._steps = STEPS

    def cover(self, bits: int) -> list[Candidate]:
        """The fewest candidates that cover `bits`, which they can."""
        best = self._greedy(bits)
        return self._better(bits, list(self._candidates), len(best)) or best

    def _greedy(self, bits: int) -> list[Candidate]:
        chosen = []
        while bits:
            chosen.append(max(self._candidates, key=lambda c: (c.covers & bits).bit_count()))
            bits &= ~chosen[-1].covers
        return chosen

    def _better(self, bits: int, candidates: list[Candidate], limit: int) -> list[Candidate] | None:
        """A cover of fewer than `limit` candidates, or None."""
        if not bits:
            return [] if limit > 0 else None
        left = _undominated(Candidate(c.text, c.covers & bits) for c in candidates)
        largest = left[0].covers.bit_count()
        if -(-bits.bit_count() // largest) >= limit or self._steps <= 0:
            return None
        self._steps -= 1
        best = None
        for candidate in self._branches(bits, left):
            rest = self._better(bits & ~candidate.covers, left, limit - 1)
            if rest is not None:
                best = [candidate, *rest]
                limit = len(best)
        return best

    @staticmethod
    def _branches(bits: int, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The candidates for the bit that the fewest cover."""
        once, more = 0, 0
        for candidate in candidates:
            more |= once & candidate.covers
            once |= candidate.covers
        single = bits & once & ~more
        if single:
            lowest = single & -single
            return [next(c for c in candidates if c.covers & lowest)]
        rarest: list[Candidate] = []
        while bits:
            lowest = bits & -bits
            covering = [c for c in candidates if c.covers & lowest]
            if not rarest or len(covering) < len(rarest):
                rarest = covering
            bits ^= lowest
        return rarest
