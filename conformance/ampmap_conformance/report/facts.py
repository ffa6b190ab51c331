"""What all forms of a report say in the same words."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

from ..verdicts import EXECUTED, Verdict
from .model import Cause, Report, Result

RED = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.UNEXPECTED_PASS, Verdict.ERROR})
"""Verdicts for which a run is not conformant."""

DECIDING = ("unreachable", "broken-control")
"""Notices that keep a run from being conformant."""
ENDINGS = MappingProxyType(
    {
        0: "all decided cases conform to the reference",
        1: "cases fail",
        2: "the run was interrupted; the report shows the cases decided before",
        3: "the kit itself failed; the target was not judged",
        5: "too little was tested",
        6: "the target could not be tested",
        7: "the baseline no longer fits",
    }
)
"""Why a run ended as it did, by exit code."""


def ending(report: Report) -> str:
    """One line on how the run ended."""
    unproven = ", ".join(f"`{claim}`" for claim in report.summary.unproven)
    ended = ENDINGS.get(report.summary.exit_code, report.summary.verdict)
    return f"{ended}; unproven, as it could not be tested: {unproven}" if unproven else ended


def is_red(result: Result) -> bool:
    """Whether a case keeps the run from being conformant."""
    return result.verdict in RED and result.scored


def verdict_of_cause(cause: Cause) -> str:
    """The verdict of a cause in words."""
    return cause.verdict.value if cause.scored else f"unscored {cause.verdict.value}"


def clients_line(report: Report) -> str:
    """The SDKs that made calls, with their versions."""
    return ", ".join(f"{client.name} {client.version}" for client in report.clients)


def executed(report: Report) -> int:
    """How many cases ran to their end."""
    return sum(count for verdict, count in report.summary.counts.items() if verdict in EXECUTED)


NAMED = 3
"""Requirements that are named where some could not be tested."""


def untested_line(report: Report) -> str:
    """In a sentence, which requirements could not be tested and why most of them could not; empty for none."""
    names = report.summary.untested
    if not names:
        return ""
    told = ", ".join(names) if len(names) <= NAMED else f"{len(names)} requirements ({', '.join(names[:NAMED])}, ...)"
    wanting = frozenset(names)
    reasons = Counter(result.reason for result in report.results if result.requirement in wanting and result.reason)
    why = f", most often because of this: {reasons.most_common(1)[0][0]}" if reasons else ""
    return f"no case of {told} could be tested{why}"


def run_problems(report: Report) -> tuple[tuple[str, str], ...]:
    """What makes a run red without a failing case: kind and one sentence for each."""
    summary = report.summary
    entries = report.baseline.problems if report.baseline else ()
    found: list[tuple[str, str]] = [(entry.kind, f"{entry.place}: {entry.message}") for entry in entries]
    found += [(notice.kind, notice.text) for notice in report.notices if notice.kind in DECIDING]
    if untested := untested_line(report):
        found.append(("untested", untested))
    if summary.interrupted:
        decided = f"{len(report.results)} of {summary.planned} cases were decided"
        found.append(("interrupted", f"the run was interrupted: {decided}"))
    elif not executed(report) and not found:
        found.append(("nothing-ran", "no case was executed"))
    return tuple(found)
