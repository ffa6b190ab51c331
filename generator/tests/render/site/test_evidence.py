"""Evidence on the pages: what is committed is shown, and what is not is said not to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ampmap_generator.render.site.evidence_files import Evidence, EvidenceError, read_evidence
from ampmap_generator.render.site.pages import pages
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT

RULE = "headers.client-credential-replaced"
MATRIX = {
    "made_from": "x",
    "edition": "amp-0.0.1760587291",
    "defects": {
        "forward-client-key": {
            "summary": "It leaks.",
            "seen_in": "owner/repo#12",
            "kills": {RULE: f"{RULE}[x]"},
            "also": {"auth.client-keys-not-returned": "y"},
        },
        "harmless": {"summary": "Nothing.", "seen_in": None, "kills": {}, "also": {}},
    },
}
RUN = {
    "implementation": {"name": "nginx", "title": "Nginx", "version": "1.22.1", "url": "https://proxy.example.com/"},
    "kit": {"version": "0.1.0"},
    "claims": ["management"],
    "providers": ["openai"],
    "taken": "2026-11-21",
    "requirements": {
        RULE: {"verdict": "known-failure", "known-failure": 3, "reason": "It cannot.", "issue": "https://x.example/1"},
        "routing.body-kept": {"verdict": "pass", "pass": 3},
    },
}
DEGENERATE = {
    "servers": {"echo": {"summary": "Echoes.", "observed": [], "blind": ["routing.warm-up"], "weaker": []}},
    "deserved": {"routing.warm-up": "Any answer will do."},
}
MUTANTS = {
    "tool": "mutmut 3",
    "mutants": 9,
    "judged": 6,
    "equivalent": {"Names are the same in any case.": 2},
    "unreached": {"app.odd": 1},
    "aside": {"serve": "It prints."},
    "killed": {"app.f#1": {"by": "auth.x[y]", "level": "must"}, "app.f#2": {"by": "auth.x[y]", "level": "should"}},
    "survived": {"routing.g#3": {"line": 7, "was": "a | b", "now": "a & b"}},
}
MANIFEST = {
    "kit": "0.1.0",
    "edition": "amp-0.0.1760587291",
    "target": "reference-proxy",
    "requirements": {RULE: {"level": "must", "scored": True, "cases": 8, "verdicts": {"pass": 8}}},
}


def written(folder: Path, **files: Any) -> Path:
    for name, data in files.items():
        (folder / f"{name.replace('_', '-')}.json").write_text(data if isinstance(data, str) else json.dumps(data))
    return folder


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return read_evidence(
        written(
            tmp_path,
            kill_matrix=MATRIX,
            nginx=RUN,
            manifest=MANIFEST,
            degenerate=DEGENERATE,
            mutants=MUTANTS,
            other={"x": 1},
        )
    )


def test_a_requirement_shows_what_it_catches_and_how_proxies_did(reference: Reference, evidence: Evidence) -> None:
    page = pages(reference, evidence=evidence)["requirements/headers.md"]
    entry = page.partition(f"`{RULE}` {{ #")[2].partition("\n## ")[0]

    assert "Defects that it catches: [`forward-client-key`](../evidence/kill-matrix.md#forward-client-key)" in entry
    assert (
        "Latest evidence: reference-proxy: 8 pass of 8 cases; Nginx `1.22.1`: ✗\N{NO-BREAK SPACE}known failure" in entry
    )


def test_the_kill_matrix_goes_both_ways(reference: Reference, evidence: Evidence) -> None:
    page = pages(reference, evidence=evidence)["evidence/kill-matrix.md"]

    assert '<span id="forward-client-key"></span>`forward-client-key` | It leaks. Seen in owner/repo\\#12. |' in page
    assert f"[`{RULE}`](../requirements/headers.md#client-credential-replaced) | must | [`forward-client-key`]" in page
    assert "`harmless` | Nothing. Not reported in a public thread. | **none** |" in page
    assert "2 defects; 1 of" in page
    assert "| `echo` | Echoes. | nothing | [`routing.warm-up`](../requirements/routing.md#warm-up) |" in page
    assert "No committed defect breaks" in page


def test_implementations_stand_beside_one_another(reference: Reference, evidence: Evidence) -> None:
    page = pages(reference, evidence=evidence)["evidence/implementations.md"]

    assert (
        "| [Nginx](https://proxy.example.com/) | [breaks 1 core rule](#found-nginx) | ampmap | 1 of 2 | 1 of 2 |"
        " 0 of 0 | 0 | `1.22.1` | 2026\\-11-21 | [data](" in page
    )
    assert "Version `1.22.1` was tested on 2026\\-11-21, by kit `0.1.0`; [its data](" in page
    assert "Claims: `management`." in page
    assert (
        "#client-credential-replaced) | ✗\N{NO-BREAK SPACE}known failure | It cannot. | <https://x.example/1> |" in page
    )
    assert "[`routing.body-kept`](../requirements/routing.md#body-kept) | must | ✓\N{NO-BREAK SPACE}pass |" in page


def test_a_result_that_was_handed_in_is_shown_as_such_and_makes_no_markup(reference: Reference, tmp_path: Path) -> None:
    theirs: dict[str, Any] = json.loads(json.dumps(RUN))
    theirs["implementation"]["title"] = "<img src=x>[b](javascript:c)"
    theirs["requirements"][RULE]["reason"] = "<script>alert(1)</script>"
    (tmp_path / "implementations").mkdir()
    written(tmp_path, nginx=RUN)
    written(tmp_path / "implementations", mine=theirs)

    page = pages(reference, evidence=read_evidence(tmp_path))["evidence/implementations.md"]

    row = next(line for line in page.splitlines() if "implementations/mine.json" in line)
    assert " | others | 1 of 2 | " in row
    assert "<img" not in page
    assert "<script>" not in page
    assert "[b](javascript" not in page


def test_the_score_of_mutants_names_its_sample_and_what_survives(reference: Reference, evidence: Evidence) -> None:
    site = pages(reference, evidence=evidence)
    page = site["evidence/mutants.md"]

    assert "2 of 3 non-equivalent mutants killed (67%)" in site["evidence/index.md"]
    assert "**2 of 3 non-equivalent mutants killed (67%).** A random sample of 6 of the 9 mutants: 2 killed, 1" in page
    assert "| `routing.g` | 7 | `a | b`" in page.replace("\\|", "|")
    assert "| 2 | Names are the same in any case" in page
    assert "| `serve` | It prints. |" in page


@pytest.mark.parametrize("folder", [None, "missing", "empty"])
def test_where_nothing_is_committed_the_pages_say_so(folder: str | None, reference: Reference, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    site = pages(reference, evidence=read_evidence(tmp_path / folder if folder else None))

    assert "No evidence is committed" in site["evidence/kill-matrix.md"]
    assert "No evidence is committed" in site["evidence/implementations.md"]
    assert "No evidence is committed" in site["evidence/mutants.md"]
    assert "Defects that it catches: *none committed*" in site["requirements/headers.md"]
    assert "Latest evidence: *none committed*" in site["requirements/headers.md"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("kill_matrix", "{", "kill-matrix.json is not valid JSON"),
        (
            "kill_matrix",
            {**MATRIX, "defects": {"a": {"summary": "", "seen_in": None, "kills": 3}}},
            "kill-matrix.json: defects.a.kills",
        ),
        ("nginx", {"implementation": {"version": "1"}, "requirements": {}}, "nginx.json: implementation.name"),
        (
            "nginx",
            {**RUN, "implementation": {"name": "x", "url": "javascript:alert(1)"}},
            "nginx.json: implementation.url",
        ),
        ("manifest", {"kit": "1"}, "manifest.json: edition"),
    ],
)
def test_broken_evidence_is_named_and_not_shown_as_none(name: str, content: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as raised:
        read_evidence(written(tmp_path, **{name: content}))

    assert said in str(raised.value)


def test_the_committed_evidence_is_of_its_shape() -> None:
    read_evidence(CHECKOUT / "conformance" / "evidence")
