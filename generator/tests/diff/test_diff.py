"""`ampmap diff`: its report, and the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ampmap_generator import outputs
from ampmap_generator.cli import main
from ampmap_generator.diff.changes import ABSENT
from ampmap_generator.diff.report import DiffReport, render_json, render_markdown, report, report_schema
from ampmap_generator.diff.snapshots import read_accepted, read_reference
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from .small_reference import BASE, LATER, Plain, changed, small

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

    assert result.exit_code == 4
    assert words in result.output


@pytest.mark.parametrize("name", ["amp-1", "no/such/folder", "no.json"])
def test_an_unknown_side_is_refused(name: str) -> None:
    result = run(name, BASE)

    assert result.exit_code == 4
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
