"""`ampmap diff`: every changed leaf is told once, with a severity that a row of the table decides."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ampmap_generator import outputs
from ampmap_generator.cli import main
from ampmap_generator.compile import compile_editions, plain
from ampmap_generator.diff.changes import ABSENT, ChangeKind, Key, by_name, differences, facts_of
from ampmap_generator.diff.diff_rule import Gravity
from ampmap_generator.diff.report import DiffReport, render_json, render_markdown, report, report_schema
from ampmap_generator.diff.severity import TABLE
from ampmap_generator.diff.snapshots import read_accepted, read_reference
from ampmap_generator.load.spec import load
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

Plain = dict[str, Any]
BASE = "amp-0.0.1760587291"
LATER = "amp-0.0.1767830505"


@pytest.fixture(scope="module")
def editions(repository_spec: Path) -> Mapping[str, Plain]:
    return {name: plain(reference) for name, reference in compile_editions(load(repository_spec)[0]).items()}


def small() -> Plain:
    """A reference with one fact of several kinds."""
    return {
        "schema_version": 1,
        "digest": "sha256:0",
        "edition": {"id": "first", "built": "2025"},
        "sources": {"map": {"id": "map", "title": "T"}},
        "providers": {
            "acme": {
                "id": "acme",
                "display_name": "Acme",
                "base_path": "/api/provider/acme",
                "client_credentials": ["authorization-bearer"],
                "operations": {"chat": ["chat.completions", "models.list"]},
                "roots": [{"path": "", "upstream": ""}, {"path": "/v1", "upstream": "/v1"}],
                "sdk": {"name": "SDK"},
                "warning": None,
                "upstream": "https://acme.example",
            },
            "zen": {"id": "zen", "base_path": "/api/provider/zen"},
        },
        "models": {"acme/m": {"id": "m", "provider": "acme", "display_name": "M"}},
        "agent_modes": {"smart": {"id": "smart", "model": "m", "provider": "acme"}},
        "headers": {
            "sent": {
                "id": "sent",
                "providers": ["acme", "zen"],
                "headers": [{"name": "amp-id", "value": "{id}"}, {"name": "Accept", "value": "*/*"}],
            }
        },
        "settings": {"amp.model": {"id": "amp.model", "default": "m", "values": ["m"]}},
        "requirements": {"r.one": {"id": "r.one", "level": "should", "statement": "s"}},
        "platforms": {
            "p": {"id": "p", "about": {"id": "p", "summary": "s"}, "rules": {"x": {"id": "x", "values": {}}}}
        },
    }


def changed(path: str, value: Any) -> Plain:
    """The small reference with another value, or none, at a path whose steps are joined by `>`."""
    reference = small()
    *way, last = path.split(">")
    place: Any = reference
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    step = int(last) if isinstance(place, list) else last
    if value is ABSENT:
        del place[step]
    else:
        place[step] = value
    return reference


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


# --- properties

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


# --- the table


def test_every_row_has_a_reason_and_only_breaking_ones_tell_what_to_do() -> None:
    assert len({row.id for row in TABLE}) == len(TABLE)
    assert all(row.reason.endswith(".") for row in TABLE)
    assert [row.id for row in TABLE if row.migration and row.gravity is not Gravity.BREAKING] == []
    assert [row.id for row in TABLE if row.gravity is Gravity.BREAKING and not row.migration] == []


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


# --- the report


def test_the_report_fits_its_schema(editions: Mapping[str, Plain]) -> None:
    validator = Draft202012Validator(report_schema())
    for name, reference in editions.items():
        found = report(editions[BASE], reference)
        value = json.loads(render_json(found))

        assert list(validator.iter_errors(value)) == [], name
        assert DiffReport.model_validate_json(render_json(found)) == found


def test_absent_and_null_are_told_apart() -> None:
    (gone,) = json.loads(render_json(report(small(), changed("providers>acme>warning", ABSENT))))["changes"]
    (came,) = json.loads(render_json(report(changed("providers>acme>warning", ABSENT), small())))["changes"]

    assert (gone["before"], "after" in gone) == (None, False)
    assert ("before" in came, came["after"]) == (False, None)


def test_markdown_tells_breaking_changes_first_and_what_to_do() -> None:
    new = changed("providers>zen", ABSENT)
    new["providers"]["new"] = {"id": "new"}

    text = render_markdown(report(small(), new))

    assert text.splitlines()[2] == "1 breaking change, 1 addition, 0 notes."
    assert (
        text.index("## Breaking")
        < text.index("`providers/zen` removed")
        < text.index("What to do")
        < text.index("## Additions")
    )


# --- the command


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["diff", *arguments])


def test_the_command_compares_editions_folders_and_files() -> None:
    compiled = outputs.CHECKOUT / "conformance/ampmap_conformance/reference/reference.json"

    breaking = run(BASE, LATER, "--format", "json")
    same = run(str(outputs.spec_dir()), BASE)
    file = run(str(compiled), str(compiled))

    assert breaking.exit_code == 1
    assert json.loads(breaking.stdout)["new"]["edition"] == LATER
    assert (same.exit_code, file.exit_code) == (0, 0)
    assert "No differences." in same.stdout


def test_a_layer_is_compared_with_what_it_is_laid_over(tmp_path: Path) -> None:
    (tmp_path / "ours/models").mkdir(parents=True)
    (tmp_path / "ours/models/groq.yaml").write_text(
        "our-model: {display_name: Ours, sources: [{id: amp-routing-map}]}\n", encoding="utf-8"
    )

    result = run(BASE, BASE, "--layer", str(tmp_path / "ours"))

    assert result.exit_code == 0
    assert "- `models/groq/our-model` added" in result.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "is not a compiled reference"),
        ("[", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ('{"digest": 1, "edition": {"id": "e"}, "providers": {}, "models": {}}', "is not a compiled reference"),
        ('{"digest": "d", "edition": {"id": "e"}, "providers": {"p": 3}, "models": {}}', "is not a compiled reference"),
        (
            '{"digest": "d", "edition": {"id": "e"}, "providers": {}, "models": {}, "platforms": {"p": 3}}',
            "is not a compiled",
        ),
    ],
)
def test_what_is_no_reference_is_refused(content: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "reference.json"
    file.write_text(content, encoding="utf-8")

    result = run(str(file), BASE)

    assert result.exit_code == 2
    assert words in result.output


@pytest.mark.parametrize("name", ["amp-1", "no/such/folder", "no.json"])
def test_an_unknown_side_is_refused(name: str) -> None:
    result = run(name, BASE)

    assert result.exit_code == 2
    assert name in result.output


ACCEPTED = "zen-goes:\n  path: providers/zen\n  note: Nobody used it.\n"


@pytest.mark.parametrize(
    ("accepted", "code", "words"),
    [
        (ACCEPTED, 0, "Accepted: Nobody used it."),
        ("other:\n  path: providers/acme\n  note: n\n", 1, "`other` no longer occurs"),
        (ACCEPTED.replace("note", "nota"), 1, "missing-field"),
        ("- a\n", 1, "not-a-mapping"),
        ("a: 1\n", 1, "not-a-mapping"),
        ("a: [\n", 1, "syntax"),
    ],
)
def test_a_breaking_change_of_what_was_released_needs_a_note(
    accepted: str, code: int, words: str, tmp_path: Path
) -> None:
    for name, reference in (("old", small()), ("new", changed("providers>zen", ABSENT))):
        (tmp_path / f"{name}.json").write_text(json.dumps(reference), encoding="utf-8")
    (tmp_path / "accepted.yaml").write_text(accepted, encoding="utf-8")
    sides = (str(tmp_path / "old.json"), str(tmp_path / "new.json"))

    refused = run(*sides)
    result = run(*sides, "--accepted", str(tmp_path / "accepted.yaml"))

    assert refused.exit_code == 1
    assert result.exit_code == code
    assert words in result.output


def test_what_was_released_can_be_compared_with_the_spec(repository_spec: Path, editions: Mapping[str, Plain]) -> None:
    """Whether it breaks anything is for `nox -s spec` to say; a snapshot is of the edition that its name says."""
    released = sorted((repository_spec / "released").glob("*.json"))
    accepted, findings, _ = read_accepted(repository_spec / "released/accepted.yaml")

    assert [file.stem for file in released] == [BASE]
    assert findings == []
    for file in released:
        snapshot = read_reference(file)
        found = report(snapshot, editions[file.stem], accepted)
        assert found.old.edition == file.stem
        assert json.loads(render_json(found))["counts"] == found.counts
