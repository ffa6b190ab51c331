"""A run over several editions in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.errors import UsageError
from ampmap_conformance.reference.edition import editions_meant
from ampmap_conformance.report.junit import to_junit
from ampmap_conformance.report.markdown import to_markdown
from ampmap_conformance.report.model import Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.page import to_html
from ampmap_conformance.report.sarif import to_sarif
from ampmap_conformance.report.screen import edition_lines
from ampmap_conformance.report.write import read_report, to_json
from ampmap_conformance.run.editions import over_editions
from ampmap_conformance.run.run import conformance
from ampmap_conformance.verdicts import ExitCode, Verdict

from ..support import Silent

EARLY, LATE, LAST = "amp-0.0.1767830505", "amp-0.0.1773432280", "amp-0.0.1774310664"
"""The first knows no kimi; the others send alike headers."""
RULE = "routing.method-and-path"


def over(*editions: str, **options: Any) -> RunOutcome:
    return over_editions(RunOptions(**options), editions, Silent())


def alone(edition: str, **options: Any) -> RunOutcome:
    return conformance(RunOptions(edition=edition, **options), Silent())


def ids(results: Sequence[Result], edition: str) -> Counter[str]:
    return Counter(f"{each.requirement}[{each.case}]" for each in results if edition in each.editions)


@pytest.fixture(scope="module")
def both() -> RunOutcome:
    return over(LATE, LAST, select=(RULE,))


def test_each_edition_has_the_cases_and_the_verdict_of_a_run_of_its_own(both: RunOutcome) -> None:
    report = both.report
    sent = 0
    for each in report.editions:
        single = alone(each.edition, select=(RULE,))
        sent += single.report.requests.sent if single.report.requests else 0
        assert ids(report.results, each.edition) == Counter(result.id for result in single.report.results)
        assert (each.verdict, each.exit_code) == (single.report.summary.verdict, single.code)
        assert each.counts == single.report.summary.counts
    assert report.requests is not None
    assert report.requests.sent < 0.75 * sent


def test_a_case_of_two_editions_is_told_once(both: RunOutcome) -> None:
    results = both.report.results
    shared = [result for result in results if len(result.editions) == 2]

    assert both.code is ExitCode.CONFORMANT
    assert len({result.id for result in results}) == len(results) == both.report.summary.planned
    assert len(shared) == both.report.editions[1].shared > 0
    assert not [result.id for result in shared if "@" in result.id]


def test_a_case_that_differs_in_the_later_edition_names_it() -> None:
    results = over(EARLY, LAST, select=(f"{RULE}[groq-*]",)).report.results
    twice = [result for result in results if result.id.endswith(f"@{LAST}]")]

    assert twice
    assert {result.editions for result in twice} == {(LAST,)}
    assert all(f"--edition {LAST}" in result.reproduce.command for result in twice)
    assert not [result for result in twice if "@" in result.reproduce.command]


def test_every_form_of_the_report_tells_the_editions(both: RunOutcome, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(to_json(both.report))

    assert read_report(file) == both.report
    told = edition_lines(both.report)
    assert [line.split()[:2] for line in told] == [[LATE, "conformant:"], [LAST, "conformant:"]]
    for form in (to_html, to_markdown, to_junit, to_sarif):
        text = form(both.report).decode()
        assert LATE in text
        assert LAST in text


def test_what_fails_fails_in_each_edition_that_has_it() -> None:
    failed = over(LATE, LAST, select=(RULE,), defects=("body-given-to-get",)).report

    assert [each.verdict for each in failed.editions] == ["non-conformant"] * 2
    assert failed.summary.exit_code == ExitCode.FAILURES
    assert any(len(result.editions) == 2 for result in failed.results if result.verdict is Verdict.FAIL)
    assert {name for cause in failed.causes for name in cause.cases} <= {result.id for result in failed.results}


def test_a_pattern_means_something_in_one_of_the_editions() -> None:
    found = over(EARLY, LAST, select=(f"{RULE}[kimi-*]",)).report

    assert [each.edition for each in found.editions] == [LAST]
    with pytest.raises(UsageError, match="matches no case"):
        over(EARLY, LAST, select=(RULE, "routing.nothing"))
    with pytest.raises(UsageError, match=r"routing\.nothing"):  # also where another pattern is the first that fails
        over(EARLY, LAST, select=(f"{RULE}[kimi-*]", "routing.nothing"))


def test_an_entry_of_a_baseline_needs_one_edition_that_has_it(tmp_path: Path) -> None:
    known = tmp_path / "baseline.yaml"
    lines = [f"- {{pattern: '{RULE}[{name}-*]', reason: r}}\n" for name in ("kimi", "groq")]
    known.write_text("".join(lines), encoding="utf-8")
    used = over(EARLY, LAST, select=(RULE,), baseline=known).report.baseline

    assert used is not None
    assert {problem.kind for problem in used.problems} <= {"stale"}


def test_names_of_editions_are_read_once() -> None:
    every = editions_meant(("all-proxied",), "all-proxied")

    assert len(every) == len(set(every)) >= 8
    assert editions_meant(("2026-01", "newest-proxied", every[-1]), "all-proxied") == (every[2], every[-1])
    with pytest.raises(UsageError, match="unknown edition `x`"):
        editions_meant(("x", EARLY), "all-proxied")
