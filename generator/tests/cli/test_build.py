"""Building: the same bytes everywhere, atomic files, and drift named for what it is."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ampmap_generator import outputs
from ampmap_generator.cli import fingerprint, main
from ampmap_generator.render.manifest import NAME, Entry, Manifest, ManifestError, digest
from ampmap_generator.render.write import Drift, Files, differences, write
from ampmap_generator.targets import TARGETS, Compiled
from ampmap_tests_support.once import made_once
from click.testing import CliRunner

SPEC = outputs.spec_dir()


def tree_digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def build_elsewhere(spec: Path, out: Path, *, cwd: Path, **environment: str) -> None:
    command = [sys.executable, "-m", "ampmap_generator", "build", "--spec", str(spec), "--out", str(out)]
    subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, check=True, capture_output=True, timeout=120)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All outputs, built from the repository's spec."""

    def make(folder: Path) -> None:
        build_elsewhere(SPEC, folder, cwd=Path.cwd(), PYTHONHASHSEED="1", LC_ALL="C.UTF-8", TZ="UTC")

    return made_once(tmp_path_factory, "built", make)


def test_the_bytes_depend_on_nothing_but_the_spec(built: Path, tmp_path: Path) -> None:
    """Another hash seed, locale, time zone, working directory, spec location and directory order."""
    elsewhere = tmp_path / "other place" / "spec"
    elsewhere.parent.mkdir()
    files = sorted(path for path in SPEC.rglob("*.yaml"))
    for path in reversed(files):  # creation order is directory order on many file systems
        copy = elsewhere / path.relative_to(SPEC)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)

    out = tmp_path / "out"
    build_elsewhere(elsewhere, out, cwd=tmp_path, PYTHONHASHSEED="2", LC_ALL="C", LANG="tr_TR", TZ="Asia/Tokyo")

    here = tree_digest(built)
    assert len(here) > 50
    assert tree_digest(out) == here


def test_outputs_hold_no_path_of_this_machine(built: Path) -> None:
    needles = [str(outputs.CHECKOUT).encode(), str(Path.home()).encode() + b"/"]
    found = [path for path in built.rglob("*") if path.is_file() and any(n in path.read_bytes() for n in needles)]
    assert found == []


def test_check_names_each_kind_of_drift_and_writes_nothing(tmp_path: Path) -> None:
    runner = CliRunner()
    arguments = ["build", "types", "reference", "schema", "--out", str(tmp_path)]
    assert runner.invoke(main, arguments).exit_code == 0
    assert runner.invoke(main, [*arguments, "--check"]).exit_code == 0

    (tmp_path / "ampmap_types.py").write_text("changed", encoding="utf-8")
    (tmp_path / "reference.json").unlink()
    written_before(tmp_path, "schema/nothing.schema.json", "schema")
    before = tree_digest(tmp_path)
    result = runner.invoke(main, [*arguments, "--check"])

    assert result.exit_code == 1
    said = {line.split()[0]: Path(line.split()[1]).name for line in result.stdout.splitlines()}
    assert said == {"modified": "ampmap_types.py", "missing": "reference.json", "stale": "nothing.schema.json"}
    assert tree_digest(tmp_path) == before
    assert runner.invoke(main, [*arguments, "--force"]).exit_code == 0
    assert runner.invoke(main, [*arguments, "--check"]).exit_code == 0


def written_before(folder: Path, name: str, target: str) -> None:
    """A file that an earlier build wrote, and that this one does not."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}", encoding="utf-8")
    manifest = Manifest.read(folder)
    manifest.entries[name] = Entry(target, digest(b"{}"))
    manifest.write()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_build_touches_only_what_it_wrote(tmp_path: Path) -> None:
    foreign = {"docs/handbook.md": b"m", "docs/sub/pic.png": b"m", "openapi/own.json": b"m", "editions/own.json": b"m"}
    foreign |= {"schema/own.schema.json": b"m", "auth-vectors-own.json": b"m", "types.py": b"m", "README.md": b"m"}
    for name, content in foreign.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    written_before(tmp_path, "schema/old.schema.json", "schema")
    written_before(tmp_path, "openapi/of-another-target.json", "openapi")
    words = ["build", "types", "reference", "schema", "--out", str(tmp_path)]
    assert CliRunner().invoke(main, words).exit_code == 0

    left = contents(tmp_path)
    assert {name: left.get(name) for name in foreign} == foreign
    assert "schema/old.schema.json" not in left
    assert "openapi/of-another-target.json" in left
    assert {"ampmap_types.py", "reference.json", "schema/tool.schema.json"} <= set(left)


@pytest.mark.parametrize(
    ("there", "in_the_way"),
    [
        ({}, []),
        ({"docs/a.md": b"new"}, []),  # as it would be written
        ({"docs/a.md": b"mine"}, ["docs/a.md"]),
        ({"docs": b"a file where a folder must be"}, ["docs"]),
        ({"docs/old.md": b"as it was written"}, []),
        ({"docs/old.md": b"changed since"}, ["docs/old.md"]),
        ({"docs/b.md": b"changed since"}, ["docs/b.md"]),
        ({"docs/of-another-target.md": b"changed since"}, []),
    ],
)
def test_files_that_build_did_not_write_are_in_the_way(
    tmp_path: Path, there: dict[str, bytes], in_the_way: list[str]
) -> None:
    before = {"old.md": b"as it was written", "b.md": b"b"}
    manifest = Manifest(tmp_path)
    manifest.record("docs", tmp_path / "docs", before)
    manifest.entries["docs/of-another-target.md"] = Entry("types", digest(b"x"))
    manifest.write()
    for name, content in there.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found = Manifest.read(tmp_path).foreign("docs", tmp_path / "docs", {"a.md": b"new", "b.md": b"b"})
    assert [path.relative_to(tmp_path).as_posix() for path in found][:1] == in_the_way


def test_a_foreign_file_in_the_way_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "ampmap_types.py").write_bytes(b"mine")
    words = ["build", "schema", "types", "--out", str(tmp_path)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 4
    assert f"{tmp_path / 'ampmap_types.py'} were not written by `ampmap build`" in result.stderr
    assert contents(tmp_path) == {"ampmap_types.py": b"mine"}


@pytest.mark.parametrize(
    "text", ["[", "{}", '{"files": {"../mine": {"target": "types", "sha256": ""}}}', "[" * 100_000, '{"files": []}']
)
def test_a_manifest_that_cannot_be_trusted_is_told_in_a_line(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        Manifest.read(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / NAME} ")


def test_types_overwrites_only_a_module_that_it_wrote(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text('print("mine")\n', encoding="utf-8")
    words = ["types", "--out", str(file)]
    refused = CliRunner().invoke(main, words)
    assert (refused.exit_code, "--force" in refused.stderr) == (4, True)
    assert file.read_text(encoding="utf-8") == 'print("mine")\n'
    assert CliRunner().invoke(main, [*words, "--force"]).exit_code == 0
    assert CliRunner().invoke(main, words).exit_code == 0


def test_the_committed_artefacts_are_current() -> None:
    result = CliRunner().invoke(main, ["build", "--check"])

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("words", [("build", "types", "--out"), ("types", "--out")], ids=["build", "types"])
def test_a_place_that_cannot_be_written_is_told_in_a_line(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    result = CliRunner().invoke(main, [*words, str(tmp_path / "taken" / "below")])

    assert result.exit_code == 4
    assert "taken/below cannot be written: " in result.stderr


def test_build_counts_files_by_target_and_names_them_on_request(tmp_path: Path) -> None:
    def lines(*words: str) -> list[str]:
        result = CliRunner().invoke(main, ["build", "types", "schema", "--out", str(tmp_path), *words])
        assert result.exit_code == 0
        return [" ".join(line.replace(str(tmp_path), "").split()) for line in result.stdout.splitlines()[:-1]]

    assert lines()[0] == "types 1 file, 1 new"
    every = len(list(tmp_path.rglob("*.schema.json")))
    assert lines() == ["types 1 file", f"schema {every} files"]

    (tmp_path / "ampmap_types.py").write_text("changed", encoding="utf-8")
    written_before(tmp_path, "schema/nothing.schema.json", "schema")
    (tmp_path / "schema" / "tool.schema.json").unlink()
    assert lines("-v", "--force") == [
        "types 1 file, 1 changed",
        "changed /ampmap_types.py",
        f"schema {every} files, 1 new, 1 removed",
        "removed /schema/nothing.schema.json",
        "new /schema/tool.schema.json",
    ]


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": b"same", "b.txt": b"old"}, ())
    before = (tmp_path / "a.txt").stat().st_mtime_ns

    changes = write(tmp_path, {"a.txt": b"same", "b.txt": b"new"}, ())

    assert [(change.path.name, change.drift) for change in changes] == [("b.txt", Drift.MODIFIED)]
    assert (tmp_path / "a.txt").stat().st_mtime_ns == before


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.txt": b"old"}, ())

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path, {"a.txt": b"new"}, ())

    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_only_owned_files_can_be_stale(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("by hand", encoding="utf-8")
    (tmp_path / "old.md").write_text("generated once", encoding="utf-8")

    found = differences(tmp_path, {}, ("*.md",))

    assert [(change.path.name, change.drift) for change in found] == [("old.md", Drift.STALE)]


@pytest.mark.parametrize(
    ("changed", "built_again"),
    [
        ("nothing", False),
        ("layer", True),
        ("output", True),  # and --force, since it is in the way
        ("output removed", True),
        ("generator", True),
        ("edition", True),
        ("forced", True),
    ],
)
def test_only_a_target_whose_inputs_or_files_changed_is_built_again(
    changed: str, built_again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, out, rendered = tmp_path / "layer", tmp_path / "out", []

    def render(everything: Compiled) -> Files:
        rendered.append(everything.reference.edition.id)
        return {"types.py": b"x = 1\n"}

    monkeypatch.setitem(TARGETS, "types", render)
    monkeypatch.setattr(fingerprint, "version", lambda _: "1")
    note = layer / "sources" / "ours.yaml"
    note.parent.mkdir(parents=True)
    note.write_text("title: Ours\nkind: document\nversion: '1'\n", encoding="utf-8")
    words = ["build", "types", "--layer", str(layer), "--out", str(out)]

    def build(*more: str) -> str:
        result = CliRunner().invoke(main, [*words, *more])
        assert result.exit_code == 0, result.output
        return result.stdout

    build()
    more: list[str] = []
    match changed:
        case "layer":
            note.write_text("title: Ours\nkind: document\nversion: '2'\n", encoding="utf-8")
        case "output":
            (out / "ampmap_types.py").write_text("changed", encoding="utf-8")
            more = ["--force"]
        case "output removed":
            (out / "ampmap_types.py").unlink()
        case "generator":
            monkeypatch.setattr(fingerprint, "version", lambda _: "2")
        case "edition":
            more = ["--edition", "newest"]
        case "forced":
            more = ["--force"]
    build(*more)

    assert (len(rendered) == 2) is built_again
    assert (out / "ampmap_types.py").read_text(encoding="utf-8") == "x = 1\n"
