"""The laws by which a layer is laid over what is below it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ampmap_generator.load.merge import NULL, Idle, merge
from ampmap_generator.load.yaml_nodes import Node, parse
from hypothesis import given
from hypothesis import strategies as st

# RFC 7396, appendix A: original, patch, result
APPENDIX_A = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


def node(value: Any, file: str = "below") -> Node:
    found, findings = parse(json.dumps(value), file)
    assert findings == []
    assert found is not None
    return found


def merged(target: Any, patch: Any) -> Any:
    return merge(node(target), node(patch)).plain()


def rfc(target: Any, patch: Any) -> Any:
    """The RFC's own pseudocode (section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = rfc(result.get(name), value)
    return result


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", "unknown", "null"])
NAMES = st.sampled_from("abcd")
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(NAMES, VALUES, max_size=4)


@pytest.mark.parametrize(("target", "patch", "result"), APPENDIX_A, ids=[str(row[1]) for row in APPENDIX_A])
def test_the_rfcs_examples(target: Any, patch: Any, result: Any) -> None:
    assert merged(target, patch) == result


@given(VALUES, VALUES)
def test_it_is_the_rfcs_merge(target: Any, patch: Any) -> None:
    assert merged(target, patch) == rfc(target, patch)


@given(MAPPINGS)
def test_a_patch_without_keys_changes_nothing(target: Any) -> None:
    assert merged(target, {}) == target


@given(VALUES, VALUES)
def test_twice_is_the_same_as_once(target: Any, patch: Any) -> None:
    once = merge(node(target), node(patch))

    assert merge(once, node(patch)).plain() == once.plain()


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_the_later_layer_wins_and_others_stay(target: Any, first: Any, second: Any) -> None:
    both = merge(merge(node(target), node(first)), node(second)).plain()

    for name, value in second.items():
        if value is None:
            assert name not in both
        elif not isinstance(value, dict):
            assert both[name] == value
    alone = merged(target, first)
    assert {name: both[name] for name in both if name not in second} == {
        name: alone[name] for name in alone if name not in second
    }


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_layers_that_speak_of_different_things_go_in_any_order(target: Any, first: Any, second: Any) -> None:
    second = {name: value for name, value in second.items() if name not in first}

    one = merge(merge(node(target), node(first)), node(second)).plain()
    other = merge(merge(node(target), node(second)), node(first)).plain()

    assert one == other


def snapshot(tree: Node) -> list[Any]:
    children = [part for step, below in tree.children() for part in (step, below.key, *snapshot(below))]
    return [id(tree), tree.location, tree.key, tree.plain(), *children]


@given(VALUES, VALUES)
def test_neither_side_is_changed(target: Any, patch: Any) -> None:
    below, above = node(target), node(patch)
    before = snapshot(below), snapshot(above)

    merge(below, above)

    assert (snapshot(below), snapshot(above)) == before


@given(VALUES, VALUES)
def test_whatever_is_not_touched_is_the_same_node(target: Any, patch: Any) -> None:
    below, above = node(target), node(patch)

    result = merge(below, above)

    if isinstance(patch, dict) and isinstance(target, dict):
        assert all(result.child(name) is below.child(name) for name in target if name not in patch)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": 1}, {"a": NULL}, {"a": None}),
        ({}, {"a": {"b": NULL}}, {"a": {"b": None}}),
        ({"a": 1}, {"a": [1, NULL, None, {"b": NULL, "c": None}]}, {"a": [1, None, None, {"b": None, "c": None}]}),
        ({"a": None}, {"b": 1}, {"a": None, "b": 1}),
        ({"a": None}, {"a": None}, {}),
    ],
)
def test_the_word_for_null_states_what_null_removes(target: Any, patch: Any, result: Any) -> None:
    assert merged(target, patch) == result


def test_every_node_keeps_the_file_that_states_it() -> None:
    below, above = node({"a": {"b": 1, "c": 2}, "d": 3}), node({"a": {"b": 9}}, "above")

    result = merge(below, above)

    files = {pointer: result.at(pointer) for pointer in (("a",), ("a", "b"), ("a", "c"), ("d",))}
    assert {pointer: found and found.file for pointer, found in files.items()} == {
        ("a",): "above",
        ("a", "b"): "above",
        ("a", "c"): "below",
        ("d",): "below",
    }


def test_a_null_that_removes_nothing_is_told_with_the_names_that_are_there() -> None:
    idle: list[Idle] = []

    merge(node({"a": {"b": 1}, "c": 2}), node({"a": {"x": None, "b": None}, "y": {"z": None}, "c": None}), idle)

    assert [(each.node.key and each.node.key.value, list(each.names)) for each in idle] == [("x", ["b"]), ("z", [])]
