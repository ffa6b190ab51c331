"""Chooses cases that cover how the values of a requirement's axes meet: a covering array over its cells.

A fault that shows with one pair of values (a dialect and a way to fail, say) shows in each cell with that pair. A run
need not make every cell to see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum, unique
from functools import cache, reduce
from operator import and_
from typing import Any, TypeAlias

Cells: TypeAlias = tuple[tuple[str, ...], ...]
"""Cells by their values, one for each axis, in the order of the axes."""

PAIRS, TRIPLES = 2, 3

FEW = 50
"""A requirement with at most so many cells is thoroughly tested with all of them."""


@unique
class Depth(StrEnum):
    """How many cells of each requirement a run makes."""

    QUICK = "quick"
    """One, and none of a requirement that waits for several seconds."""
    DEFAULT = "default"
    """So many that each pair of values of two axes is in one."""
    THOROUGH = "thorough"
    """So many that each triple of values is in one; all, where a requirement has few."""


def chosen(cells: Iterable[tuple[str, ...]], depth: Depth) -> Cells:
    """Those of some cells that a depth makes, in their order. No two cells are equal, and all have the same axes."""
    every = tuple(cells)
    if depth is Depth.QUICK:
        return every[:1]
    if depth is Depth.THOROUGH:
        return every if len(every) <= FEW else cover(every, TRIPLES)
    return cover(every, PAIRS)


@cache
def cover(cells: Cells, strength: int) -> Cells:
    """Some of the cells, so that each combination of `strength` values of different axes that is in one is in these.

    They are the same ones each time, and in the order of `cells`.
    """
    factors = {str(place): list(dict.fromkeys(values)) for place, values in enumerate(zip(*cells, strict=True))}
    if len(factors) <= strength:
        return cells
    from covertable import make  # few runs need it: most requirements have one or two axes

    rows: Any = make(factors, strength=strength, constraints=[_one_of(cells)])
    covering = {tuple(row[place] for place in factors) for row in rows}
    return tuple(cell for cell in cells if cell in covering)


def _one_of(cells: Cells) -> dict[str, Any]:
    """The constraint that a row is one of the cells; a stream, for example, is not a form of every call.

    covertable asks it of rows that are not whole yet, some ten thousand times. So each value has a number whose bits
    are the cells that have it: what a row has so far is in a cell if its numbers have a bit in common.
    """
    having: dict[tuple[str, str], int] = {}
    for number, cell in enumerate(cells):
        for place, value in enumerate(cell):
            having[str(place), value] = having.get((str(place), value), 0) | 1 << number

    def is_possible(row: Mapping[str, str]) -> bool:
        return reduce(and_, (having[known] for known in row.items()), -1) != 0

    begun = {"operator": "fn", "requires": [], "evaluate": is_possible}
    whole = {"operator": "fn", "requires": [str(place) for place in range(len(cells[0]))], "evaluate": is_possible}
    return {"operator": "and", "conditions": [begun, whole]}
