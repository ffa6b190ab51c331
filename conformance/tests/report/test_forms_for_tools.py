"""SARIF and TAP, severity and remedy in what CI services read, and links to the published documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from email.message import Message
from importlib import metadata
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.report.build import docs_link
from ampmap_conformance.report.github import marks
from ampmap_conformance.report.junit import to_junit
from ampmap_conformance.report.model import Remedy, Report
from ampmap_conformance.report.sarif import to_sarif
from ampmap_conformance.report.tap import to_tap
from ampmap_conformance.verdicts import Verdict
from ampmap_conformance.version import docs_site

Made: TypeAlias = Callable[..., Report]
EACH = {f"auth.{verdict.value}[{verdict.value}]": verdict.value for verdict in Verdict}
NASTY = "\x1b[31m # SKIP \\ nothing\nok 9 - injected\n::error::injected"
REMEDY = Remedy(text="Clear the header.", lines='proxy_set_header Authorization "";', server="nginx")


def with_remedies(report: Report) -> Report:
    """The report with a severity for each rule and a remedy for each cause."""
    rules = {
        name: rule.model_copy(update={"severity": "critical", "docs_url": docs_link(name, "https://docs.example.com/")})
        for name, rule in report.rules.items()
    }
    causes = tuple(cause.model_copy(update={"severity": "critical", "remedy": REMEDY}) for cause in report.causes)
    return report.model_copy(update={"rules": rules, "causes": causes})


@pytest.fixture
def each(made_report: Made) -> Report:
    return with_remedies(made_report(EACH, verdict="non-conformant", exit_code=1))


def read_tap(text: str) -> Iterator[tuple[bool, str, str, dict[str, Any]]]:
    """What a reader of TAP 14 gets: whether it passed, its name, its directive, and its details."""
    first, plan, *lines = text.splitlines()
    assert first == "TAP version 14"
    points = [line for line in lines if not line.startswith("  ")]
    assert plan == f"1..{len(points)}"
    details: dict[str, dict[str, Any]] = {}
    last = ""
    for line in lines:
        if not line.startswith("  "):
            details[last := line] = {}
        elif ": " in line:
            name, _, value = line.strip().partition(": ")
            details[last][name] = json.loads(value)
    for number, line in enumerate(points, 1):
        found = re.fullmatch(r"(not )?ok (\d+) - ((?:\\.|[^\\#])+?)(?: # (SKIP|TODO) (.*))?", line)
        assert found is not None, line
        assert int(found[2]) == number
        yield not found[1], found[3], found[4] or "", details[line]


def test_a_reader_of_tap_sees_every_verdict_as_what_it_is(each: Report) -> None:
    read = {name: (passed, directive, more) for passed, name, directive, more in read_tap(to_tap(each).decode())}
    shown = {name.partition("[")[2][:-1]: (passed, directive) for name, (passed, directive, _) in read.items()}
    assert shown == {
        "pass": (True, ""),
        **dict.fromkeys(("not-applicable", "not-testable", "blocked"), (True, "SKIP")),
        **dict.fromkeys(("warn", "known-failure"), (False, "TODO")),
        **dict.fromkeys(("fail", "flaky", "unexpected-pass", "error"), (False, "")),
    }
    told = read["auth.fail[fail]"][2]
    assert (told["verdict"], told["severity"], told["level"]) == ("fail", "critical", "must")
    assert told["remedy"] == 'Clear the header: proxy_set_header Authorization "";'


def test_what_a_target_says_is_no_line_of_tap(made_report: Made) -> None:
    fields = {"actual": NASTY, "reason": NASTY}
    report = made_report({"auth.a[x]": "fail", "auth.b[x]": "not-testable"}, results=fields)
    assert [(passed, name) for passed, name, _, _ in read_tap(to_tap(report).decode())] == [
        (False, "auth.a[x]"),
        (True, "auth.b[x]"),
    ]
    assert r"# SKIP \\x1b[31m \# SKIP \\ nothing ok 9 - injected" in to_tap(report).decode()
    unfinished = made_report({"auth.a[x]": "pass"}, interrupted=True, planned=9)
    assert [name for _, name, _, _ in read_tap(to_tap(unfinished).decode())][-1] == "run: interrupted"


def test_sarif_has_a_result_for_each_cause_and_a_rule_for_each_requirement(each: Report) -> None:
    run = json.loads(to_sarif(each))["runs"][0]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    levels = {result["ruleId"].removeprefix("auth."): result["level"] for result in results}
    assert {name: level for name, level in levels.items() if level == "error"}.keys() == {
        "fail",
        "flaky",
        "unexpected-pass",
        "error",
        "known-failure",
    }
    assert levels["warn"] == "warning"
    assert {result["ruleId"] for result in results if "suppressions" in result} == {"auth.known-failure"}
    assert len({result["partialFingerprints"]["cause/v1"] for result in results}) == len(results)
    assert all("remedy: Clear the header: proxy_set_header" in result["message"]["text"] for result in results)
    assert {rule["properties"]["security-severity"] for rule in rules} == {"9.5"}
    assert rules[0]["helpUri"].startswith("https://docs.example.com/requirements/auth/#")
    assert run["invocations"] == [{"exitCode": 1, "executionSuccessful": True}]


def test_sarif_of_a_run_that_ended_early_says_so(made_report: Made) -> None:
    report = made_report({"auth.a[x]": "pass"}, interrupted=True, planned=9, exit_code=2)
    (invocation,) = json.loads(to_sarif(report))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["descriptor"] == {"id": "interrupted"}


def test_junit_and_annotations_tell_severity_and_remedy(each: Report) -> None:
    text = to_junit(each).decode()
    assert '<property name="severity" value="critical"' in text
    assert '<property name="remedy" value="Clear the header: proxy_set_header' in text
    assert "remedy    Clear the header" in text
    for line in marks(each):
        assert "severity: critical%0A" in line
        assert "%0Aremedy: Clear the header: proxy_set_header" in line


@pytest.mark.parametrize(
    ("urls", "site"),
    [
        (("Documentation, https://docs.example.com/x/", "Source, https://example.com"), "https://docs.example.com/x/"),
        (("Source, https://example.com",), ""),
        ((), ""),
    ],
)
def test_links_lead_to_the_site_of_the_build_or_are_left_out(
    monkeypatch: pytest.MonkeyPatch, urls: tuple[str, ...], site: str
) -> None:
    told = Message()
    for url in urls:
        told["Project-URL"] = url
    monkeypatch.setattr(metadata, "metadata", lambda _name: told)
    docs_site.cache_clear()
    try:
        assert docs_site() == site
        link = docs_link("auth.a", docs_site())
    finally:
        docs_site.cache_clear()
    assert link == ("https://docs.example.com/x/requirements/auth/#a" if site else "")
