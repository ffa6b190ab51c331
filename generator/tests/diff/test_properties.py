"""What holds for any two references: nothing differs from itself, and the changes lead from one to the other."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from ampmap_generator.diff.changes import ABSENT, ChangeKind, Key, by_name, differences, facts_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .small_reference import Plain

FEW = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b", "unknown"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdn"), inner, max_size=3),
    max_leaves=8,
)
NAMED = st.fixed_dictionaries(
    {"name": st.sampled_from("ABCD"), "value": JSON}, optional={"renamed_from": st.sampled_from("ABCD")}
)
FACT = st.dictionaries(
    st.sampled_from(["x", "y", "lifecycle", "roots", "operations"]), JSON | st.lists(NAMED, max_size=3)
)
FACTS = st.dictionaries(st.sampled_from(["p", "q", "p/q"]), FACT, max_size=3)
REFERENCE = st.fixed_dictionaries(
    {
        "digest": st.sampled_from(["sha256:a", "sha256:b"]),
        "edition": st.fixed_dictionaries({"id": st.sampled_from(["e", "f"])}),
        "providers": FACTS,
        "models": FACTS,
        "headers": FACTS,
        "platforms": st.dictionaries(
            st.sampled_from(["r", "s"]),
            st.fixed_dictionaries({"id": st.just("r"), "about": FACT, "rules": FACTS}),
            max_size=2,
        ),
    }
)


@FEW
@given(reference=REFERENCE)
def test_nothing_differs_from_itself(reference: Plain) -> None:
    assert differences(reference, copy.deepcopy(reference)) == ()


@FEW
@given(old=REFERENCE, new=REFERENCE)
def test_the_changes_lead_from_the_old_to_the_new(old: Plain, new: Plain) -> None:
    """Every changed leaf is told: put in its place, the changes give the newer facts. And nothing else is told."""
    facts: dict[Key, Any] = copy.deepcopy(dict(facts_of(old)))
    for change in differences(old, new):
        key = (change.scope, change.id)
        if change.kind is ChangeKind.RENAMED and not change.field:
            facts.pop((change.scope, change.renamed_from or ""), None)
        place: Any = holder(facts, (key, *change.field)[:-1])
        if change.kind is ChangeKind.RENAMED and change.field:
            place.pop(change.renamed_from, None)
        if change.after is ABSENT:
            del place[(key, *change.field)[-1]]
        else:
            assert change.kind is ChangeKind.RENAMED or canonical(change.before) != canonical(change.after)
            place[(key, *change.field)[-1]] = copy.deepcopy(change.after)

    assert as_text(facts) == as_text(facts_of(new))


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def holder(place: Any, way: tuple[Any, ...]) -> Any:
    """The mapping at the end of a way; an empty list of named items becomes the mapping of them."""
    for step in way:
        if place[step] == []:
            place[step] = {}
        place = place[step]
    return place


def as_text(facts: Mapping[Key, Any]) -> dict[str, str]:
    return {"/".join(key): canonical(without_empty(fact)) for key, fact in facts.items()}


def without_empty(value: Any) -> Any:
    """No list of named items and an empty one of them are both nothing."""
    if isinstance(value, dict):
        return {key: without_empty(inner) for key, inner in value.items()} or []
    return [without_empty(inner) for inner in value] if isinstance(value, list) else value


def test_named_items_are_compared_by_name_only_where_all_have_one() -> None:
    assert by_name([{"name": "a"}, {"name": "b"}]) == {"a": {"name": "a"}, "b": {"name": "b"}}
    assert by_name([{"name": "a"}, {"name": "a"}]) == [{"name": "a"}, {"name": "a"}]
    assert by_name([{"name": "a"}, {}]) == [{"name": "a"}, {}]
    assert by_name([]) == []
