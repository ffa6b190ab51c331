"""The picture of a table of decisions: a question for each condition, and an outcome at each end. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...vendored.catalogue import Decision, Fallback
from .boxes import Box, Line, Style, box, figure, listed

ANY = "any"


@dataclass(frozen=True)
class End:
    """Where a way ends: the outcome, and what else has to hold for it."""

    decision: Decision
    given: Mapping[str, str]


@dataclass(frozen=True)
class Branch:
    """A condition, and where each of its values leads."""

    condition: str
    ways: Mapping[str, Tree]


Tree: TypeAlias = End | Branch


def tree_of(decisions: Sequence[Decision]) -> Tree:
    """The decisions as questions, each asked where its answer matters. Raises ValueError when there is no decision."""
    if not decisions:
        raise ValueError("there is nothing to decide")
    conditions = tuple(dict.fromkeys(name for decision in decisions for name in decision.when))
    return _tree(list(decisions), conditions)


def _tree(rows: Sequence[Decision], left: Sequence[str]) -> Tree:
    """What `rows` decide by the conditions that are `left`: those first that the fewest rows leave open."""
    stated = {name: {row.when.get(name, ANY) for row in rows} for name in left}
    telling = [name for name in left if len(stated[name] - {ANY}) > 1]
    if not telling or len(rows) == 1:
        given = {name: value for name in left for value in [rows[0].when.get(name, ANY)] if value != ANY}
        return End(rows[0], given)
    asked = min(telling, key=lambda name: (sum(row.when.get(name, ANY) == ANY for row in rows), left.index(name)))
    rest = tuple(name for name in left if name != asked)
    values = dict.fromkeys(row.when[asked] for row in rows if row.when.get(asked, ANY) != ANY)
    ways = {value: _tree([r for r in rows if r.when.get(asked, ANY) in (ANY, value)], rest) for value in values}
    ends = {way.decision.outcome + way.decision.answers for way in ways.values() if isinstance(way, End)}
    only = next(iter(ways.values()))
    if len(ends) == 1 and isinstance(only, End) and all(isinstance(way, End) for way in ways.values()):
        return only
    return Branch(asked, ways)


def fallback_picture(fallback: Fallback) -> str:
    """The decisions of a fallback from the first question down."""
    tree = tree_of(fallback.decisions)
    description = "; ".join(_sentences(tree, ()))
    return figure("am-tree", f"{fallback.display_name}: who answers", f"{description}.", _way(tree, ""))


def _sentences(tree: Tree, so_far: tuple[str, ...]) -> list[str]:
    if isinstance(tree, End):
        return [f"{', '.join(so_far)}: {tree.decision.answers.rstrip('.')}"]
    return [
        sentence
        for value, way in tree.ways.items()
        for sentence in _sentences(way, (*so_far, f"{_words(tree.condition)} {_words(value)}"))
    ]


def _way(tree: Tree, label: str) -> str:
    """A way from its first box down; `label` is the answer that leads to it."""
    first = (Line(label, Style.NOTE),) if label else ()
    if isinstance(tree, End):
        given = ", ".join(f"{_words(name)} {_words(value)}" for name, value in tree.given.items())
        more = (Line(f"where {given}", Style.NOTE),) if given else ()
        lines = (*first, Line(tree.decision.outcome, Style.CODE), Line(_plain(tree.decision.answers)), *more)
        return box(Box(lines, "am-outcome"))
    asked = _words(tree.condition)
    question = box(Box((*first, Line(f"{asked}?", Style.TITLE)), "am-question"))
    ways = [_way(way, f"{asked}: {_words(value)}") for value, way in tree.ways.items()]
    return f"{question}\n{listed('am-branches', ways)}"


def _words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")


def _plain(text: str) -> str:
    return text.replace("`", "")
