"""A report as a badge: JSON for a shields.io endpoint, and an SVG."""

from __future__ import annotations

import json

from ..verdicts import Verdict
from .facts import executed, headline
from .model import Report
from .render import render

LABEL = "amp conformance"
COLOURS = {
    "conformant": ("brightgreen", "#2f8132"),
    "outside": ("blue", "#0757ba"),
    "partial": ("yellow", "#8a6d00"),
    "non-conformant": ("red", "#c03221"),
    "incomplete": ("yellow", "#8a6d00"),
    "error": ("lightgrey", "#5f6368"),
}
"""The name that shields.io knows and the colour of the SVG, by the verdict of a run."""
CHARACTER = 6.6
"""Mean width of a character in the SVG, in pixels."""


def badge_json(report: Report) -> bytes:
    """`badge.json`, in the schema of shields.io endpoints."""
    data = {
        "schemaVersion": 1,
        "label": LABEL,
        "message": message(report),
        "color": _colour(report)[0],
        "isError": report.summary.verdict == "error",
    }
    return f"{json.dumps(data, indent=1)}\n".encode()


def badge_svg(report: Report) -> bytes:
    """`badge.svg`."""
    text = message(report)
    left, right = (round(len(words) * CHARACTER) + 14 for words in (LABEL, text))
    colour = _colour(report)[1]
    return render("badge.svg.j2", label=LABEL, message=text, left=left, right=right, colour=colour)


def _colour(report: Report) -> tuple[str, str]:
    """Yellow for a target with known failures, else the colour of the verdict."""
    known = report.summary.counts.get(Verdict.KNOWN_FAILURE) and report.summary.verdict == "conformant"
    return COLOURS["partial" if known else report.summary.verdict]


def message(report: Report) -> str:
    """The badge in words: of the cases that were executed, how many pass, or fail where that decided the run."""
    counts = report.summary.counts
    of = f"of {executed(report)}"
    if report.summary.verdict == "outside":
        return f"{counts.get(Verdict.PASS, 0)} {of} pass, as seen from outside"
    if report.summary.verdict == "partial":
        return f"{headline(report)}, {counts.get(Verdict.PASS, 0)} {of} pass"
    if report.summary.verdict == "conformant":
        known = counts.get(Verdict.KNOWN_FAILURE)
        return headline(report) if known else f"{counts.get(Verdict.PASS, 0)} {of} pass"
    if report.summary.verdict == "non-conformant":
        failing = counts.get(Verdict.FAIL, 0) + counts.get(Verdict.FLAKY, 0)
        return f"{failing} {of} fail" if failing else "stale baseline"
    return report.summary.verdict
