"""Evidence: what a report says of an implementation, a row for each requirement."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ampmap_conformance.engine.plan import proxy_rules
from ampmap_conformance.errors import UsageError
from ampmap_conformance.evidence.implementation import Evidence, as_data, evidence
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.model import KnownFailure, Report, Selection
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import Verdict

DAY = datetime.date(2026, 11, 21)
RULE = "errors.failure-keeps-error-status"


@pytest.fixture(scope="module")
def report(run: Callable[..., RunOutcome]) -> Report:
    """Of a run of one requirement that says that it was the whole suite."""
    part = run(select=(f"{RULE}[*]",)).report
    return part.model_copy(update={"selection": Selection()})


def test_every_requirement_has_a_row_that_counts_its_cases(report: Report, reference: Reference) -> None:
    made = evidence(report, reference, taken=DAY, url="https://proxy.example.com")

    rules = [name for name, row in proxy_rules(reference).items() if not row.excluded]
    assert list(made.requirements) == sorted(rules)
    row = made.requirements[RULE]
    assert (row.verdict, row.pass_, row.reason) == (Verdict.PASS, len(report.results), None)
    assert made.requirements["routing.reaches-upstream"].verdict is Verdict.NOT_APPLICABLE
    assert (made.taken, made.implementation.url) == ("2026-11-21", "https://proxy.example.com")


def test_one_case_that_fails_decides_and_says_why(report: Report, reference: Reference) -> None:
    first, second, *rest = report.results
    known = KnownFailure(pattern=RULE, reason="the baseline's reason", issue="https://example.com/1")
    changed = (
        first.model_copy(update={"verdict": Verdict.KNOWN_FAILURE, "reason": "seen", "known": known}),
        second.model_copy(update={"verdict": Verdict.NOT_TESTABLE, "reason": "no observer"}),
        *rest,
    )

    row = evidence(report.model_copy(update={"results": changed}), reference, taken=DAY).requirements[RULE]

    assert (row.verdict, row.known_failure, row.not_testable, row.pass_) == (Verdict.KNOWN_FAILURE, 1, 1, len(rest))
    assert (row.reason, row.issue) == ("the baseline's reason", "https://example.com/1")


def test_a_part_of_the_suite_is_no_evidence(report: Report, reference: Reference) -> None:
    for selection in (Selection(profiles=("auth",)), Selection(skip=("auth.*",)), Selection(defects=("x",))):
        with pytest.raises(UsageError, match="without --profile, --select and --skip"):
            evidence(report.model_copy(update={"selection": selection}), reference, taken=DAY)
    other = report.reference.model_copy(update={"digest": "sha256:0"})
    with pytest.raises(UsageError, match="this kit has"):
        evidence(report.model_copy(update={"reference": other}), reference, taken=DAY)


def test_the_command_writes_a_file_that_reads_as_it_was_made(
    report: Report, reference: Reference, tmp_path: Path, command: Callable[..., object]
) -> None:
    (tmp_path / "report.json").write_text(report.model_dump_json(by_alias=True), encoding="utf-8")

    command("evidence", "report.json", "--out", "mine.json", "--title", "Mine", "--taken", "2026-11-21")

    text = (tmp_path / "mine.json").read_text(encoding="utf-8")
    assert Evidence.model_validate_json(text) == evidence(report, reference, taken=DAY, title="Mine")
    assert json.loads(text) == as_data(Evidence.model_validate_json(text))
    assert f'  "{RULE}": {{"verdict": "pass", "pass": {len(report.results)}}}' in text
