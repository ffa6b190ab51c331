"""Lines by which a job on GitHub Actions marks what is wrong, and outputs that later steps read. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from ..verdicts import Verdict
from ..wire.visible import visible
from .facts import RED, remedy_line, run_problems
from .model import Cause, Report, Result

PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+)")


def marks(report: Report) -> Iterator[str]:
    """An `::error` line per cause that makes the run red and per problem of the run, a `::warning` per other cause.

    A job page shows the first ten of a step only, so they come in the order of the causes.
    """
    entries = report.baseline.problems if report.baseline else ()
    for entry in entries:
        place = PLACE.fullmatch(entry.place)
        where = {"file": place["file"], "line": place["line"], "col": place["column"]} if place else {}
        yield line("error", f"baseline: {entry.kind}", entry.message, **where)
    for kind, text in run_problems(report)[len(entries) :]:
        yield line("error", kind, text)
    by_id = {result.id: result for result in report.results}
    for cause in report.causes:
        if cause.verdict is not Verdict.KNOWN_FAILURE:
            level = "error" if cause.scored and cause.verdict in RED else "warning"
            yield line(level, f"{cause.verdict.value}: {cause.shown}", _text(cause, by_id[cause.shown], report))


def line(level: str, title: str, message: str, **place: str) -> str:
    """One workflow command, with what is special to GitHub escaped."""
    properties = {"title": title, **place}
    listed = ",".join(f"{name}={_escaped(value, ',:')}" for name, value in properties.items())
    return f"::{level} {listed}::{_escaped(message)}"


def pause(token: str) -> str:
    """From this line on nothing that is printed is a command, until `resume`; `token` is not to be guessed."""
    return f"::stop-commands::{token}"


def resume(token: str) -> str:
    """Ends what `pause` began."""
    return f"::{token}::"


def outputs(report: Report, file: Path) -> str:
    """Lines for $GITHUB_OUTPUT: `verdict`, `exit-code`, `counts` (JSON), and `report`, the path of the report."""
    counts = {verdict.value: count for verdict, count in report.summary.counts.items()}
    values = {
        "verdict": report.summary.verdict,
        "exit-code": str(report.summary.exit_code),
        "counts": json.dumps(counts),
        "report": str(file),
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _text(cause: Cause, result: Result, report: Report) -> str:
    rule = report.rules.get(result.requirement)
    names = ", ".join(cause.requirements)
    parts = (
        ("cause", cause.summary),
        ("cases", f"{len(cause.cases)} of {names}" if len(cause.cases) > 1 else ""),
        ("severity", cause.severity or ""),
        ("rule", rule.statement if rule else ""),
        ("expected", result.expected),
        ("actual", result.actual),
        ("remedy", remedy_line(cause)),
        ("again", result.reproduce.command),
    )
    return "\n".join(f"{label}: {text}" for label, text in parts if text)


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return visible(text)
