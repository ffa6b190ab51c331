"""Editions: which lies over which, and how they are put together, listed and read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ampmap_conformance import reference as packaged
from ampmap_generator.check.all_editions import examine
from ampmap_generator.cli import main
from ampmap_generator.compile import compile_editions, compile_reference, plain
from ampmap_generator.load.spec import UnknownEditionError, load
from ampmap_generator.render.write import write
from ampmap_generator.targets import render_reference
from ampmap_tests_support.specs import GOOD, ShowPlace, WriteSpec
from click.testing import CliRunner

from .builds import BASE, LATER, A, E, Editions


def edition(base: str, built: str = "b") -> str:
    return f"title: T\nclient_build: c\nbuilt: {built}\nbase: {base}\nsummary: s\nsources: [{{id: map}}]\n"


CHAINS: list[tuple[dict[str, str], list[str], str]] = [
    ({"editions/x.yaml": edition("later")}, [], ""),
    (
        {f"editions/{name}.yaml": edition(base) for name, base in (("x", "later"), ("y", "x"), ("z", "y"))},
        ["edition-depth spec/editions/z.yaml:4:7"],
        "`y` over `x` over `later` over `first`",
    ),
    (
        {"editions/x.yaml": edition("y"), "editions/y.yaml": edition("x")},
        ["edition-cycle spec/editions/x.yaml:4:7", "edition-cycle spec/editions/y.yaml:4:7"],
        "`x` over `y` over `x`",
    ),
    ({"editions/x.yaml": edition("x")}, ["edition-cycle spec/editions/x.yaml:4:7"], "`x` over `x`"),
    (
        {"editions/x.yaml": edition("y"), "editions/y.yaml": edition("y")},
        ["edition-cycle spec/editions/y.yaml:4:7"],
        "`y` over `y`",
    ),
    ({"editions/x.yaml": edition("laterr")}, ["unknown-reference spec/editions/x.yaml:4:7"], "`later`"),
    ({"editions/x.yaml": edition("null")}, ["edition-base spec/editions/x.yaml:4:7"], "`first` is already the base"),
    (
        {"editions/first.yaml": edition("later")},
        ["edition-cycle spec/editions/first.yaml:4:7", "edition-cycle spec/editions/later.yaml:4:7"],
        "over",
    ),
    (
        {"editions/latr/models/acme.yaml": "gpt-x: {display_name: X}\n"},
        ["edition-base spec/editions/latr:1:1"],
        "did you mean `later`?",
    ),
    (
        {"editions/first/models/acme.yaml": "gpt-x: {display_name: X}\n"},
        ["edition-base spec/editions/first:1:1"],
        "the spec itself",
    ),
    (
        {"editions/later/editions/x.yaml": edition("first")},
        ["unknown-folder spec/editions/later/editions:1:1"],
        "must not have editions",
    ),
    ({"editions/later/provider/x.yaml": "null\n"}, ["unknown-folder spec/editions/later/provider:1:1"], "folders"),
]


def place_rules(places: list[str]) -> set[str]:
    return {each.split()[0] for each in places}


@pytest.mark.parametrize(("files", "expected", "words"), CHAINS, ids=[str(row[1]) for row in CHAINS])
def test_an_edition_lies_over_the_base_or_over_one_that_does(
    files: dict[str, str], expected: list[str], words: str, write_spec: WriteSpec, place: ShowPlace
) -> None:
    spec, read = load(write_spec({**GOOD, **files}))

    found = [finding for finding in examine(spec, read) if "no edition is the base" not in finding.message]

    assert [place(finding) for finding in found if finding.rule in place_rules(expected)] == expected
    assert {finding.rule for finding in found} == place_rules(expected)
    assert words in "".join(f"{finding.message} {finding.hint}" for finding in found)


def test_an_edition_that_lies_over_another_has_what_both_say(write_spec: WriteSpec) -> None:
    files = {
        "editions/top.yaml": edition("later"),
        "editions/later/models/acme.yaml": "gpt-x: {display_name: Later, notes: [later]}\n",
        "editions/top/models/acme.yaml": "gpt-x: {display_name: Top}\n",
    }

    models = {
        name: r.models["acme/gpt-x"] for name, r in compile_editions(load(write_spec({**GOOD, **files}))[0]).items()
    }

    assert {name: (model.display_name, model.notes) for name, model in models.items()} == {
        "first": ("X", ()),
        "later": ("Later", ("later",)),
        "top": ("Top", ("later",)),
    }


def test_a_mistake_in_one_edition_is_told_with_its_name(write_spec: WriteSpec, place: ShowPlace) -> None:
    spec, read = load(write_spec({**GOOD, "editions/later/providers/acme.yaml": "null\n"}))

    found = examine(spec, read)

    assert "unknown-reference spec/models/acme.yaml:1:1" in {place(finding) for finding in found}
    assert {finding.message.rpartition(" (in ")[2] for finding in found} == {"later)"}
    assert examine(spec, read, edition="first") == []


def test_an_edition_that_is_not_there_is_refused(repository_spec: Path) -> None:
    spec, _ = load(repository_spec)

    with pytest.raises(UnknownEditionError) as raised:
        compile_reference(spec, "amp-0.0.1")

    assert raised.value.known == tuple(spec.editions)
    result = CliRunner().invoke(main, ["route", "smart", "--edition", "amp-0.0.1"])
    assert (result.exit_code, A in result.output) == (4, True)


def test_editions_are_listed_with_what_they_lie_over(editions: Editions) -> None:
    first, *others = (line.split() for line in CliRunner().invoke(main, ["editions"]).output.splitlines())

    assert first[-2:] == ["the", "base"]
    assert [first[0], *(words[0] for words in others)] == list(editions)
    assert [words[1] for words in others] == sorted(words[1] for words in others)
    assert {words[0]: words[-2:] for words in others} == {
        name: ["over", edition.edition.base] for name, edition in editions.items() if edition.edition.base
    }


def test_references_of_editions_differ_in_digest_and_name_themselves(editions: Editions) -> None:
    assert [name for name in editions if name in (BASE, *LATER)] == [BASE, *LATER]
    assert [name for name, reference in editions.items() if reference.edition.id != name] == []
    assert len({reference.digest for reference in editions.values()}) == len(editions)


@pytest.mark.parametrize("place", [0, -1], ids=["over the base", "over the newest"])
def test_the_kit_puts_an_edition_together_from_what_it_changes(place: int, editions: Editions, tmp_path: Path) -> None:
    base = list(editions.values())[place]
    files = render_reference(base, editions)
    write(tmp_path, files, ())

    read = {name: packaged.load(tmp_path / name) for name in files if name != "reference.schema.json"}

    assert {other.edition.id: other.model_dump(mode="json", exclude_unset=True) for other in read.values()} == {
        name: plain(edition) for name, edition in editions.items()
    }
    assert [list(other.models) for other in read.values()] == [
        list(editions[o.edition.id].models) for o in read.values()
    ]
    assert sum(len(files[name]) for name in files if name.startswith("editions/")) < len(files["reference.json"])


READER = """\
import sys
from pathlib import Path
from ampmap_types import Reference, route
later = Reference.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
print(route("smart", reference=later).wire_model)
"""


def test_with_open_ids_one_module_reads_every_edition(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(main, ["build", "reference", "--edition", E, "--out", str(tmp_path)]).exit_code == 0
    (tmp_path / "reader.py").write_text(READER)
    outcomes = []
    for flags in ([], ["--open-ids"]):
        assert runner.invoke(main, ["types", *flags, "--out", str(tmp_path / "ampmap_types.py")]).exit_code == 0
        command = [sys.executable, "reader.py", "reference.json"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        outcomes.append((run.returncode, run.stdout.strip()))

    assert outcomes == [(1, ""), (0, "claude-opus-4-7")]
