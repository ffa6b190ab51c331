"""A report as JUnit XML, in the form that common readers show right: what is red has a failure or an error element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from xml.etree import ElementTree as Xml

from ..verdicts import Verdict
from ..wire.visible import visible
from .causes import in_order
from .facts import RED, clients_line, remedy_line, run_problems
from .model import Cause, Report, Result
from .parts import parts_line

ELEMENTS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.PASS: "",
        Verdict.FAIL: "failure",
        Verdict.FLAKY: "failure",
        Verdict.UNEXPECTED_PASS: "failure",
        Verdict.ERROR: "error",
        Verdict.WARN: "skipped",
        Verdict.KNOWN_FAILURE: "skipped",
        Verdict.NOT_APPLICABLE: "skipped",
        Verdict.NOT_TESTABLE: "skipped",
        Verdict.BLOCKED: "skipped",
    }
)
"""The element that stands for a verdict. Its `type` is the verdict, so that none is lost."""
COUNTED: Mapping[str, str] = MappingProxyType({"failures": "failure", "errors": "error", "skipped": "skipped"})
"""The attributes that count, and the elements that they count."""
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""
RUN = "run"
"""The suite that holds what is red about a run as such."""


def to_junit(report: Report) -> bytes:
    """`report.xml`: a suite per profile, a case per case, and a suite `run` for what is red beyond them.

    Suites and their cases come in the order of the causes, those to repair first coming first.
    """
    root = Xml.Element("testsuites", {"name": f"ampmap conformance of {_clean(report.target.name)}"})
    results = in_order(report.results, report.causes)
    causes = {name: cause for cause in report.causes for name in cause.cases}
    for profile in dict.fromkeys(result.profile for result in results):
        suite = Xml.SubElement(root, "testsuite", {"name": profile})
        _properties(suite, _facts(report))
        for result in results:
            if result.profile == profile:
                _case(suite, result, report, causes.get(result.id))
        _counted(suite)
    problems = run_problems(report)
    if problems:
        suite = Xml.SubElement(root, "testsuite", {"name": RUN})
        _properties(suite, _facts(report))
        for number, (kind, text) in enumerate(problems, 1):
            case = Xml.SubElement(
                suite, "testcase", {"classname": "ampmap.run", "name": f"{kind}-{number}", "time": "0"}
            )
            _element(case, "failure", kind, text, text)
        _counted(suite)
    _counted(root)
    Xml.indent(root)
    # As bytes, ElementTree would encode each of some ten thousand pieces by itself.
    return f"<?xml version='1.0' encoding='utf-8'?>\n{Xml.tostring(root, encoding='unicode')}\n".encode()


def _case(suite: Xml.Element, result: Result, report: Report, cause: Cause | None) -> None:
    seconds = f"{result.duration_ms / 1000:.3f}"
    names = {"classname": f"ampmap.{result.profile}", "name": _clean(result.id), "time": seconds}
    case = Xml.SubElement(suite, "testcase", names)
    rule = report.rules.get(result.requirement)
    told = [("verdict", result.verdict.value), ("level", result.level.value)]
    told += [("severity", rule.severity)] if rule and rule.severity else []
    told += [("cause", cause.id)] if cause else []
    remedy = remedy_line(cause) if cause else ""
    told += [("remedy", remedy)] if remedy else []
    told += [("edition", edition) for edition in result.editions]
    _properties(case, told if result.scored else [*told, ("scored", "false")])
    element = ELEMENTS[result.verdict]
    if result.verdict in RED and not result.scored:
        element = "skipped"
    if element:
        known = f" ({result.known.reason})" if result.known else ""
        _element(
            case,
            element,
            result.verdict.value,
            f"{result.verdict.value}: {result.reason}{known}",
            _text(result, report, remedy),
        )


def _text(result: Result, report: Report, remedy: str) -> str:
    rule = report.rules.get(result.requirement)
    parts = (
        ("rule", rule.statement if rule else ""),
        ("severity", (rule and rule.severity) or ""),
        ("expected", result.expected),
        ("actual", result.actual),
        ("remedy", remedy),
        ("issue", (result.known and result.known.issue) or ""),
        ("docs", result.docs_url),
        ("again", result.reproduce.command),
        ("serve", result.reproduce.serve),
        ("curl", result.reproduce.curl),
    )
    return "\n".join(f"{label:<8}  {text}" for label, text in parts if text)


def _facts(report: Report) -> Iterable[tuple[str, str]]:
    yield "target", report.target.name
    if report.target.version:
        yield "target.version", report.target.version
    yield "target.base_url", report.target.base_url
    for each in report.editions or (report.reference,):
        yield "edition", each.edition
        yield "reference", each.digest
    yield "kit", report.kit.version
    if report.clients:
        yield "clients", clients_line(report)
    yield "verdict", report.summary.verdict
    if parts := parts_line(report):
        yield "parts", parts
    yield "exit_code", str(report.summary.exit_code)


def _properties(parent: Xml.Element, pairs: Iterable[tuple[str, str]]) -> None:
    properties = Xml.SubElement(parent, "properties")
    for name, value in pairs:
        Xml.SubElement(properties, "property", {"name": name, "value": _clean(value)})


def _element(case: Xml.Element, element: str, kind: str, message: str, text: str) -> None:
    Xml.SubElement(case, element, {"type": kind, "message": _clean(message)}).text = _clean(text)


def _counted(parent: Xml.Element) -> None:
    """Counts what is below `parent`, and adds up its time."""
    cases = list(parent.iter("testcase"))
    parent.set("tests", str(len(cases)))
    for attribute, element in COUNTED.items():
        parent.set(attribute, str(sum(1 for case in cases if case.find(element) is not None)))
    parent.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _clean(text: str) -> str:
    """The text with visible escapes in place of what XML cannot hold."""
    return NOT_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", visible(text))
