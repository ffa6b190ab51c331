"""A report as Markdown, for the page of a CI job."""

from __future__ import annotations

from types import MappingProxyType

from ..verdicts import Verdict
from .facts import clients_line, ending, headline, load_line, run_problems
from .model import Report
from .parts import parts_line
from .render import render

MOST_CAUSES = 30
"""Causes that are shown; a job page takes no more than 1 MiB."""
EACH = 3
"""Cases of one cause that are named."""
LONGEST = 900_000
"""Bytes of a summary that a job page still takes."""
SIGNS = MappingProxyType(
    {"conformant": "✅", "partial": "⚠️", "outside": "✅", "non-conformant": "❌", "incomplete": "⚠️", "error": "⚠️"}
)


def to_markdown(report: Report) -> bytes:
    """`summary.md`."""
    by_id = {result.id: result for result in report.results}
    loud = [(cause, by_id[cause.shown]) for cause in report.causes if cause.verdict is not Verdict.KNOWN_FAILURE]
    made = render(
        "summary.md.j2",
        report=report,
        sign=SIGNS[report.summary.verdict],
        headline=headline(report),
        parts=parts_line(report),
        ending=ending(report),
        clients=clients_line(report),
        load=load_line(report),
        problems=run_problems(report),
        causes=loud[:MOST_CAUSES],
        further=max(0, len(loud) - MOST_CAUSES),
        each=EACH,
    )
    return made if len(made) <= LONGEST else made[:LONGEST].rpartition(b"\n")[0] + b"\n"
