"""A report in the Test Anything Protocol, version 14: a line for each case, with its details below. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..verdicts import Verdict
from ..wire.visible import visible
from .causes import in_order
from .facts import RED, remedy_line, run_problems
from .model import Cause, Report, Result

UNTESTED = frozenset({Verdict.NOT_APPLICABLE, Verdict.NOT_TESTABLE, Verdict.BLOCKED})
"""Verdicts of cases that were not decided: readers skip them."""


def to_tap(report: Report) -> bytes:
    """Every case in the order of the causes; what is excused or only recommended is a `TODO`, which fails nothing."""
    causes = {name: cause for cause in report.causes for name in cause.cases}
    results = in_order(report.results, report.causes)
    problems = run_problems(report)
    lines = ["TAP version 14", f"1..{len(results) + len(problems)}"]
    for number, result in enumerate(results, 1):
        lines += _case(number, result, causes.get(result.id))
    for number, (kind, text) in enumerate(problems, len(results) + 1):
        lines += [f"not ok {number} - {_escaped(f'run: {kind}')}", *_details((("reason", text),))]
    return ("\n".join(lines) + "\n").encode()


def _case(number: int, result: Result, cause: Cause | None) -> Iterator[str]:
    said = _escaped(result.id)
    if result.verdict is Verdict.PASS:
        yield f"ok {number} - {said}"
        return
    if result.verdict in UNTESTED:
        yield f"ok {number} - {said} # SKIP {_escaped(result.reason)}"
        return
    red = result.verdict in RED and result.scored
    why = result.known.reason if result.known else result.reason
    yield f"not ok {number} - {said}" + ("" if red else f" # TODO {_escaped(why)}")
    yield from _details(
        (
            ("verdict", result.verdict.value),
            ("severity", (cause.severity or "") if cause else ""),
            ("level", result.level.value),
            ("cause", cause.id if cause else ""),
            ("message", result.reason),
            ("expected", result.expected),
            ("actual", result.actual),
            ("remedy", remedy_line(cause) if cause else ""),
            ("again", result.reproduce.command),
        )
    )


def _details(parts: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """A block of YAML, each value in JSON, which is YAML too."""
    yield "  ---"
    yield from (f"  {name}: {json.dumps(visible(text), ensure_ascii=True)}" for name, text in parts if text)
    yield "  ..."


def _escaped(text: str) -> str:
    """A text on one line in which nothing begins a directive."""
    line = " ".join(visible(text).split())
    return line.replace("\\", "\\\\").replace("#", "\\#")
