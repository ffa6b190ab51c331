"""A fact that is deleted, renamed or mistyped is noticed at every place that names it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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

AT_ONCE = 12
"""How many facts of a spec are changed at once."""


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


def changed(spec: Spec, changes: Sequence[tuple[SpecEntry, SpecEntry | None]]) -> Spec:
    """The spec as it would be read if each first fact were not in its files, and the second stood in its place."""
    facts = {kind: dict(located) for kind, located in spec.facts.items()}
    platforms = {
        name: {kind: dict(located) for kind, located in kinds.items()} for name, kinds in spec.platforms.items()
    }
    for entry, other in changes:
        kinds = facts if entry.platform is None else platforms[entry.platform]
        fact = kinds[entry.kind.name].pop(entry.key)
        if other is not None:
            value = fact.value.model_copy(update={"id": other.id})
            kinds[entry.kind.name][other.key] = LocatedFact(
                other.kind, other.platform, other.stem, other.id, other.node, value
            )
    gone = {id(entry) for entry, _ in changes}
    added = [other for _, other in changes if other is not None]
    return replace(
        spec,
        facts=facts,
        platforms=platforms,
        entries=(*(known for known in spec.entries if id(known) not in gone), *added),
    )


def batches(found: Sequence[tuple[SpecEntry, list[Use]]], *, share: float) -> list[list[tuple[SpecEntry, list[Use]]]]:
    """Facts that can be changed at once, since each look at the whole spec costs much.

    None of them names another one. `share` is the most of a kind's facts that a batch has, and one at least: some names
    are looked up only where there are facts to look up.
    """
    kinds = Counter((entry.platform, entry.kind.name) for entry, _ in found)
    made: list[list[tuple[SpecEntry, list[Use]]]] = []
    for entry, places in found:
        kind = (entry.platform, entry.kind.name)
        most = max(1, int(share * kinds[kind]))
        for batch in made:
            alike = sum((other.platform, other.kind.name) == kind for other, _ in batch)
            if len(batch) < AT_ONCE and alike < most and not _name_each_other(entry, places, batch):
                batch.append((entry, places))
                break
        else:
            made.append([(entry, places)])
    return made


def _name_each_other(entry: SpecEntry, places: list[Use], batch: list[tuple[SpecEntry, list[Use]]]) -> bool:
    return any(
        any(use.entry is other for use in places) or any(use.entry is entry for use in found) for other, found in batch
    )


def wrong_names(spec: Spec) -> list[Finding]:
    """What the rule on names says. The other rules do not look at what a name stands for, and would take most time."""
    rule = RULES["unknown-reference"]
    return [rule.broken(*wrong) for wrong in CHECKS[rule](SpecIndex(spec))]


def test_deleting_any_fact_that_is_named_is_told_at_every_place_that_names_it(
    spec: Spec, defined: list[tuple[SpecEntry, list[Use]]]
) -> None:
    named = [(entry, found) for entry, found in defined if found]
    for batch in batches(named, share=0.25):
        wrong = wrong_names(changed(spec, [(entry, None) for entry, _ in batch]))

        told = {(where.file, where.line, where.column) for finding in wrong if (where := finding.location)}
        for entry, found in batch:
            expected = [use for use in found if use.entry is not entry]
            places = {(use.location.file, use.location.line, use.location.column) for use in expected}
            assert places - told == set(), entry.path

    assert len(named) > 120


def test_renaming_any_fact_that_is_named_is_told_and_the_new_name_suggested(
    spec: Spec, defined: list[tuple[SpecEntry, list[Use]]]
) -> None:
    named = [
        (entry, found)
        for entry, found in defined
        # A platform goes by its folder, a mode by its name; and nothing is like a very short id.
        if entry.kind.name not in ("about", "agent_modes") and len(entry.id) >= 4
        if any(use.entry is not entry and use.name in (entry.id, entry.key) for use in found)
    ]
    for batch in batches(named, share=0):
        renamed = [(entry, with_another_id(entry)) for entry, _ in batch]
        hints = hints_of(changed(spec, renamed))
        for entry, other in renamed:
            # Another new name of the batch may be nearer.
            assert suggests(hints, other) or suggests(hints_of(changed(spec, [(entry, other)])), other), entry.path

    assert len(named) > 80


def hints_of(spec: Spec) -> list[str]:
    return [finding.hint or "" for finding in wrong_names(spec)]


def suggests(hints: list[str], entry: SpecEntry) -> bool:
    return any(f"`{entry.id}`" in hint or f"/{entry.id}`" in hint for hint in hints)


def with_another_id(entry: SpecEntry) -> SpecEntry:
    """The entry, its id changed in the last letter."""
    id_ = entry.id[:-1] + ("x" if entry.id[-1] != "x" else "y")
    return SpecEntry(entry.kind, entry.platform, id_ if entry.stem == entry.id else entry.stem, id_, entry.node)


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
