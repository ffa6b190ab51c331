"""A run goes by the reference that its user means: a packaged edition, the target's, or a file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from ampmap_conformance import reference as packaged
from ampmap_conformance.cli.main import main
from ampmap_conformance.errors import UsageError
from ampmap_conformance.reference.edition import reference_for
from ampmap_conformance.reference.types import EDITION
from ampmap_conformance.target.target import load

LATER = "amp-0.0.1777897475"
"""An edition that has a provider which the base does not have."""


def target_file(folder: Path, edition: str | None, *more: str) -> Path:
    file = folder / "staging.yaml"
    lines = ["name: staging", "base_url: http://127.0.0.1:9", *([f"edition: {edition}"] if edition else []), *more]
    file.write_text("\n".join(lines) + "\n")
    return file


def test_every_packaged_edition_is_a_reference_of_itself() -> None:
    names = packaged.editions()

    assert names[0] == EDITION
    assert len(names) > 1
    assert {name: packaged.load(edition=name).edition.id for name in names} == {name: name for name in names}


def test_without_a_word_it_is_the_base() -> None:
    assert reference_for().edition.id == EDITION


def test_the_target_names_its_edition(tmp_path: Path) -> None:
    file = target_file(tmp_path, LATER, "providers: [kimi]")

    known = reference_for(target=file)

    assert known.edition.id == LATER
    assert [provider.id for provider in load(file, known).providers] == ["kimi"]


def test_a_provider_of_another_edition_is_not_known(tmp_path: Path) -> None:
    file = target_file(tmp_path, LATER, "providers: [supernova]")

    with pytest.raises(UsageError, match=r"staging.yaml:4:\d+: `supernova` is not a provider"):
        load(file, reference_for(target=file))


@pytest.mark.parametrize(
    ("edition", "message"),
    [
        ("amp-0.0.177789747", f"staging.yaml:3:10: .*did you mean `{LATER}`"),
        ("nothing", "staging.yaml:3:10: .*known: "),
    ],
)
def test_an_unknown_edition_is_refused_where_it_stands(edition: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        reference_for(target=target_file(tmp_path, edition))


def test_an_option_that_contradicts_the_target_is_refused(tmp_path: Path) -> None:
    file = target_file(tmp_path, LATER)

    with pytest.raises(UsageError, match=f"staging.yaml:3:10: expected `{EDITION}`, the edition of the reference"):
        load(file, reference_for(edition=EDITION, target=file))


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "JSON"), ("{}", "digest"), (None, "No such file")],
)
def test_a_file_that_is_no_reference_is_refused_in_one_line(content: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "reference.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(UsageError) as raised:
        reference_for(file)

    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_reference_file_may_have_ids_that_no_packaged_one_has(tmp_path: Path) -> None:
    data = json.loads(packaged.load().model_dump_json(exclude_unset=True))
    data["providers"]["house"] = {**data["providers"]["groq"], "id": "house"}
    file = tmp_path / "reference.json"
    file.write_text(json.dumps(data))

    assert "house" in reference_for(file).providers


def test_a_file_of_changes_is_read_with_the_reference_that_it_lies_over(tmp_path: Path) -> None:
    base = json.loads(packaged.load().model_dump_json(exclude_unset=True))
    changes = {
        "over": EDITION,
        "edition": {**base["edition"], "id": "amp-1"},
        "providers": {"groq": None, "house": {**base["providers"]["xai"], "id": "house"}},
    }
    (tmp_path / "editions").mkdir()
    file = tmp_path / "editions" / "amp-1.json"
    file.write_text(json.dumps(changes))

    with pytest.raises(UsageError, match=f"--reference: {tmp_path}/reference.json: No such file"):
        reference_for(file)
    (tmp_path / "reference.json").write_text(json.dumps(base))
    known = reference_for(file)

    assert known.edition.id == "amp-1"
    assert set(known.providers) ^ set(base["providers"]) == {"groq", "house"}
    assert known.digest not in (base["digest"], packaged.load(edition=LATER).digest)


def test_a_run_probes_the_edition_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--edition", LATER, "--select", "routing.*[kimi*", "--report-dir", str(tmp_path)])

    report = json.loads((tmp_path / "report.json").read_text())
    assert ended.value.code == 0
    assert report["reference"]["edition"] == LATER
    assert Counter(result["verdict"] for result in report["results"])["pass"] > 10
    assert {result["verdict"] for result in report["results"]} <= {"pass", "not-applicable"}
    assert all(f"--edition {LATER}" in result["reproduce"]["command"] for result in report["results"])


@pytest.mark.parametrize(
    ("name", "meant"),
    [("newest-proxied", LATER), ("2026-05-04", LATER), ("2026-03", "amp-0.0.1774310664"), ("2025-12-31", EDITION)],
)
def test_an_edition_is_named_by_its_age(name: str, meant: str) -> None:
    assert reference_for(None, name).edition.id == meant


@pytest.mark.parametrize("name", ["oldest", "2020-01-01", "2026", "all"])
def test_a_name_of_no_edition_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"^--edition: unknown edition"):
        reference_for(None, name)


@pytest.mark.parametrize(
    ("path", "edition"),
    [
        ("/api/provider/kimi/chat/completions", LATER),
        ("/api/provider/supernova/v1/chat/completions", EDITION),
        ("/api/provider/kimiko/chat/completions", None),
    ],
)
def test_the_edition_that_serves_a_path_is_found(path: str, edition: str | None) -> None:
    assert packaged.edition_serving(path) == edition
