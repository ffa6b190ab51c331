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
from ampmap_generator.cli import main
from ampmap_generator.render.write import Drift, differences, write
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

    (tmp_path / "types.py").write_text("changed", encoding="utf-8")
    (tmp_path / "reference.json").unlink()
    (tmp_path / "schema" / "nothing.schema.json").write_text("{}", encoding="utf-8")
    before = tree_digest(tmp_path)
    result = runner.invoke(main, [*arguments, "--check"])

    assert result.exit_code == 1
    said = {line.split()[0]: Path(line.split()[1]).name for line in result.stdout.splitlines()}
    assert said == {"modified": "types.py", "missing": "reference.json", "stale": "nothing.schema.json"}
    assert tree_digest(tmp_path) == before
    assert runner.invoke(main, arguments).exit_code == 0
    assert runner.invoke(main, [*arguments, "--check"]).exit_code == 0


def test_the_committed_artefacts_are_current() -> None:
    result = CliRunner().invoke(main, ["build", "--check"])

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("words", [("build", "types", "--out"), ("types", "--out")], ids=["build", "types"])
def test_a_place_that_cannot_be_written_is_told_in_a_line(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    result = CliRunner().invoke(main, [*words, str(tmp_path / "taken" / "below")])

    assert result.exit_code == 2
    assert "taken/below cannot be written: " in result.stderr


def test_build_counts_files_by_target_and_names_them_on_request(tmp_path: Path) -> None:
    def lines(*words: str) -> list[str]:
        result = CliRunner().invoke(main, ["build", "types", "schema", "--out", str(tmp_path), *words])
        assert result.exit_code == 0
        return [" ".join(line.replace(str(tmp_path), "").split()) for line in result.stdout.splitlines()[:-1]]

    assert lines()[0] == "types 1 file, 1 new"
    every = len(list(tmp_path.rglob("*.schema.json")))
    assert lines() == ["types 1 file", f"schema {every} files"]

    (tmp_path / "types.py").write_text("changed", encoding="utf-8")
    (tmp_path / "schema" / "nothing.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / "schema" / "tool.schema.json").unlink()
    assert lines("-v") == [
        "types 1 file, 1 changed",
        "changed /types.py",
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
