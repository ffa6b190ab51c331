"""Types in other languages: written and refused by the command, described by a schema, tested by vectors.

`nox -s languages` compiles them and asks them for every vector.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest
from ampmap_conformance.reference import types as vendored
from ampmap_generator.cli.main import main
from ampmap_generator.render.languages.golang import render_go
from ampmap_generator.render.languages.route_vectors import FILE, SCHEMA, render_route_vectors
from ampmap_generator.render.languages.typescript import render_typescript
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.timeline import Timelines
from ampmap_tests_support.places import CHECKOUT
from click.testing import CliRunner

NOTHING = Timelines(periods=(), timelines=(), names={})
PACKAGED = CHECKOUT / "conformance" / "ampmap_conformance" / "reference"


@pytest.fixture(scope="module")
def vectors(editions: Mapping[str, Reference]) -> dict[str, bytes]:
    return render_route_vectors(editions)


def test_the_vectors_are_valid_and_hold_every_kind_of_answer(vectors: dict[str, bytes]) -> None:
    data = json.loads(vectors[FILE])
    jsonschema.Draft202012Validator(json.loads(vectors[SCHEMA])).validate(data)

    answers = [vector["answer"] for vector in data["vectors"] if "answer" in vector]
    assert {answer["kind"] for answer in answers} == {"model", "agent_mode", "tool", "provider"}
    assert {vector["error"]["code"] for vector in data["vectors"] if "error" in vector} == {
        *("unknown-name", "ambiguous-name", "hosted-mode", "unknown-operation", "invalid-argument")
    }
    assert any("{model}" in answer["url"] for answer in answers)
    assert any("alt=sse" in answer["url"] for answer in answers)
    assert {answer["limits"] is None for answer in answers} == {True, False}


def test_the_vendored_module_answers_the_vectors_of_its_edition(vectors: dict[str, bytes]) -> None:
    own = [v for v in json.loads(vectors[FILE])["vectors"] if v["edition"] == vendored.EDITION and "answer" in v]

    assert own
    for vector in own:
        found = vendored.route(**vector["question"])
        told = found.model_dump(mode="json", exclude_unset=True)
        assert {key: told[key] for key in vector["answer"]} == vector["answer"]


def test_the_schema_of_the_reference_fits_it_and_tells_every_field_that_has_a_docstring() -> None:
    schema = json.loads((PACKAGED / "reference.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(
        json.loads((PACKAGED / "reference.json").read_text(encoding="utf-8"))
    )

    fields = schema["$defs"]["Provider"]["properties"]
    assert fields["base_path"]["description"] == "Path below `amp.url`; None where calls bypass the proxy."
    assert "description" in Reference.model_json_schema()["$defs"]["Operation"]["properties"]["metered"]


def test_an_absent_field_is_told_by_what_it_stands_for(reference: Reference) -> None:
    (typescript,) = render_typescript(reference, NOTHING).values()
    go = render_go(reference, NOTHING)["ampmap.go"]

    assert b"Without it: true.\n   */\n  readonly metered?: boolean;" in typescript
    assert b"Metered *bool" in b" ".join(go.split())


ROWS = [
    (["--language", "typescript", "--out", "a/amp.ts"], 0, "wrote a/amp.ts"),
    (
        ["--language", "go", "--out", "b/ampmap.go"],
        0,
        "wrote b/ampmap.go b/reference.json b/routes.json b/timelines.json",
    ),
    (["--language", "go", "--out", "b/ampmap.go", "--check"], 0, ""),
    (["--language", "go", "--out", "c/ampmap.go", "--check"], 1, "run `ampmap types --language go --out c/ampmap.go`"),
    (["--language", "go", "--out", "lost/ampmap.go", "--check"], 1, "lost/routes.json is missing; run"),
    (["--language", "go", "--out", "own/ampmap.go"], 4, "own/reference.json is not a module that `ampmap types` wrote"),
    (["--language", "go", "--out", "own/ampmap.go", "--force"], 0, "wrote own/ampmap.go"),
    (["--language", "go", "--out", "d/routes.json"], 4, "routes.json is the name of a data file"),
    (["--language", "go", "--open-ids", "--out", "e.go"], 4, "--open-ids is for Python alone"),
    (["--language", "rust", "--out", "e.rs"], 4, "'rust' is not one of"),
    (["--language", "pyton", "--out", "e.py"], 4, "did you mean `python`?"),
]


def test_the_command_writes_refuses_and_compares(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "reference.json").write_text("mine", encoding="utf-8")
    (tmp_path / "lost").mkdir()
    for name, content in render_go(reference, NOTHING).items():
        if name != "routes.json":
            (tmp_path / "lost" / name).write_bytes(content)
    for arguments, code, words in ROWS:
        result = CliRunner().invoke(main, ["types", *arguments])
        assert (result.exit_code, words in result.output) == (code, True), result.output


def test_build_takes_the_language_of_the_types(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["build", "types", "--language", "go", "--out", str(tmp_path)])

    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "ampmap").iterdir()) == [
        "ampmap.go",
        "reference.json",
        "routes.json",
        "timelines.json",
    ]


@pytest.mark.parametrize("targets", [(), ("llms",)])
def test_build_refuses_a_language_without_types(targets: tuple[str, ...], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["build", *targets, "--language", "go", "--out", str(tmp_path)])

    assert (result.exit_code, "write `ampmap build types --language go`" in result.output) == (4, True), result.output
    assert list(tmp_path.iterdir()) == []
