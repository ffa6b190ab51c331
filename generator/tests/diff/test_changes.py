"""Every changed leaf is told once, with a severity that a row of the table decides."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from ampmap_generator.diff.changes import ABSENT, Change, differences
from ampmap_generator.diff.diff_rule import Gravity
from ampmap_generator.diff.report import report
from ampmap_generator.diff.severity import TABLE, rule_for

from .small_reference import BASE, LATER, Plain, changed, small

# path of what is changed, its new value, the changes: path, kind, severity; a word of the migration
ROWS: list[tuple[str, Any, list[tuple[str, str, str]], str]] = [
    ("providers>zen", ABSENT, [("providers/zen", "removed", "breaking")], "Keep its routes only for older clients"),
    ("providers>new", {"id": "new"}, [("providers/new", "added", "addition")], ""),
    (
        "providers>acme>base_path",
        "/api/provider/acme/v1",
        [("providers/acme/base_path", "changed", "breaking")],
        "from `/api/provider/acme` to `/api/provider/acme/v1`",
    ),
    ("providers>acme>display_name", "ACME", [("providers/acme/display_name", "changed", "note")], ""),
    ("providers>acme>warning", ABSENT, [("providers/acme/warning", "removed", "note")], ""),
    ("providers>acme>warning", "w", [("providers/acme/warning", "changed", "note")], ""),
    ("providers>acme>upstream", "unknown", [("providers/acme/upstream", "changed", "note")], ""),
    (
        "providers>acme>client_credentials",
        ["x-api-key"],
        [
            ("providers/acme/client_credentials", "items removed", "breaking"),
            ("providers/acme/client_credentials", "items added", "breaking"),
        ],
        "Read the client's key from `x-api-key` on the routes of `acme`; it was `authorization-bearer`",
    ),
    (
        "providers>acme>placeholder_credentials",
        ["x-goog-api-key"],
        [("providers/acme/placeholder_credentials", "added", "breaking")],
        "Ignore `placeholder_credentials`",
    ),
    (
        "providers>acme>operations>chat",
        ["models.list", "chat.completions", "embed"],
        [
            ("providers/acme/operations.chat", "items added", "addition"),
            ("providers/acme/operations.chat", "reordered", "note"),
        ],
        "",
    ),
    (
        "providers>acme>operations>chat",
        ["models.list"],
        [("providers/acme/operations.chat", "items removed", "breaking")],
        "Do not send `chat.completions` to `acme`",
    ),
    (
        "providers>acme>roots",
        [{"path": "/v1", "upstream": "/v1"}, {"path": "", "upstream": ""}],
        [("providers/acme/roots", "reordered", "breaking")],
        "",
    ),
    ("models>acme/m>wire_id", "vendor/m", [("models/acme/m/wire_id", "added", "breaking")], "by `vendor/m`"),
    ("models>acme/m>claims", [{"field": "id"}], [("models/acme/m/claims", "added", "note")], ""),
    ("agent_modes>smart>model", "n", [("agent_modes/smart/model", "changed", "breaking")], "Serve `n` where `m`"),
    (
        "headers>sent>headers>0>name",
        "x-amp-id",
        [
            ("headers/sent/headers.x-amp-id", "added", "addition"),
            ("headers/sent/headers.amp-id", "removed", "breaking"),
        ],
        "Do not rely on `headers.amp-id`",
    ),
    (
        "headers>sent>headers>0",
        {"name": "x-amp-id", "value": "{id}", "renamed_from": "amp-id"},
        [("headers/sent/headers.x-amp-id", "renamed", "breaking")],
        "Read `x-amp-id` instead of `amp-id`",
    ),
    ("settings>amp.model>values", ["m", "n"], [("settings/amp.model/values", "items added", "addition")], ""),
    (
        "settings>amp.model>default",
        None,
        [("settings/amp.model/default", "changed", "breaking")],
        "was `m` and is none",
    ),
    (
        "settings>amp.model>default",
        "",
        [("settings/amp.model/default", "changed", "breaking")],
        "was `m` and is *empty*",
    ),
    (
        "settings>amp.model>default",
        "a\n\n# `b`",
        [("settings/amp.model/default", "changed", "breaking")],
        "was `m` and is `` a # `b` ``",
    ),
    ("requirements>r.one>level", "must", [("requirements/r.one/level", "changed", "breaking")], "it was `should`"),
    ("requirements>r.two", {"id": "r.two"}, [("requirements/r.two", "added", "addition")], ""),
    ("platforms>p>about>summary", "t", [("platforms/p/about/summary", "changed", "note")], ""),
    ("platforms>p>rules>x>values", {"a": 1}, [("platforms/p/rules/x/values.a", "added", "addition")], ""),
    ("platforms>p>rules", {}, [("platforms/p/rules/x", "removed", "breaking")], "Remove `x` from"),
    ("edition>built", "2026", [("edition/built", "changed", "note")], ""),
    ("digest", "sha256:1", [], ""),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_a_change_is_told_with_its_severity(row: tuple[str, Any, list[tuple[str, str, str]], str]) -> None:
    path, value, expected, words = row

    found = report(small(), changed(path, value))

    assert [(change.path, change.change, change.severity) for change in found.changes] == expected
    assert words in " ".join(change.migration or "" for change in found.changes)
    assert all((change.severity == "breaking") >= bool(change.migration) for change in found.changes)


def with_model(lifecycle: Plain | None, *, keeps_old: bool = False) -> Plain:
    reference = small()
    new = {"id": "n", "provider": "zen", "display_name": "N"}
    models = {"zen/n": {**new, "lifecycle": lifecycle} if lifecycle else new}
    reference["models"] = {**(reference["models"] if keeps_old else {}), **models}
    return reference


def test_a_rename_is_one_change_and_its_fields_are_compared() -> None:
    found = report(small(), with_model({"renamed_from": "acme/m"}))

    assert [(change.path, change.change, change.renamed_from) for change in found.changes] == [
        ("models/zen/n", "renamed", "acme/m"),
        ("models/zen/n/display_name", "changed", None),
    ]
    assert found.changes[0].migration == "Replace `acme/m` by `zen/n`."


def test_a_requirement_that_names_its_earlier_id_was_renamed() -> None:
    after = small()
    row = after["requirements"].pop("r.one")
    after["requirements"]["r.plain"] = {**row, "id": "r.plain", "level": "must", "formerly": ["r.won", "r.one"]}
    later = {**after, "requirements": {"r.plain": {**after["requirements"]["r.plain"], "formerly": ["r.won"]}}}

    assert [
        (change.path, change.change, change.severity, change.renamed_from) for change in report(small(), after).changes
    ] == [
        ("requirements/r.plain", "renamed", "note", "r.one"),
        ("requirements/r.plain/level", "changed", "breaking", None),
    ]
    (dropped,) = report(after, later).changes
    assert (dropped.path, dropped.severity) == ("requirements/r.plain/formerly", "breaking")
    assert dropped.migration == "Write `r.plain` where `r.one` stands."


def test_a_replacement_is_named_where_the_spec_says_so() -> None:
    replaced = report(small(), with_model({"replaces": ["acme/m"]})).changes
    unnamed = report(small(), with_model(None)).changes
    before = small()
    before["models"]["acme/m"]["lifecycle"] = {"status": "deprecated", "successor": "n"}
    announced = report(before, with_model(None)).changes

    assert [(change.path, change.successor) for change in replaced] == [
        ("models/acme/m", "zen/n"),
        ("models/zen/n", None),
    ]
    assert replaced[0].migration is not None
    assert replaced[0].migration.endswith("; `zen/n` takes its place.")
    assert unnamed[0].successor is None
    assert announced[0].successor == "n"


def test_a_name_that_stays_is_no_rename() -> None:
    found = report(small(), with_model({"renamed_from": "acme/m"}, keeps_old=True))

    assert [(change.path, change.change) for change in found.changes] == [("models/zen/n", "added")]


def test_lists_of_ids_that_follow_a_removal_are_notes() -> None:
    new = changed("providers>zen", ABSENT)
    new["headers"]["sent"]["providers"] = ["acme"]

    found = {change.path: change for change in report(small(), new).changes}

    assert found["headers/sent/providers"].severity == "note"
    assert found["headers/sent/providers"].rule == "follows"


def test_every_edition_compared_with_itself_is_the_same(editions: Mapping[str, Plain]) -> None:
    for reference in editions.values():
        assert differences(reference, copy.deepcopy(reference)) == ()


def test_known_changes_of_the_first_edition_are_found(editions: Mapping[str, Plain]) -> None:
    found = {change.path: change for change in report(editions[BASE], editions[LATER]).changes}

    assert found["providers/anthropic/client_credentials"].severity == "breaking"
    assert found["headers/proxied-requests/headers.x-amp-thread-id"].renamed_from == "amp-thread-id"
    assert found["providers/supernova"].change == "removed"
    assert found["providers/fireworks"].severity == "addition"
    assert (found["agent_modes/smart/model"].before, found["agent_modes/smart/model"].after) == (
        "claude-sonnet-4-5-20250929",
        "claude-opus-4-5-20251101",
    )


# --- the table


def test_every_row_has_a_reason_and_only_breaking_ones_tell_what_to_do() -> None:
    assert len({row.id for row in TABLE}) == len(TABLE)
    assert all(row.reason.endswith(".") for row in TABLE)
    assert [row.id for row in TABLE if row.migration and row.gravity is not Gravity.BREAKING] == []
    assert [row.id for row in TABLE if row.gravity is Gravity.BREAKING and not row.migration] == []


def test_every_row_decides_about_some_change() -> None:
    """Of all changes that fit the patterns of a row, at least one is not decided by a row above it."""

    def steps(pattern: str) -> tuple[str, ...]:
        return tuple(pattern.removesuffix(".**").replace("*", "other").split(".")) if pattern else ()

    for row in TABLE:
        values = {"before": "unknown" if row.unknown else 1, "after": 2, "follows": row.following}
        decided = {
            rule_for(Change(scope.replace("*", "other"), "id", kind, field=steps(field), **values)).id
            for scope in row.scope.split()
            for field in row.field.split() or [""]
            for kind in row.kinds
        }
        assert row.id in decided


def test_limits_of_a_model_are_told_by_their_own_row() -> None:
    before = small()
    before["models"]["acme/m"]["limits"] = {"context": 1, "output": 1}
    after = small()
    after["models"]["acme/m"]["limits"] = {"context": 2, "output": 1}
    for old, path in ((before, "models/acme/m/limits.context"), (small(), "models/acme/m/limits")):
        (change,) = report(old, after).changes
        assert (change.path, change.rule, change.severity) == (path, "model-limits", "note")


def test_no_row_is_hidden_by_those_above() -> None:
    """A row that a more general one above it always precedes would never decide."""
    for number, row in enumerate(TABLE):
        above = [
            earlier.id
            for earlier in TABLE[:number]
            if earlier.scope in ("*", row.scope)
            and (earlier.field == row.field or (earlier.field == "*" and row.field))
            and set(earlier.kinds) >= set(row.kinds)
            and not (earlier.following or earlier.unknown)
        ]
        assert above == [], row.id
