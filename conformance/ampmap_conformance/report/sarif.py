"""A report as SARIF 2.1.0, for code scanning: a result for each cause, a rule for each requirement. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ..reference.types import Severity
from ..verdicts import ExitCode, Level, Verdict
from ..wire.visible import visible
from .facts import RED, remedy_line, run_problems
from .model import Cause, Report, RequirementSummary, Result
from .text import is_http

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SCORES: Mapping[Severity, str] = MappingProxyType({"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"})
"""What code scanning reads as the severity of a rule, in the middle of its four classes."""
DEFAULTS: Mapping[Level, str] = MappingProxyType({Level.MUST: "error", Level.SHOULD: "warning", Level.MAY: "note"})
ENDED_EARLY = (ExitCode.INTERRUPTED, ExitCode.KIT_ERROR, ExitCode.UNREACHABLE)


def to_sarif(report: Report) -> bytes:
    """The causes in their order, and what is wrong with the run as notifications; known failures are suppressed."""
    names = list(dict.fromkeys(name for cause in report.causes for name in cause.requirements))
    results = {result.id: result for result in report.results}
    driver = {
        "name": "ampmap-conformance",
        "semanticVersion": report.kit.version,
        "rules": [_rule(name, report.rules[name]) for name in names if name in report.rules],
    }
    places = [rule["id"] for rule in driver["rules"] if isinstance(rule, dict)]
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(report)],
        "results": [_result(cause, results[cause.shown], report, places) for cause in report.causes],
        "properties": {
            "target": report.target.name,
            "editions": [each.edition for each in report.editions or (report.reference,)],
        },
    }
    made = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return f"{json.dumps(made, ensure_ascii=True, indent=1)}\n".encode()


def _rule(name: str, rule: RequirementSummary) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": name,
        "shortDescription": {"text": rule.statement},
        "defaultConfiguration": {"level": DEFAULTS[rule.level]},
        "properties": {"tags": [rule.profile, rule.level.value]},
    }
    if rule.severity:
        made["properties"]["security-severity"] = SCORES[rule.severity]
    if is_http(rule.docs_url):  # a relative address is no valid helpUri
        made["helpUri"] = rule.docs_url
    return made


def _result(cause: Cause, shown: Result, report: Report, places: Sequence[str]) -> dict[str, Any]:
    parts = (
        ("", cause.summary),
        ("severity", cause.severity or ""),
        ("cases", f"{len(cause.cases)} of {', '.join(cause.requirements)}"),
        ("expected", shown.expected),
        ("actual", shown.actual),
        ("remedy", remedy_line(cause)),
        ("again", shown.reproduce.command),
    )
    text = "\n".join(f"{label}: {said}" if label else said for label, said in parts if said)
    made: dict[str, Any] = {
        "ruleId": shown.requirement,
        "level": _level(cause),
        "message": {"text": visible(text)},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": report.target.base_url}},
                "logicalLocations": [{"fullyQualifiedName": shown.id, "kind": "case"}],
            }
        ],
        "partialFingerprints": {"cause/v1": cause.id},
    }
    if shown.requirement in places:
        made["ruleIndex"] = places.index(shown.requirement)
    if cause.verdict is Verdict.KNOWN_FAILURE:
        why = shown.known.reason if shown.known else ""
        made["suppressions"] = [{"kind": "external", "status": "accepted", "justification": visible(why)}]
    return made


def _level(cause: Cause) -> str:
    if not cause.scored:
        return "note"
    return "error" if cause.verdict in RED or cause.verdict is Verdict.KNOWN_FAILURE else "warning"


def _invocation(report: Report) -> dict[str, Any]:
    code = report.summary.exit_code
    made: dict[str, Any] = {"exitCode": code, "executionSuccessful": code not in ENDED_EARLY}
    problems = run_problems(report)
    if problems:
        made["toolExecutionNotifications"] = [
            {"level": "error", "descriptor": {"id": kind}, "message": {"text": visible(text)}}
            for kind, text in problems
        ]
    return made
