"""Lays one located value over another by JSON Merge Patch (RFC 7396).

The laws, for a value `patch` that is laid over `target`:

1. Two mappings merge key by key: a key that only one of them has keeps its value, and one that both have is merged.
2. A key whose value is `null` in the patch is removed. One that is not there stays absent.
3. Everything else replaces what is below it whole: scalars, and lists with all their items.

From these follow: a patch without keys changes nothing; the same patch twice is the same as once; a later patch wins
over an earlier one wherever both speak. Neither the target nor the patch is changed.

RFC 7396 cannot state a null, because null removes. The spec needs it ("known to be none"), so one word is added to the
RFC: the text `$null`, anywhere in a patch, is the value null. Within lists, which are replaced whole, `null` is null
as well.

Every node of the result keeps its own file and place: what the patch states lies in the patch's file, and what it
leaves alone in the target's. A mapping that both state lies where the patch states it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .findings import Location
from .yaml_nodes import Node

NULL: Final = "$null"
"""How a patch states the value null."""


@dataclass(frozen=True)
class Idle:
    """A null that removed nothing, and the names that it could have removed."""

    node: Node
    names: Mapping[str, Location]


def merge(target: Node | None, patch: Node, idle: list[Idle] | None = None) -> Node:
    """`target` with `patch` laid over it; without a target, what the patch states by itself.

    A null that has nothing to remove is added to `idle`. The key of the result is the patch's.
    """
    if not isinstance(patch.value, dict):
        return _read_nulls(patch)
    below = target.value if target is not None and isinstance(target.value, dict) else {}
    merged = dict(below)
    for name, node in patch.value.items():
        if node.value is not None:
            merged[name] = merge(below.get(name), node, idle)
        elif merged.pop(name, None) is None and idle is not None:
            idle.append(Idle(node, {key: found.key_location for key, found in below.items()}))
    return _copy(patch, merged)


def _read_nulls(node: Node) -> Node:
    """A value that replaces another, with the word for null read; the node itself where it has none."""
    if node.value == NULL:
        return _copy(node, None)
    if isinstance(node.value, list):
        items = [_read_nulls(item) for item in node.value]
        return node if all(a is b for a, b in zip(items, node.value, strict=True)) else _copy(node, items)
    if isinstance(node.value, dict):
        fields = {name: _read_nulls(below) for name, below in node.value.items()}
        return node if all(fields[name] is node.value[name] for name in fields) else _copy(node, fields)
    return node


def _copy(node: Node, value: object) -> Node:
    copy = Node(node.file, node.line, node.column, node.length, value)
    copy.key = node.key
    return copy
