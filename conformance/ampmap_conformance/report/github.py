"""Lines by which a job on GitHub Actions marks what is wrong, and outputs that later steps read. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..verdicts import Verdict
from ..wire.visible import visible
from .facts import RED, is_red, run_problems
from .model import Report, Result

PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+):(?P<column>\d+)")


def marks(report: Report) -> Iterator[str]:
    """An `::error` line per case that makes the run red and per problem of the run, a `::warning` per warning.

    A job page shows the first ten of a step only, so the first case of each requirement comes before the second.
    """
    entries = report.baseline.problems if report.baseline else ()
    for entry in entries:
        place = PLACE.fullmatch(entry.place)
        where = {"file": place["file"], "line": place["line"], "col": place["column"]} if place else {}
        yield line("error", f"baseline: {entry.kind}", entry.message, **where)
    for kind, text in run_problems(report)[len(entries) :]:
        yield line("error", kind, text)
    loud = [result for result in report.results if result.verdict in RED | {Verdict.WARN}]
    for level, red in (("error", True), ("warning", False)):
        seen: Counter[str] = Counter()
        ordered: list[tuple[int, Result]] = []
        for result in loud:
            if is_red(result) is red:
                seen[result.requirement] += 1
                ordered.append((seen[result.requirement], result))
        for _, result in sorted(ordered, key=lambda pair: pair[0]):
            yield line(level, f"{result.verdict.value}: {result.id}", _text(result, report))


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


def _text(result: Result, report: Report) -> str:
    rule = report.rules.get(result.requirement)
    parts = (
        ("rule", rule.statement if rule else ""),
        ("reason", result.reason),
        ("expected", result.expected),
        ("actual", result.actual),
        ("again", result.reproduce.command),
    )
    return "\n".join(f"{label}: {text}" for label, text in parts if text)


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return visible(text)
