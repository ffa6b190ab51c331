"""Causes: which cases belong together, in what order they are told, and how a terminal shows them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.report.causes import after_effects, causes_of, in_order
from ampmap_conformance.report.model import Cause, Report, RequirementSummary, Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.terminal import Detail, Terminal
from ampmap_conformance.report.write import read_report, to_json
from ampmap_conformance.verdicts import ExitCode
from rich.console import Console

Made: TypeAlias = Callable[..., Report]
Case: TypeAlias = tuple[str, str, str, str]
"""Id, verdict, the code of what was observed, and what was seen."""

MESSAGE = {"headers": [], "body": ""}
SEVERITIES = {"auth.leak": "critical", "auth.query": "high", "headers.leak": "critical", "headers.odd": "low"}


def result_of(case: Case, *, status: str = "200", upstream: bool = True, begun: float = 0.0) -> Result:
    name, verdict, code, actual = case
    requirement, _, rest = name.partition("[")
    seen = [{"persona": "groq", "request": {"start": "POST /", **MESSAGE}}] if upstream else []
    exchange = {
        "request": {"start": "POST /", **MESSAGE},
        "response": {"start": status, **MESSAGE},
        "upstream": seen,
        "begun_ms": begun,
    }
    data: dict[str, Any] = {
        "id": name,
        "requirement": requirement,
        "case": rest.removesuffix("]"),
        "level": "should" if verdict == "warn" else "must",
        "profile": requirement.partition(".")[0],
        "verdict": verdict,
        "reason": code.replace("-", " "),
        "expected": "",
        "actual": actual,
        "docs_url": "",
        "exchanges": [] if verdict == "pass" else [exchange],
        "reproduce": {"curl": "", "command": f"ampmap-conformance run --select '{name}'"},
        "duration_ms": 1.0,
        "observations": []
        if verdict == "pass"
        else [{"code": one, "reason": one.partition("@")[0], "expected": "", "actual": ""} for one in code.split()],
    }
    return Result.model_validate(data)


def causes(results: Iterable[Result]) -> tuple[Cause, ...]:
    every = tuple(results)
    rules = {
        one.requirement: RequirementSummary.model_validate(
            {
                "statement": "It does.",
                "level": one.level,
                "profile": one.profile,
                "docs_url": "",
                "severity": SEVERITIES.get(one.requirement, "medium"),
            }
        )
        for one in every
    }
    return causes_of(every, rules, observed=True)


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        pytest.param(
            [
                ("auth.leak[a]", "fail", "key-leaks@x-api-key", "k"),
                ("headers.leak[a]", "fail", "key-leaks@cookie", "c"),
            ],
            [2],
            id="the same observation of two rules, wherever it was made",
        ),
        pytest.param(
            [("auth.leak[a]", "fail", "key-in-a", "k"), ("auth.leak[b]", "fail", "key-in-b key-in-a", "k")],
            [2],
            id="two cases of a rule that have one observation in common",
        ),
        pytest.param(
            [("auth.leak[groq-a]", "fail", "not-of-groq", "k"), ("auth.leak[xai-a]", "fail", "not-of-xai", "k")],
            [2],
            id="observations that differ in the name of the provider alone",
        ),
        pytest.param(
            [("auth.leak[a]", "fail", "key-leaks", "k"), ("auth.query[a]", "warn", "key-leaks", "k")],
            [1, 1],
            id="what fails and what warns",
        ),
        pytest.param(
            [("auth.leak[a]", "fail", "call-failed", "413"), ("headers.leak[a]", "fail", "call-failed", "413")],
            [1, 1],
            id="calls that were not served, of two rules",
        ),
        pytest.param(
            [("auth.leak[a]", "fail", "sent-on", "k"), ("headers.leak[a]", "fail", "sent-on", "k")],
            [1, 1],
            id="a code that rules share although they mean different things",
        ),
    ],
)
def test_cases_that_share_their_reason_are_one_cause(cases: list[Case], expected: list[int]) -> None:
    assert [len(cause.cases) for cause in causes(map(result_of, cases))] == expected


def test_what_the_upstream_saw_tells_causes_apart() -> None:
    case = ("auth.leak[a]", "fail", "not-json", "text/html")
    found = causes([result_of(case), result_of((f"{case[0]}b", *case[1:]), upstream=False)])
    assert [cause.upstream for cause in found] == ["reached", "nothing"]
    assert len({cause.id for cause in found}) == 2


def test_a_route_that_is_not_served_is_one_cause() -> None:
    rules = ("auth.leak", "headers.leak", "headers.odd")
    cases = [(f"{rule}[groq-models.list-{rule}]", "fail", "no-request", "status 404") for rule in rules]
    (found,) = causes(result_of(case, status="404", upstream=False) for case in cases)
    assert found.summary == "the proxy has no route for these calls"
    assert not found.knock_on


def knocked(rules: int, served: bool) -> list[Result]:
    """Cases of so many rules that all got no answer; with `served`, other cases of their calls pass."""
    names = [f"{('auth', 'headers')[number % 2]}.rule-{number}" for number in range(rules)]
    silent = [(f"{name}[groq-chat.completions-{name}]", "fail", "no-answer", "closed") for name in names]
    passing = [(f"{name}[groq-chat.completions]", "pass", "", "") for name in names if served]
    times = range(rules, 0, -1)
    return [result_of(case, status="", upstream=False, begun=at) for case, at in zip(silent, times, strict=True)] + [
        result_of(case) for case in passing
    ]


def test_effects_of_an_earlier_call_are_one_notice_with_the_first_case_that_shows_them() -> None:
    (found,) = causes(knocked(5, served=True))
    assert (found.knock_on, found.shown) == (True, "auth.rule-4[groq-chat.completions-auth.rule-4]")
    (notice,) = after_effects([found])
    assert found.shown in notice.text


@pytest.mark.parametrize(("rules", "served"), [(5, False), (3, True)])
def test_calls_that_are_served_nowhere_or_few_are_no_effect_of_an_earlier_one(rules: int, served: bool) -> None:
    assert not any(cause.knock_on for cause in causes(knocked(rules, served)))


ORDER = (
    ("headers.odd[a]", "fail", "odd", ""),
    ("auth.query[a]", "warn", "query", ""),
    ("auth.query[b]", "known-failure", "known", ""),
    ("headers.other[a]", "fail", "other", ""),
    ("headers.more[a]", "fail", "more", ""),
    ("headers.more[b]", "fail", "more", ""),
    ("auth.leak[a]", "fail", "leak", ""),
)


def test_causes_come_by_level_severity_and_number_of_cases() -> None:
    results = tuple(map(result_of, ORDER))
    found = causes(results)
    assert [cause.id for cause in found] == ["leak", "more", "other", "odd", "query", "known"]
    assert [result.id for result in in_order(results, found)][:2] == ["auth.leak[a]", "headers.more[a]"]


def test_a_cause_counts_the_cases_that_it_blocks() -> None:
    root = result_of(("auth.leak[a]", "fail", "leak", ""))
    waiting = result_of(("auth.query[a]", "blocked", "", "")).model_copy(update={"blocked_by": root.id})
    (found,) = causes([waiting, root])
    assert found.blocks == 1


def screen(report: Report, detail: Detail) -> list[str]:
    out = io.StringIO()
    with Terminal(Console(file=out, highlight=False, width=100), detail=detail) as terminal:
        terminal.end(RunOutcome(report=report, code=ExitCode.FAILURES, missing=()), (Path("out/report.json"),), 1.0)
    return out.getvalue().splitlines()


def test_a_terminal_shows_the_causes_on_one_screen(made_report: Made) -> None:
    names = [f"auth.rule-{number}" for number in range(30)]
    report = made_report(
        {f"{name}[{case}]": "fail" for name in names for case in range(10)},
        results={"actual": "long " * 100},
        verdict="non-conformant",
        exit_code=1,
        untested=[f"headers.rule-{number}" for number in range(123)],
    )
    lines = screen(report, Detail.CAUSES)
    assert len(lines) <= 40
    assert sum(line.startswith("FAIL ") for line in lines) == 10
    assert sum(len(line) > 100 for line in lines) <= 1
    assert "and 20 more causes: see the report" in lines
    assert any(line.startswith("no case of 123 requirements (headers.rule-0, ") for line in lines)
    assert lines[-1] == "report     out (report.json)"
    assert screen(report, Detail.VERDICT) == [lines[1]]


def test_a_report_of_schema_version_1_is_read_and_gets_causes(made_report: Made, tmp_path: Path) -> None:
    data = json.loads(to_json(made_report({"auth.a[x]": "fail", "auth.b[x]": "pass"})))
    data["schema_version"] = 1
    del data["causes"]
    (tmp_path / "report.json").write_text(json.dumps(data), encoding="utf-8")
    read = read_report(tmp_path / "report.json")
    assert read.schema_version == 2
    assert [cause.cases for cause in read.causes] == [("auth.a[x]",)]
