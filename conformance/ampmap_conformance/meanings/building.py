"""Builds a body out of templates that are filled one after the other: each adds its meaning to what is there. Pure.

An item of a list joins the last one where the two share what the templates say in words (`role: user`) or list, and no
value contradicts. So the blocks of one turn come to stand in one message, and a second text in a message of its own
where a message has one text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..reference.types import filled, placeholders


@dataclass(frozen=True, slots=True)
class _Leaf:
    value: Any
    literal: bool


@dataclass(frozen=True, slots=True)
class _Object:
    members: dict[str, _Node]


@dataclass(frozen=True, slots=True)
class _List:
    items: list[_Node]


_Node: TypeAlias = _Leaf | _Object | _List


class Body:
    """A body that grows by meanings."""

    def __init__(self) -> None:
        self._root: _Node = _Object({})

    def add(self, template: Any, values: Mapping[str, Any]) -> None:
        """Add what `template` says with `values`. Raises ValueError where something else stands in its place."""
        node = _node(template, values)
        joined = self._root if node is None else _joined(self._root, node)
        if joined is None:
            raise ValueError("the body already says something else in this place")
        self._root = joined

    def json(self) -> dict[str, Any]:
        """The body so far."""
        result: dict[str, Any] = _plain(self._root)
        return result


def fits(template: Any, values: Mapping[str, Any]) -> bool:
    """Whether `values` has all that a template must have."""
    return all(values.get(name) is not None for name, needed in placeholders(template).items() if needed)


def _node(template: Any, values: Mapping[str, Any]) -> _Node | None:
    if isinstance(template, dict):
        members = {key: _node(part, values) for key, part in template.items()}
        kept = {key: node for key, node in members.items() if node is not None}
        return _Object(kept) if kept or not members else None
    if isinstance(template, list | tuple):
        items = [node for node in (_node(part, values) for part in template) if node is not None]
        return _List(items) if items or not template else None
    value = filled(template, values)
    return None if value is None else _Leaf(value, literal=not placeholders(template))


def _joined(ours: _Node, theirs: _Node) -> _Node | None:
    """Both as one; None where they contradict each other."""
    if isinstance(ours, _Leaf) and isinstance(theirs, _Leaf):
        return ours if ours.literal and theirs.literal and ours.value == theirs.value else None
    if isinstance(ours, _List) and isinstance(theirs, _List):
        if not ours.items or not theirs.items:
            return _List([*ours.items, *theirs.items])
        last = _joined(ours.items[-1], theirs.items[0]) if _share(ours.items[-1], theirs.items[0]) else None
        middle = [ours.items[-1], theirs.items[0]] if last is None else [last]
        return _List([*ours.items[:-1], *middle, *theirs.items[1:]])
    if isinstance(ours, _Object) and isinstance(theirs, _Object):
        members = dict(ours.members)
        for key, node in theirs.members.items():
            joined = _joined(members[key], node) if key in members else node
            if joined is None:
                return None
            members[key] = joined
        return _Object(members)
    return None


def _share(ours: _Node, theirs: _Node) -> bool:
    """Whether two items of a list have a member in common: else each is an item of its own."""
    return isinstance(ours, _Object) and isinstance(theirs, _Object) and bool(ours.members.keys() & theirs.members)


def _plain(node: _Node) -> Any:
    if isinstance(node, _Object):
        return {key: _plain(part) for key, part in node.members.items()}
    return [_plain(part) for part in node.items] if isinstance(node, _List) else node.value
