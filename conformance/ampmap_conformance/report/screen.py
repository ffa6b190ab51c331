"""What a run says when it has ended, line by line, so that it fits on one screen. Pure but for rich's values."""

from __future__ import annotations

from types import MappingProxyType

from rich.table import Table
from rich.text import Text

from ..verdicts import Verdict
from ..wire.visible import in_one_line, visible
from .facts import (
    clients_line,
    edition_verdict,
    ending,
    headline,
    load_line,
    nothing_ran_line,
    remedy_line,
    server_line,
    untested_line,
    verdict_of_cause,
)
from .model import Cause, Report, Result
from .parts import parts_line
from .text import shortened

MOST_CAUSES = 10
"""Causes that a terminal shows; the report has them all."""
NARROWEST = 40
"""Characters of what was seen that are shown however narrow the terminal is."""
LOUD = MappingProxyType(
    {
        Verdict.FAIL: "bold red",
        Verdict.ERROR: "bold magenta",
        Verdict.FLAKY: "bold red",
        Verdict.UNEXPECTED_PASS: "bold yellow",
        Verdict.WARN: "yellow",
        Verdict.KNOWN_FAILURE: "dim",
    }
)
"""Colours of the verdicts of causes."""


def counted(number: int, name: str) -> str:
    """`1 case`, `3 cases`."""
    return f"{number} {name}{'' if number == 1 else 's'}"


def verdict_line(report: Report, seconds: float) -> str:
    """How the run ended."""
    told = report.summary.exit_code or report.summary.unproven or report.summary.verdict != "conformant"
    why = f"; {ending(report)}" if told else ""
    return f"{headline(report)}: {counted(len(report.results), 'case')} in {seconds:.1f} s{why}"


def edition_lines(report: Report) -> list[str]:
    """What a run over several editions came to in each of them."""
    width = max((len(each.edition) for each in report.editions), default=0)
    return [f"{each.edition:{width}}  {edition_verdict(each)}" for each in report.editions]


def part_lines(report: Report) -> list[str]:
    """What each part of conformance came to, and what of core the target does not serve."""
    parts = parts_line(report)
    return [*([parts] if parts else []), *(f"not served: {one.text}" for one in report.target.left_out if one.core)]


def cause_lines(report: Report, width: int) -> list[Text]:
    """The causes that come first, each with what was seen and how to see it again."""
    loud = [cause for cause in report.causes if cause.verdict is not Verdict.KNOWN_FAILURE]
    by_id = {result.id: result for result in report.results}
    lines = [line for cause in loud[:MOST_CAUSES] for line in _cause(cause, by_id[cause.shown], width)]
    if len(loud) > MOST_CAUSES:
        lines.append(Text(f"and {counted(len(loud) - MOST_CAUSES, 'more cause')}: see the report"))
    return lines


def _cause(cause: Cause, shown: Result, width: int) -> list[Text]:
    size = counted(len(cause.cases), "case")
    size += f", {len(cause.requirements)} requirements" if len(cause.requirements) > 1 else ""
    size += f", blocks {cause.blocks} more" if cause.blocks else ""
    head = Text.assemble(
        (f"{verdict_of_cause(cause).upper():<5}", LOUD[cause.verdict]),
        f" {cause.severity or cause.level.value:<8} {in_one_line(cause.summary)} ({size})",
    )
    seen = shortened(visible(cause.actual or shown.reason), max(width - 13, NARROWEST))
    remedy = visible(remedy_line(cause))
    if cause.remedy is not None and len(remedy) > width - 13:
        remedy = visible(" ".join(cause.remedy.text.split()))
    parts = (("seen", seen), ("remedy", remedy), ("again", shown.reproduce.command))
    return [head, *(Text(f"      {name:<6} {text}") for name, text in parts if text)]


def beyond_lines(report: Report) -> list[str]:
    """What there is to say beside causes: what was not tested, the baseline's faults, and notices."""
    untested = untested_line(report) or nothing_ran_line(report)
    entries = report.baseline.problems if report.baseline else ()
    return [
        *([untested] if untested else []),
        *(f"{problem.place}: {problem.message}" for problem in entries),
        *(f"notice: {notice.text}" for notice in report.notices),
    ]


def fact_lines(report: Report) -> list[str]:
    """What the run was made with."""
    clients = [f"clients    {clients_line(report)}"] if report.clients else []
    requests = [f"requests   {report.requests.sent} sent"] if report.requests is not None else []
    server = [f"server     {server_line(report.server)}"] if report.server is not None else []
    load = [f"load       {load_line(report)}"] if report.load is not None else []
    return server + clients + requests + load


def case_lines(result: Result, report_rule: str) -> list[Text]:
    """All that is said of a case that went wrong; `report_rule` is what its rule says."""
    head = Text.assemble((result.verdict.value.upper(), LOUD[result.verdict]), f" {result.id}   {result.level.value}")
    parts: tuple[tuple[str, str], ...]
    if result.verdict is Verdict.ERROR:
        parts = (("fault", result.reason), ("again", result.reproduce.command))
    elif result.verdict is Verdict.UNEXPECTED_PASS:
        parts = (("rule", report_rule), ("reason", result.reason), ("again", result.reproduce.command))
    else:
        parts = (
            ("rule", report_rule),
            ("reason", result.reason),
            ("expected", result.expected),
            ("actual", result.actual),
            *(("also", f"{one.reason}: {one.actual}") for one in result.observations[1:]),
            ("held", f"in {result.held} of {result.attempts} attempts" if result.attempts > 1 else ""),
            ("fault", f"of the {result.attribution.value}" if result.attribution else ""),
            ("docs", result.docs_url),
            ("again", result.reproduce.command),
            ("serve", result.reproduce.serve if result.reproduce.curl else ""),
            ("curl", result.reproduce.curl),
        )
    return [head, *(Text(f"  {name:<8}  {_indented(text)}") for name, text in parts if text)]


def _indented(text: str) -> str:
    """A text of several lines, none of which can be taken for a line of the kit's own."""
    return visible(text).replace("\n", f"\n{' ' * 12}")


def counts_table(report: Report) -> Table:
    """Verdicts by profile."""
    used = [verdict for verdict in Verdict if verdict in report.summary.counts]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("profile")
    for verdict in used:
        table.add_column(verdict.value, justify="right")
    for profile, counts in report.summary.by_profile.items():
        table.add_row(profile, *(str(counts.get(verdict, "-")) for verdict in used))
    table.add_row("all", *(str(report.summary.counts[verdict]) for verdict in used))
    return table
