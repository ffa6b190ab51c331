"""Which requirements score in which release, and the manifest of what a run really made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance import releases
from ampmap_conformance.engine.plan import proxy_rules
from ampmap_conformance.errors import UsageError
from ampmap_conformance.evidence.manifest import drift, manifest, to_json
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.releases import Release, release_of
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import ExitCode, Verdict
from ampmap_conformance.version import version
from ampmap_tests_support.places import EVIDENCE

from ..support import DefaultRun

Run: TypeAlias = Callable[..., RunOutcome]
MANIFEST = EVIDENCE / "manifest.json"
RELEASED: dict[str, str] = {}
"""The digest of every released set, as `nox -s freeze` prints it: who edits one later must edit this too."""
LATE = "routing.query-kept"


def test_no_released_set_was_edited() -> None:
    found = {
        str(number): releases.digest(file)
        for number, file in releases.files_in().items()
        if releases.read(file).status == "released"
    }
    assert found == RELEASED


def test_the_sets_name_requirements_that_there_are(reference: Reference) -> None:
    rows = {name for row in proxy_rules(reference).values() for name in (row.id, *row.formerly)}
    for file in releases.files_in().values():
        release = releases.read(file)
        assert {*release.requirements, *release.trial} <= rows
    assert release_of(version()).status in ("draft", "released")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0.1.0.yaml").write_text(releases.released_text(["auth.missing-credential-rejected"]), encoding="utf-8")
    (tmp_path / "0.10.0.yaml").write_text(f"status: draft\ntrial: [{LATE}]\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("kit", "status"),
    [
        ("0.1.0", "released"),
        ("0.2.5", "released"),
        ("0.10.0", "draft"),
        ("0.10.0rc1", "draft"),
        ("1.0.0", "draft"),
        ("0", "draft"),
    ],
)
def test_a_version_goes_by_its_own_set_or_the_one_before(folder: Path, kit: str, status: str) -> None:
    assert release_of(kit, folder).status == status


def test_what_came_after_a_release_does_not_score_in_it(folder: Path, reference: Reference) -> None:
    early, late = (reference.requirements[name] for name in ("auth.missing-credential-rejected", LATE))
    for kit in ("0.1.0", "0.10.0"):
        assert release_of(kit, folder).scores(early)
        assert not release_of(kit, folder).scores(late)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("status: released\n", "lists its `requirements`"),
        ("status: draft\nrequirements: [a.b]\n", "a draft includes every requirement"),
        ("status: done\n", "'draft' or 'released'"),
    ],
)
def test_a_file_that_is_no_release_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "0.1.0.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        release_of("0.1.0", tmp_path)


def test_a_requirement_that_does_not_score_is_shown_and_decides_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"defects": ("query-dropped",), "select": (f"{LATE}[groq-*]", "routing.reaches-upstream[groq-*]")}
    assert run(**wanted).code is ExitCode.FAILURES
    monkeypatch.setattr("ampmap_conformance.run.open.release_of", lambda _: Release(status="draft", trial=(LATE,)))
    ended = run(**wanted)
    assert ended.code is ExitCode.CONFORMANT
    broken = [result for result in ended.report.results if result.verdict is Verdict.FAIL]
    assert {(result.requirement, result.scored) for result in broken} == {(LATE, False)}
    assert [notice.kind for notice in ended.report.notices] == ["unscored-failure"]
    assert LATE in ended.report.notices[0].text


# --- the manifest


def test_the_committed_manifest_is_what_a_default_run_emits(default_run: DefaultRun, reference: Reference) -> None:
    made = manifest(default_run.report, reference, release_of(version()))
    committed = json.loads(MANIFEST.read_text(encoding="utf-8"))
    assert drift(committed, made) == (), "run `nox -s evidence` and commit what it writes"
    assert MANIFEST.read_bytes() == to_json(made)
    assert made["untested"] == []
    assert "not the text of the suite" in made["made_from"]


def test_a_case_that_was_not_emitted_shows_in_the_manifest(default_run: DefaultRun, reference: Reference) -> None:
    whole = manifest(default_run.report, reference, release_of(version()))
    less = tuple(r for r in default_run.report.results if r.requirement != LATE)
    other = manifest(default_run.report.model_copy(update={"results": less}), reference, release_of(version()))
    assert other["untested"] == [LATE]
    lines = drift(whole, other)
    assert f'untested: [] is now ["{LATE}"]' in lines
    assert any(line.startswith(f"requirements: {LATE}: ") and line.endswith("is now nothing") for line in lines)


def test_a_part_of_the_suite_makes_no_manifest(run: Run, reference: Reference) -> None:
    part = run(select=("routing.warm-up",))
    with pytest.raises(UsageError, match="without --profile, --select and --skip"):
        manifest(part.report, reference, release_of(version()))
