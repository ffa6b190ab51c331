"""A fact that is deleted, renamed or mistyped is noticed at every place that names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ampmap_generator.check.consistency import CHECKS, RULES
from ampmap_generator.check.links import Spot, Use, uses
from ampmap_generator.check.spec_index import SpecIndex
from ampmap_generator.compile import compile_editions, plain
from ampmap_generator.diff.changes import differences
from ampmap_generator.load.findings import Finding
from ampmap_generator.load.spec import LocatedFact, Spec, SpecEntry, load


@pytest.fixture(scope="module")
def spec(repository_spec: Path) -> Spec:
    return load(repository_spec)[0]


@pytest.fixture(scope="module")
def defined(spec: Spec) -> list[tuple[SpecEntry, list[Use]]]:
    """Every fact of the base edition, with every place that names it."""
    index = SpecIndex(spec)
    by_place: dict[object, list[Use]] = {}
    for use in uses(spec):
        names = use.link.target(Spot(index, use.entry, use.pointer, use.name)) or {}
        by_place.setdefault(names.get(use.name), []).append(use)
    return [(entry, by_place.get(entry.location, [])) for entry in spec.entries]


def without(spec: Spec, entry: SpecEntry, *more: SpecEntry) -> Spec:
    """The spec as it would be read if the fact were not in its files, or others in its place."""
    facts = {kind: dict(located) for kind, located in spec.facts.items()}
    platforms = {
        name: {kind: dict(located) for kind, located in kinds.items()} for name, kinds in spec.platforms.items()
    }
    kinds = facts if entry.platform is None else platforms[entry.platform]
    fact = kinds[entry.kind.name].pop(entry.key)
    for other in more:
        value = fact.value.model_copy(update={"id": other.id})
        kinds[entry.kind.name][other.key] = LocatedFact(
            other.kind, other.platform, other.stem, other.id, other.node, value
        )
    entries = (*(known for known in spec.entries if known is not entry), *more)
    return replace(spec, facts=facts, platforms=platforms, entries=entries)


def wrong_names(spec: Spec) -> list[Finding]:
    """What the rule on names says. The other rules do not look at what a name stands for, and would take most time."""
    rule = RULES["unknown-reference"]
    return [rule.broken(*wrong) for wrong in CHECKS[rule](SpecIndex(spec))]


@pytest.mark.long
def test_deleting_any_fact_that_is_named_is_told_at_every_place_that_names_it(
    spec: Spec, defined: list[tuple[SpecEntry, list[Use]]]
) -> None:
    named = [(entry, found) for entry, found in defined if found]
    for entry, found in named:
        wrong = wrong_names(without(spec, entry))

        told = {(where.file, where.line, where.column) for finding in wrong if (where := finding.location)}
        expected = [use for use in found if use.entry is not entry]
        missing = [use for use in expected if (use.location.file, use.location.line, use.location.column) not in told]
        assert missing == [], entry.path

    assert len(named) > 120


@pytest.mark.long
def test_renaming_any_fact_that_is_named_is_told_and_the_new_name_suggested(
    spec: Spec, defined: list[tuple[SpecEntry, list[Use]]]
) -> None:
    for entry, found in defined:
        by_id = [use for use in found if use.entry is not entry and use.name in (entry.id, entry.key)]
        if not by_id or entry.kind.name in ("about", "agent_modes") or len(entry.id) < 4:
            continue  # a platform goes by its folder, a mode by its name; and nothing is like a very short id
        changed_id = entry.id[:-1] + ("x" if entry.id[-1] != "x" else "y")
        stem = changed_id if entry.stem == entry.id else entry.stem

        wrong = wrong_names(without(spec, entry, SpecEntry(entry.kind, entry.platform, stem, changed_id, entry.node)))

        hints = [finding.hint or "" for finding in wrong]
        assert hints, entry.path
        assert any(f"`{changed_id}`" in hint or f"/{changed_id}`" in hint for hint in hints), (entry.path, hints)


def test_deleting_a_fact_that_nothing_names_is_a_breaking_change(
    spec: Spec, defined: list[tuple[SpecEntry, list[Use]]]
) -> None:
    """No reference can tell; the comparison with what was released does, by its path."""
    reference = plain(next(iter(compile_editions(spec).values())))
    for entry, found in defined:
        if found or entry.kind.name in ("suppressions", "editions", "about"):
            continue
        kinds = reference if entry.platform is None else reference["platforms"][entry.platform]
        kept = {key: fact for key, fact in kinds[entry.kind.name].items() if key != entry.key}
        old, new = ({"edition": {"id": "e"}, **around(entry, facts)} for facts in (kinds[entry.kind.name], kept))

        assert [change.path for change in differences(old, new)] == [entry.path]


def around(entry: SpecEntry, facts: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {entry.kind.name: facts}
    return kinds if entry.platform is None else {"platforms": {entry.platform: {"id": entry.platform, **kinds}}}


def test_mistyping_any_name_is_noticed(spec: Spec) -> None:
    """In every edition: the name with a letter more stands for nothing."""
    noticed = 0
    for edition in spec.editions:
        index = SpecIndex(spec.of(edition))
        for use in uses(index.spec):
            for typo in (f"{use.name}q", use.name[:-1] + "\u00fc"):
                names = use.link.target(Spot(index, use.entry, use.pointer, typo))
                assert names is None or typo not in names, (edition, str(use.location))
                noticed += names is not None

    assert noticed > 15_000
