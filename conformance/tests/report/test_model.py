"""Reports: their schema, what they hold of a failure, and what they never hold."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TypeAlias

import jsonschema
import pytest
from ampmap_conformance import report as report_package
from ampmap_conformance.engine.session import Session
from ampmap_conformance.errors import UsageError
from ampmap_conformance.report.build import docs_link
from ampmap_conformance.report.model import Report, Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.terminal import Detail, Terminal
from ampmap_conformance.report.write import read_report, to_json, write_report
from ampmap_conformance.wire.redaction import forms
from rich.console import Console

Run: TypeAlias = Callable[..., RunOutcome]

LEAKY = ("client-key-forwarded", "wrong-key-echoed", "query-key-forwarded", "body-reserialised")
LEAKED = (
    "headers.client-credential-replaced[groq-*]",
    "auth.client-keys-not-returned[groq-*]",
    "routing.body-kept[groq-*]",
    "auth.missing-credential-rejected",
)


@pytest.fixture(scope="module")
def leaky(run: Run) -> RunOutcome:
    """A run against a proxy that leaks keys."""
    return run(defects=LEAKY, select=LEAKED)


def stable(report: Report) -> object:
    """A report less what may differ between two runs; the embedded target's port is one such thing."""
    data = report.model_dump(mode="json")
    for result in data["results"]:
        del result["duration_ms"], result["exchanges"]
    return data


def test_the_shipped_schema_is_the_models(leaky: RunOutcome, pytestconfig: pytest.Config) -> None:
    """After a change that is meant: `pytest conformance/tests/report/test_model.py --update-goldens`."""
    shipped = Path(str(resources.files(report_package) / "report.schema.json"))
    made = {
        "$schema": jsonschema.Draft202012Validator.META_SCHEMA["$id"],
        **Report.model_json_schema(mode="serialization"),
    }
    if pytestconfig.getoption("--update-goldens"):
        shipped.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    schema = json.loads(shipped.read_text(encoding="utf-8"))
    assert schema == made
    jsonschema.validate(json.loads(to_json(leaky.report)), schema)


def test_two_runs_compare_equal(run: Run, leaky: RunOutcome) -> None:
    assert any("{nonce}" in result.actual for result in leaky.report.results)
    assert stable(run(defects=LEAKY, select=LEAKED, workers=3).report) == stable(leaky.report)


def test_a_failure_says_what_was_expected_what_was_seen_and_how_to_see_it_again(leaky: RunOutcome) -> None:
    result = next(r for r in leaky.report.results if r.requirement.startswith("headers.") and "x_api_key" in r.case)
    assert result.verdict.value == "fail"
    assert result.expected == "no occurrence of the client's key in the upstream request"
    assert "can***ry" in result.actual
    assert "POST /openai/v1/chat/completions" in result.actual
    assert result.docs_url == ""
    defects = " ".join(f"--defect {name}" for name in LEAKY)
    selected = f"--select 'headers.client-credential-replaced[{result.case}]'"
    assert result.reproduce.command == f"ampmap-conformance run {defects} {selected}"
    assert '-h "x-api-key: $ampmap_client_key"' in result.reproduce.curl.lower()
    assert result.exchanges[0].upstream[0].persona == "groq"
    assert result.exchanges[0].response.start == "200"


def test_a_pass_keeps_no_exchange(leaky: RunOutcome) -> None:
    passed = [r for r in leaky.report.results if r.verdict.value == "pass"]
    assert passed
    assert not any(r.exchanges or r.expected or r.actual for r in passed)


def test_no_secret_is_in_the_report_or_on_the_terminal(run: Run, tmp_path: Path) -> None:
    """The keys of a leaking run: the client's, the upstreams' and every canary, however they are written."""
    out = io.StringIO()
    terminal = Terminal(Console(file=out, highlight=False, width=200))
    sessions: list[Session] = []

    class Watching:
        def begin(self, session: Session) -> None:
            sessions.append(session)
            terminal.begin(session)

        def case(self, result: Result) -> None:
            terminal.case(result)

    with terminal:
        ended = run(listener=Watching(), defects=LEAKY, select=LEAKED)
        files = write_report(ended.report, tmp_path / "report")
        terminal.end(ended, files, 1.0)
    target = sessions[0].target
    keys = [s.value for s in (target.client, target.second_client, *target.secrets) if s]
    text = out.getvalue() + "".join(file.read_text(encoding="utf-8") for file in files)
    assert "can***ry" in text
    assert len(keys) > 5
    assert not [key[:4] for key in keys for form in forms(key) if form in text]
    assert "-canary" not in text  # the tail of every canary


def test_a_failure_block_looks_as_documented(run: Run) -> None:
    out = io.StringIO()
    with Terminal(Console(file=out, highlight=False, width=80), detail=Detail.CASES) as terminal:
        run(listener=terminal, defects=LEAKY, select=LEAKED[:1])
    block = out.getvalue().split("\n\n")[1].splitlines()
    assert block[0].startswith("FAIL headers.client-credential-replaced[groq-")
    assert block[0].endswith("]   must")
    assert [line[2:12].strip() for line in block[1:]] == [
        "rule",
        "reason",
        "expected",
        "actual",
        "again",
        "serve",
        "curl",
    ]


def test_the_summary_counts_every_case_once(leaky: RunOutcome) -> None:
    summary = leaky.report.summary
    total = len(leaky.report.results)
    assert summary.verdict == "non-conformant"
    assert sum(summary.counts.values()) == total
    assert sum(sum(counts.values()) for counts in summary.by_profile.values()) == total
    assert sum(sum(counts.values()) for counts in summary.by_level.values()) == total


def test_a_report_is_believed_only_when_it_fits(tmp_path: Path, leaky: RunOutcome) -> None:
    file, *others = write_report(leaky.report, tmp_path / "new" / "folder")
    assert read_report(file) == leaky.report
    assert set(file.parent.iterdir()) == {file, *others}
    data = json.loads(file.read_text(encoding="utf-8"))
    data["results"][0]["verdict"] = "fine"
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match="not a report"):
        read_report(file)
    with pytest.raises(UsageError, match="cannot be written"):
        write_report(leaky.report, file)


def test_a_broken_should_warns_and_fails_only_when_strict(run: Run) -> None:
    wanted = {"defects": ("one-error-shape",), "select": ("errors.own-shape",)}
    lenient, strict = run(**wanted), run(**wanted, strict=True)
    assert (int(lenient.code), int(strict.code)) == (0, 1)
    assert "warn" in {r.verdict.value for r in lenient.report.results}
    assert "warn" not in {r.verdict.value for r in strict.report.results}


@pytest.mark.parametrize(
    ("base", "link"),
    [
        ("", ""),
        (
            "https://docs.example.com/ampmap/",
            "https://docs.example.com/ampmap/requirements/auth/#missing-credential-rejected",
        ),
    ],
)
def test_docs_links_lead_below_the_published_site(base: str, link: str) -> None:
    assert docs_link("auth.missing-credential-rejected", base) == link
