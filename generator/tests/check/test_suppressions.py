"""Named suppressions: what they hide, that they end, and that none stays when it is not needed."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from ampmap_generator.check.all_editions import examine
from ampmap_generator.check.suppressions import Suppressed, apply
from ampmap_generator.cli import main
from ampmap_generator.load.findings import Finding
from ampmap_generator.load.spec import load
from ampmap_tests_support.specs import GOOD, ShowPlace, WriteSpec
from click.testing import CliRunner

TODAY = datetime.date(2026, 11, 20)
OLD = {"sources/map.yaml": 'title: T\nkind: document\ndate: "2020-03"\n'}
FILE = "suppressions.yaml"


def suppression(rule: str = "old-source", path: str = "sources/map", expires: str = "2027-01-01") -> str:
    return f'map-is-old:\n  rule: {rule}\n  path: {path}\n  reason: It is the newest.\n  expires: "{expires}"\n'


def outcome(spec: Path, today: datetime.date | None = TODAY) -> tuple[list[Finding], list[Suppressed]]:
    loaded, read = load(spec)
    return apply(loaded, examine(loaded, read, today), today)


@pytest.mark.parametrize("path", ["sources/map", "sources/map/date"])
def test_a_finding_on_the_fact_or_below_the_field_is_suppressed(
    path: str, write_spec: WriteSpec, place: ShowPlace
) -> None:
    stay, suppressed = outcome(write_spec({**GOOD, **OLD, FILE: suppression(path=path)}))

    assert stay == []
    assert [(place(found.finding), found.by.id) for found in suppressed] == [
        ("old-source spec/sources/map.yaml:3:7", "map-is-old")
    ]


# what the suppression says, the findings that stay, part of the last one's message or hint
WRONG: list[tuple[str, list[str], str]] = [
    (
        suppression(path="sources/map/title"),
        ["old-source spec/sources/map.yaml:3:7", "suppression-unused spec/suppressions.yaml:1:1"],
        "no longer has a finding there",
    ),
    (
        suppression(expires="2026-11-20"),
        ["old-source spec/sources/map.yaml:3:7", "suppression-expired spec/suppressions.yaml:5:12"],
        "expired on 2026-11-20",
    ),
    (
        suppression(path="sources/mop"),
        ["old-source spec/sources/map.yaml:3:7", "suppression-invalid spec/suppressions.yaml:3:9"],
        "did you mean `sources/map`?",
    ),
    (
        suppression(rule="old-sauce"),
        ["old-source spec/sources/map.yaml:3:7", "suppression-invalid spec/suppressions.yaml:2:9"],
        "did you mean `old-source`?",
    ),
    (
        suppression(rule="unknown-reference"),
        ["old-source spec/sources/map.yaml:3:7", "suppression-invalid spec/suppressions.yaml:2:9"],
        "an error cannot be suppressed",
    ),
    (
        suppression(expires="soon"),
        ["old-source spec/sources/map.yaml:3:7", "suppression-invalid spec/suppressions.yaml:5:12"],
        "expected a date",
    ),
    (
        suppression().replace("reason", "raeson"),
        [
            "old-source spec/sources/map.yaml:3:7",
            "missing-field spec/suppressions.yaml:1:1",
            "unknown-field spec/suppressions.yaml:4:3",
        ],
        "`reason`",
    ),
]


@pytest.mark.parametrize("row", WRONG, ids=[row[2] for row in WRONG])
def test_a_suppression_that_does_not_hold_is_an_error(
    row: tuple[str, list[str], str], write_spec: WriteSpec, place: ShowPlace
) -> None:
    text, expected, words = row

    stay, suppressed = outcome(write_spec({**GOOD, **OLD, FILE: text}))

    assert [place(finding) for finding in stay] == expected
    assert words in f"{stay[-1].message} {stay[-1].hint}"
    assert suppressed == []


def test_without_a_day_nothing_expires_and_nothing_dated_is_unused(write_spec: WriteSpec) -> None:
    """So that building does not depend on the day."""
    assert outcome(write_spec({**GOOD, **OLD, FILE: suppression(expires="2021-01-01")}), None) == ([], [])


def test_a_finding_of_one_edition_alone_can_be_suppressed(write_spec: WriteSpec) -> None:
    model = "m:\n  display_name: M\n  sources: [{id: map}]\n  claims: [{field: notes, says: {map: a}, "
    files = {
        **GOOD,
        "editions/later/models/acme.yaml": model + "chosen: b, because: c}]\n",
        FILE: suppression("claim-chosen-unsaid", "models/acme/m/claims"),
    }
    spec, read = load(write_spec(files))

    stay, suppressed = apply(spec, examine(spec, read, TODAY), TODAY)
    base_only, _ = apply(spec, examine(spec, read, TODAY, edition="first"), TODAY, whole=False)

    assert stay == base_only == []
    assert [str(found.finding.location) for found in suppressed] == ["spec/editions/later/models/acme.yaml:4:51"]


def test_what_cannot_be_read_makes_no_suppression_wrong(write_spec: WriteSpec, place: ShowPlace) -> None:
    stay, _ = outcome(write_spec({**GOOD, "sources/map.yaml": "title: [", FILE: suppression()}))

    assert [place(finding) for finding in stay] == ["syntax spec/sources/map.yaml:2:1"]


def test_every_format_tells_what_is_suppressed(write_spec: WriteSpec) -> None:
    spec = str(write_spec({**GOOD, **OLD, FILE: suppression()}))
    runner, command = CliRunner(), ["validate", "--spec", spec, "--today", "2026-11-20", "--format"]

    text = runner.invoke(main, [*command, "text"])
    data = json.loads(runner.invoke(main, [*command, "json"]).output)
    (run,) = json.loads(runner.invoke(main, [*command, "sarif"]).output)["runs"]

    assert text.exit_code == 0
    assert text.output.rstrip().endswith(", 1 suppressed")
    assert [(found["rule"], found["reason"]) for found in data["suppressed"]] == [("old-source", "It is the newest.")]
    assert run["results"][0]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "It is the newest."}
    ]


def test_the_day_of_validate_can_be_named(write_spec: WriteSpec) -> None:
    spec = str(write_spec({**GOOD, **OLD, FILE: suppression(expires="2027-01-01")}))
    runner = CliRunner()

    before = runner.invoke(main, ["validate", "--spec", spec, "--today", "2026-12-31"])
    after = runner.invoke(main, ["validate", "--spec", spec, "--today", "2027-01-01"])
    built = runner.invoke(main, ["route", "smart", "--spec", spec])

    assert (before.exit_code, after.exit_code, built.exit_code) == (0, 1, 0), built.output
    assert "suppression-expired" in after.output


def test_the_repository_s_suppressions_are_needed_and_give_reasons(repository_spec: Path) -> None:
    stay, suppressed = outcome(repository_spec)

    assert stay == []
    assert {found.by.id for found in suppressed} == set(load(repository_spec)[0].facts["suppressions"])
    assert all(len(found.by.reason) > 40 for found in suppressed)
