"""All pairs of the values of several axes, in few rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)
Row = dict[str, Value]
Pair = tuple[tuple[str, Value], tuple[str, Value]]


def all_pairs(axes: Mapping[str, Sequence[Value]], allowed: Callable[[Row[Value]], bool]) -> list[Row[Value]]:
    """Rows in which every pair of values of two axes stands that some allowed row can hold.

    Greedy and deterministic: the first pair that is not covered yet is put into the allowed row that covers most
    others; of equal ones the first is taken.
    """
    rows = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    holding: dict[Pair[Value], list[Row[Value]]] = {}
    for row in filter(allowed, rows):
        for pair in pairs_of(row):
            holding.setdefault(pair, []).append(row)
    wanted = dict.fromkeys(holding)
    chosen = []
    while wanted:
        best = max(holding[next(iter(wanted))], key=lambda row: sum(pair in wanted for pair in pairs_of(row)))
        for pair in pairs_of(best):
            wanted.pop(pair, None)
        chosen.append(best)
    return chosen


def pairs_of(row: Row[Value]) -> Iterator[Pair[Value]]:
    """Every pair of values in a row, each with its axis."""
    yield from combinations(row.items(), 2)
