"""Layers over a spec: mistakes are found in the layer's own file, and a private provider needs no code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ampmap_generator.check.all_editions import examine
from ampmap_generator.cli import main
from ampmap_generator.compile import compile_editions, compile_reference, plain
from ampmap_generator.load.findings import Finding
from ampmap_generator.load.layers import by_place, lay_over, read_folder
from ampmap_generator.load.spec import load
from ampmap_tests_support.places import CHECKOUT
from ampmap_tests_support.specs import GOOD, GOOD_SPEC, ShowPlace, WriteSpec
from click.testing import CliRunner

EXAMPLE = CHECKOUT / "site/examples/private-provider"
SOURCES = "sources: [{id: map}]"

# path in the layer, content, the only finding, part of its message or hint
ROWS = [
    ("providers/acme.yaml", "via_prox: false\n", "unknown-field house/providers/acme.yaml:1:1", "`via_proxy`"),
    ("providers/acme.yaml", "sdk: {name: 3}\n", "wrong-type house/providers/acme.yaml:1:13", "expected text"),
    ("providers/acme.yaml", "display_name: null\n", "missing-field house/providers/acme.yaml:1:1", "`display_name`"),
    ("providers/acme.yaml", "error_shape: plan\n", "unknown-reference house/providers/acme.yaml:1:14", "`plain`"),
    ("providers/acme.yaml", "notes: [a\n", "syntax house/providers/acme.yaml:2:1", "line 1"),
    ("providers/acme.yaml", "", "not-a-mapping house/providers/acme.yaml:1:1", "empty"),
    ("providers/acme.yaml", "{}\n", "not-a-mapping house/providers/acme.yaml:1:1", "`null`"),
    ("providers/acme.yaml", "[a]\n", "not-a-mapping house/providers/acme.yaml:1:1", "`null`"),
    ("providers/acmee.yaml", "display_name: A\n", "missing-field house/providers/acmee.yaml:1:1", "is missing"),
    ("providers/acmee.yaml", "null\n", "removes-nothing house/providers/acmee.yaml:1:1", "`acme`"),
    ("providers/acme.yaml", "requirse: null\n", "removes-nothing house/providers/acme.yaml:1:1", "`requires`"),
    ("models/acme.yaml", "gpt-xx: null\n", "removes-nothing house/models/acme.yaml:1:1", "`gpt-x` (spec/models/acme"),
    ("models/acme.yaml", "gpt-z: {display_name: Z}\n", "missing-source house/models/acme.yaml:1:1", "no source"),
    ("models/acme.yaml", "gpt-x: {platforms: null, id: x}\n", "injected-field house/models/acme.yaml:1:26", "`id`"),
    ("models/acme.yaml", "gpt-y: null\n", "unknown-reference spec/tools/oracle.yaml:3:16", "no model"),
    ("settings/more.yaml", GOOD["settings/all.yaml"], "duplicate-id house/settings/more.yaml:1:1", "spec/settings/all"),
    ("provider/acme.yaml", "{}\n", "unknown-folder house/provider:1:1", "folders"),
    ("editions/new.yaml", GOOD["editions/first.yaml"], "unknown-folder house/editions:1:1", "must not have editions"),
]


def test_an_empty_layer_is_named_by_its_option(tmp_path: Path) -> None:
    _, found = load(GOOD_SPEC, [tmp_path])

    assert [finding.hint for finding in found] == ["set the folder with --layer"]


@pytest.fixture
def over(tmp_path: Path) -> Callable[..., Path]:
    """Writes a layer `house` beside the spec."""

    def write(path: str, content: str, name: str = "house") -> Path:
        target = tmp_path / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return tmp_path / name

    return write


def errors(spec_dir: Path, *layers: Path) -> list[Finding]:
    spec, read = load(spec_dir, layers)
    return examine(spec, read)


@pytest.mark.parametrize("row", ROWS, ids=[row[2] for row in ROWS])
def test_a_mistake_is_found_where_it_is_made(
    row: tuple[str, str, str, str], write_spec: WriteSpec, over: Callable[..., Path], place: ShowPlace
) -> None:
    path, content, expected, words = row

    found = errors(write_spec(GOOD), over(path, content))

    assert {place(finding) for finding in found} == {expected}
    assert words in f"{found[0].message} {found[0].hint}"


def test_a_layer_adds_changes_and_removes(write_spec: WriteSpec, over: Callable[..., Path]) -> None:
    layer = over("models/acme.yaml", f"gpt-x: {{display_name: Ours}}\nnew: {{display_name: N, {SOURCES}}}\n")
    over("tools/oracle.yaml", "null\n")
    over("providers/acme.yaml", "base_url: $null\nnotes: [Ours.]\n")

    spec, findings = load(write_spec(GOOD), [layer])
    reference = compile_reference(spec)

    assert findings == []
    assert sorted(reference.models) == ["acme/gpt-x", "acme/gpt-y", "acme/new"]
    assert (reference.models["acme/gpt-x"].display_name, reference.models["acme/gpt-y"].display_name) == ("Ours", "Y")
    assert reference.tools == {}
    provider = plain(reference)["providers"]["acme"]
    assert provider["base_url"] is None
    assert provider["notes"] == ["Ours."]
    assert provider["display_name"] == "Acme"
    assert reference.layers == ("house",)


def test_what_lies_below_is_not_changed(write_spec: WriteSpec, over: Callable[..., Path]) -> None:
    below = by_place(read_folder(write_spec(GOOD)).documents)
    before = dict(below)
    over("models/new.yaml", f"m: {{display_name: M, {SOURCES}}}\n")
    layer = read_folder(over("tools/oracle.yaml", "null\n"), is_layer=True)

    above, findings = lay_over(below, layer)

    assert findings == []
    assert below == before
    assert {("models", None, "new")} == above.keys() - below.keys()
    assert {("tools", None, "oracle")} == below.keys() - above.keys()


def test_the_layer_that_comes_later_lies_on_top(write_spec: WriteSpec, over: Callable[..., Path]) -> None:
    first = over("models/acme.yaml", "gpt-x: {display_name: First, notes: [first]}\n", "first")
    second = over("models/acme.yaml", "gpt-x: {display_name: Second}\n", "second")

    def model(*layers: Path) -> tuple[str, tuple[str, ...]]:
        found = compile_reference(load(write_spec(GOOD), layers)[0]).models["acme/gpt-x"]
        return found.display_name, found.notes

    assert model(first, second) == ("Second", ("first",))
    assert model(second, first) == ("First", ("first",))


def test_a_layer_lies_over_every_edition(write_spec: WriteSpec, over: Callable[..., Path]) -> None:
    spec_dir = write_spec({**GOOD, "editions/later/models/acme.yaml": "gpt-x: {display_name: Later, notes: [later]}\n"})
    layer = over("models/acme.yaml", "gpt-x: {display_name: Ours}\n")

    editions = compile_editions(load(spec_dir, [layer])[0])

    models = {name: reference.models["acme/gpt-x"] for name, reference in editions.items()}
    assert {name: (model.display_name, model.notes) for name, model in models.items()} == {
        "first": ("Ours", ()),
        "later": ("Ours", ("later",)),
    }


def test_a_layer_may_remove_what_only_some_editions_have(
    write_spec: WriteSpec, over: Callable[..., Path], place: ShowPlace
) -> None:
    spec_dir = write_spec({**GOOD, "editions/later/models/acme.yaml": f"new: {{display_name: N, {SOURCES}}}\n"})

    assert errors(spec_dir, over("models/acme.yaml", "new: null\n")) == []
    found = errors(spec_dir, over("models/acme.yaml", "newer: null\n"))
    assert [place(finding) for finding in found] == ["removes-nothing house/models/acme.yaml:1:1"]


def test_two_layers_of_one_name_are_told_apart(write_spec: WriteSpec, over: Callable[..., Path]) -> None:
    first = over("models/acme.yaml", "gpt-x: {a: 1}\n", "one/spec")
    second = over("models/acme.yaml", "gpt-x: {b: 1}\n", "two/spec")

    found = errors(write_spec(GOOD), first, second)

    assert [str(finding.location) for finding in found] == [
        "one/spec/models/acme.yaml:1:9",
        "two/spec/models/acme.yaml:1:9",
    ]


# --- the worked example


@pytest.fixture(scope="module")
def example_reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    result = CliRunner().invoke(main, ["build", "reference", "--layer", str(EXAMPLE), "--out", str(folder)])
    assert result.exit_code == 0, result.output
    return folder / "reference.json"


def test_the_example_is_valid_in_every_edition() -> None:
    result = CliRunner().invoke(main, ["validate", "--layer", str(EXAMPLE)])

    assert (result.exit_code, result.output.split(" in ")[0]) == (0, "no findings")


@pytest.mark.parametrize("edition", [(), ("--edition", "amp-0.0.1777897475")], ids=["base", "later"])
def test_the_examples_mode_and_models_have_routes(edition: tuple[str, ...]) -> None:
    arguments = ["--layer", str(EXAMPLE), *edition, "--amp-url", "https://proxy.example.com", "--json"]
    result = CliRunner().invoke(main, ["route", "house", *arguments])

    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["url"] == "https://proxy.example.com/api/provider/house/v1/chat/completions"
    assert (found["kind"], found["model"], found["wire_model"]) == (
        "agent_mode",
        "house-coder-large",
        "house/coder-large-2026-06",
    )


def test_without_the_layer_nobody_knows_it() -> None:
    result = CliRunner().invoke(main, ["route", "house-coder-large"])

    assert result.exit_code == 4
    assert "no model is called 'house-coder-large'" in result.output


def test_the_examples_pages_show_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["build", "docs", "--layer", str(EXAMPLE), "--out", str(tmp_path)])

    assert result.exit_code == 0, result.output
    page = (tmp_path / "docs/providers/house.md").read_text()
    assert "Stated in `private-provider/providers/house.yaml`" in page
    assert "`/api/provider/house/v1`" in page
    assert "`https://models.example.com/serving/v1/chat/completions`" in page
    assert "house-coder-large" in (tmp_path / "docs/index.md").read_text()


def test_the_examples_ids_are_literals_of_its_types(tmp_path: Path) -> None:
    file = tmp_path / "ampmap_types.py"
    result = CliRunner().invoke(main, ["types", "--layer", str(EXAMPLE), "--out", str(file)])
    assert result.exit_code == 0, result.output

    code = "from typing import get_args; import ampmap_types as t; print('house' in get_args(t.ProviderId))"
    code += "; print(t.route('house', reference=t.reference()).provider)"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "house"]


PROFILES = ("routing", "auth", "errors", "headers")  # those that look at no time


def kit(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from ampmap_conformance.cli.main import main; main()"
    path = os.pathsep.join([str(CHECKOUT / "conformance"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_reference_proxy_serves_the_private_provider_without_code(example_reference: Path, tmp_path: Path) -> None:
    run = kit(
        "run",
        *("--reference", str(example_reference)),
        *("--select", "*[house*"),
        *(word for profile in PROFILES for word in ("--profile", profile)),
        *("--report-dir", str(tmp_path)),
    )

    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    cases = {result["case"] for result in report["results"]}
    assert {result["verdict"] for result in report["results"]} <= {"pass", "not-applicable"}
    assert "house-chat.completions-stream" in cases
    assert {result["profile"] for result in report["results"]} == set(PROFILES)


def test_a_layer_may_change_a_provider_and_forbid_a_mode(over: Callable[..., Path]) -> None:
    layer = over("providers/openai.yaml", "upstream: https://openai-eu.example.com/v1\nsources: [{id: handbook}]\n")
    over("sources/handbook.yaml", "title: Handbook\nkind: document\n")
    over("agent_modes/fast.yaml", "null\n")
    over("models/xai.yaml", "grok-code-fast-1: {default_for: null}\n")  # later editions have nothing to remove here

    spec, read = load(CHECKOUT / "spec", [layer])
    found = [finding for finding in examine(spec, read) if finding.severity.value == "error"]
    reference = compile_reference(spec)

    assert found == []
    assert reference.providers["openai"].upstream == "https://openai-eu.example.com/v1"
    assert reference.providers["openai"].base_path == "/api/provider/openai/v1"
    assert "fast" not in reference.agent_modes


def test_committed_artefacts_hold_no_layer() -> None:
    result = CliRunner().invoke(main, ["build", "reference", "--layer", str(EXAMPLE)])

    assert result.exit_code == 4
    assert "--out DIR is required" in result.output
