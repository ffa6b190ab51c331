"""Evidence that is handed in: what is taken in, and what a hostile file is told."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ampmap_conformance.engine.plan import proxy_rules
from ampmap_conformance.evidence.implementation import Evidence, Implementation, Row, as_data
from ampmap_conformance.evidence.manifest import to_json
from ampmap_conformance.evidence.submission import MOST_BYTES, problems, pull_request, read, standings
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.model import Kit, ReferenceId
from ampmap_conformance.verdicts import Verdict

KIT = "0.1.0"
TODAY = datetime.date(2026, 11, 29)
RULE = "routing.query-kept"
KEY = "sk-ant-" + "a1" * 20


@pytest.fixture(scope="module")
def good(reference: Reference) -> dict[str, Any]:
    """A file that is taken in: a proxy that passes a case of each rule."""
    rules = sorted(name for name, row in proxy_rules(reference).items() if not row.excluded)
    made = Evidence(
        implementation=Implementation(name="mine", title="Mine 2", version="2.1.0", url="https://example.com/mine"),
        kit=Kit(version=KIT),
        reference=ReferenceId(edition=reference.edition.id, digest=reference.digest),
        claims=("management",),
        policy={"body": "rewritten"},
        taken="2026-11-28",
        requirements={name: Row.model_validate({"verdict": Verdict.PASS, "pass": 2}) for name in rules},
    )
    return as_data(made)


def told(data: dict[str, Any], reference: Reference, stem: str = "mine") -> list[str]:
    made, found = read(json.dumps(data))
    return found if made is None else list(problems(made, stem=stem, reference=reference, kit=KIT, today=TODAY))


def changed(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy in which the value at `path` is another, or is gone where it is None."""
    copy = json.loads(json.dumps(data))
    *steps, last = path.split("/")
    inner = copy
    for step in steps:
        inner = inner[step]
    inner.pop(last, None)
    if value is not None:
        inner[last] = value
    return dict(copy)


def test_a_run_of_this_kit_is_taken_in(good: dict[str, Any], reference: Reference) -> None:
    failing = changed(good, f"requirements/{RULE}", {"verdict": "fail", "pass": 1, "fail": 1, "reason": "no <b> came"})

    assert told(good, reference) == told(failing, reference) == []


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("implementation/name", "<img src=x onerror=alert(1)>", "implementation.name: it is not a plain name"),
        ("implementation/title", "Mine</td><script>", "implementation.title: it is not a plain title"),
        ("implementation/title", "[Mine](https://x)", "implementation.title: it is not a plain title"),
        ("implementation/title", "M" * 81, "implementation.title: it is not a plain title"),
        ("implementation/version", None, "implementation.version: it is missing"),
        ("implementation/version", "1.0 | best", "implementation.version: it is not a plain version"),
        ("implementation/url", "javascript:alert(1)", "implementation.url: it is not a plain url"),
        ("implementation/url", "https://x.example/) [y](https://z", "implementation.url: it is not a plain url"),
        ("implementation/stars", 5, "implementation.stars: Extra inputs are not permitted"),
        ("kit/version", "0.0.9", "kit.version: the run was by kit 0.0.9, and this one is 0.1.0"),
        ("reference/digest", "sha256:" + "0" * 64, "reference.digest: this kit has sha256:"),
        ("policy", {"body": "whatever"}, "policy.body"),
        ("policy", {"rules": "none"}, "policy.rules: Extra inputs are not permitted"),
        ("policy", {"body": "verbatim"}, "policy: it is not as the kit writes it"),
        ("providers", ["acme"], "providers: edition"),
        ("taken", "yesterday", "taken: it is not a day"),
        ("taken", "2027-01-01", "taken: 2027-01-01 has not come yet"),
        (f"requirements/{RULE}", None, f"requirements: 1 rules are missing, `{RULE}` first"),
        (
            "requirements/routing.made-up",
            {"verdict": "pass", "pass": 1},
            "requirements: this kit has no rule on proxies",
        ),
        (f"requirements/{RULE}/fail", 1, f"requirements.{RULE}: its cases make it `fail`, and the file says `pass`"),
        (f"requirements/{RULE}", {"verdict": "pass"}, f"requirements.{RULE}: its cases make it `not-applicable`"),
        (f"requirements/{RULE}/pass", -3, f"requirements.{RULE}: a count is less than 1"),
        (f"requirements/{RULE}/verdict", "excellent", f"requirements.{RULE}.verdict: "),
        (
            f"requirements/{RULE}",
            {"verdict": "not-applicable", "reason": "ours"},
            f"requirements.{RULE}: it has no case",
        ),
        (f"requirements/{RULE}/reason", f"got {KEY}", f"requirements.{RULE}.reason: it looks like a secret"),
        (f"requirements/{RULE}/reason", "x" * 5000, f"requirements.{RULE}.reason: it is longer"),
        (f"requirements/{RULE}/reason", "a\u202eb", f"requirements.{RULE}.reason: it is longer"),
        (f"requirements/{RULE}/{KEY}<b>", 1, f"requirements.{RULE}.***?b?: Extra inputs"),
        ("claims", ["management", "best-of-all"], "claims: the kit knows no claim `best-of-all`"),
        ("claims", ["https://me:hunter2hunter2@x.example/"], "claims: it looks like a secret"),
    ],
)
def test_a_file_that_is_not_what_a_run_gave_is_refused(
    path: str, value: Any, line: str, good: dict[str, Any], reference: Reference
) -> None:
    found = told(changed(good, path, value), reference)

    assert [each for each in found if each.startswith(line)], found
    assert KEY not in "".join(found)
    assert "<" not in "".join(found)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "the file is not valid JSON"),
        ('{"taken": "2026-11-28", "taken": "2026-11-29"}', "the file is not valid JSON: the key `taken` stands twice"),
        ("[" * 100_000, "the file is not valid JSON"),
        ("[]", ": "),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_line(text: str, line: str) -> None:
    made, found = read(text)

    assert made is None
    assert found[0].startswith(line)


def test_a_standing_counts_what_was_tested_by_level(good: dict[str, Any], reference: Reference) -> None:
    other = changed(good, f"requirements/{RULE}", {"verdict": "not-testable", "not-testable": 3})
    whole, less = (standings(Evidence.model_validate(data), reference) for data in (good, other))

    assert (whole["core"].tested - less["core"].tested, whole["must"].tested - less["must"].tested) == (1, 1)
    assert whole["must"].kept == whole["must"].tested > 0
    assert whole["should"] == less["should"]


def test_the_text_of_the_pull_request_has_what_a_reviewer_asks_for(good: dict[str, Any], reference: Reference) -> None:
    broken = changed(good, f"requirements/{RULE}", {"verdict": "fail", "fail": 1})
    text = pull_request(Evidence.model_validate(broken), reference)

    for part in ("Mine 2", "2.1.0", "https://example.com/mine", reference.digest, '`body: "rewritten"`', f"`{RULE}`"):
        assert part in text


def test_the_command_checks_a_file(good: dict[str, Any], tmp_path: Path, command: Callable[..., Any]) -> None:
    (tmp_path / "mine.json").write_bytes(to_json(good))
    (tmp_path / "theirs.json").write_bytes(to_json(good))
    (tmp_path / "huge.json").write_bytes(b" " * (MOST_BYTES + 1))

    taken, renamed = command("evidence", "--check", "mine.json"), command("evidence", "--check", "theirs.json")

    assert (taken.returncode, taken.stderr) == (0, "")
    assert "kept of what was tested: core " in taken.stdout
    assert (renamed.returncode, "`mine.json`" in renamed.stderr) == (1, True)
    assert command("evidence", "--check", "huge.json").returncode == 4
    assert command("evidence", "--check", "mine.json", "--out", "x.json").returncode == 4


def test_committed_submissions_could_be_taken_in(pytestconfig: pytest.Config) -> None:
    """Whatever the kit was: a kit and a reference that have moved on are not a fault of the file."""
    for file in (pytestconfig.rootpath / "conformance" / "evidence" / "implementations").glob("*.json"):
        made, found = read(file.read_text(encoding="utf-8"))
        assert made is not None, (file, found)
