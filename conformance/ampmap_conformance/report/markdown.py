"""A report as Markdown, for the page of a CI job."""

from __future__ import annotations

from types import MappingProxyType

from .facts import clients_line, ending, red_results, run_problems
from .model import Report
from .render import render

MOST_RULES = 30
"""Requirements whose cases are shown; a job page takes no more than 1 MiB."""
EACH = 3
"""Cases of one requirement that are shown."""
LONGEST = 900_000
"""Bytes of a summary that a job page still takes."""
SIGNS = MappingProxyType({"conformant": "✅", "non-conformant": "❌", "incomplete": "⚠️", "error": "⚠️"})


def to_markdown(report: Report) -> bytes:
    """`summary.md`."""
    red = list(red_results(report).items())
    made = render(
        "summary.md.j2",
        report=report,
        sign=SIGNS[report.summary.verdict],
        ending=ending(report),
        clients=clients_line(report),
        problems=run_problems(report),
        red=red[:MOST_RULES],
        further=max(0, len(red) - MOST_RULES),
        each=EACH,
    )
    return made if len(made) <= LONGEST else made[:LONGEST].rpartition(b"\n")[0] + b"\n"
