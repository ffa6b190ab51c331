"""What all forms of a report say in the same words."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

from ..verdicts import EXECUTED, ExitCode, Verdict
from .model import Cause, EditionVerdict, Remedy, Report, Result, Server

RED = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.UNEXPECTED_PASS, Verdict.ERROR})
"""Verdicts for which a run is not conformant."""

DECIDING = ("unreachable", "broken-control")
"""Notices that keep a run from being conformant."""
HEADLINES = MappingProxyType({"outside": "nothing wrong as seen from outside"})
"""Verdicts that are told in other words."""
OUTSIDE = "what the proxy sends to its upstreams was not seen; an observer behind it shows that"
ENDINGS = MappingProxyType(
    {
        0: "all decided cases conform to the reference",
        1: "cases fail",
        2: "the run was interrupted; the report shows the cases decided before",
        3: "the kit itself failed; the target was not judged",
        5: "too little was tested",
        6: "the target could not be tested",
        7: "the baseline no longer fits",
        8: "what was decided conforms, but the target does not serve all that a client needs",
    }
)
"""Why a run ended as it did, by exit code."""


def headline(report: Report) -> str:
    """The verdict in words: a conformant target with known failures is told with their number."""
    known = report.summary.counts.get(Verdict.KNOWN_FAILURE, 0)
    verdict = HEADLINES.get(report.summary.verdict, report.summary.verdict)
    if report.summary.outside and report.summary.verdict == "non-conformant":
        return f"{verdict}, as seen from outside"
    if report.summary.verdict not in ("conformant", "partial", "outside") or not known:
        return verdict
    severities = (report.rules[result.requirement].severity for result in report.results if _is_known(result))
    critical = sum(severity == "critical" for severity in severities)
    grave = f" ({critical} critical)" if critical else ""
    return f"{verdict} but for {known} known failure{'' if known == 1 else 's'}{grave}"


def _is_known(result: Result) -> bool:
    return result.verdict is Verdict.KNOWN_FAILURE


def edition_verdict(edition: EditionVerdict) -> str:
    """What an edition came to: `conformant: 2,839 cases, 1,200 of them made for an earlier edition`."""
    red = sum(count for verdict, count in edition.counts.items() if verdict in RED)
    failing = f", {red} red" if red else ""
    shared = f", {edition.shared:,} of them made for an earlier edition" if edition.shared else ""
    return f"{edition.verdict}: {edition.cases:,} cases{failing}{shared}"


def ending(report: Report) -> str:
    """One line on how the run ended."""
    unproven = ", ".join(f"`{claim}`" for claim in report.summary.unproven)
    code = ExitCode.PARTIAL if report.summary.verdict == "partial" else report.summary.exit_code
    ended = _failures(report) if code == ExitCode.FAILURES else ENDINGS.get(code, report.summary.verdict)
    if report.summary.outside:
        apply = sum(count for verdict, count in report.summary.counts.items() if verdict is not Verdict.NOT_APPLICABLE)
        decided = f"{executed(report)} of {apply} cases that apply were decided; {OUTSIDE}"
        ended = decided if report.summary.verdict == "outside" else f"{ended}; {decided}"
    return f"{ended}; unproven, as it could not be tested: {unproven}" if unproven else ended


def _failures(report: Report) -> str:
    """How many cases fail, and from how many causes."""
    red = sum(map(is_red, report.results))
    causes = sum(cause.scored and cause.verdict in RED for cause in report.causes)
    if not red:
        return ENDINGS[ExitCode.FAILURES]
    return f"{red} of {executed(report)} cases fail, from {causes} cause{'' if causes == 1 else 's'}"


def is_red(result: Result) -> bool:
    """Whether a case keeps the run from being conformant."""
    return result.verdict in RED and result.scored


def verdict_of_cause(cause: Cause) -> str:
    """The verdict of a cause in words."""
    return cause.verdict.value if cause.scored else f"unscored {cause.verdict.value}"


def remedy_line(cause: Cause) -> str:
    """What to change so that a cause goes, with the lines of its server, on one line; empty where it is not known."""
    return "" if cause.remedy is None else in_one_line(cause.remedy)


def in_one_line(remedy: Remedy) -> str:
    """What to change, with the lines of the server."""
    lines = [line.strip() for line in remedy.lines.splitlines()]
    return f"{remedy.text.rstrip('.')}: {' '.join(lines)}" if lines else remedy.text


def clients_line(report: Report) -> str:
    """The SDKs that made calls, with their versions."""
    return ", ".join(f"{client.name} {client.version}" for client in report.clients)


def load_line(report: Report) -> str:
    """How many users a soak had, and what their calls came to; empty for another run."""
    if (load := report.load) is None:
        return ""
    processes = "1 process" if load.processes == 1 else f"{load.processes} processes"
    limited = f", {load.limited} rejected with 429 or 503" if load.limited else ""
    return (
        f"{load.users} users in {processes} for {load.asked_s:.0f} s, by {load.by}: {load.total.calls} calls, at most"
        f" {load.at_once} at a time, {load.total.failures} that broke a rule{limited}; median"
        f" {load.total.median_ms:.0f} ms, 95 % within {load.total.p95_ms:.0f} ms"
    )


def server_line(server: Server) -> str:
    """What the target was built with, and how that is known."""
    return f"{server.name}, {'as --server says' if server.named else 'by its answers (--server NAME names another)'}"


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


def nothing_ran_line(report: Report) -> str:
    """In a sentence, that no case was executed and why most of them were not; empty where any was, or none was left."""
    if executed(report) or report.summary.untested or not report.results:
        return ""
    reason, _ = Counter(result.reason for result in report.results).most_common(1)[0]
    return f"no case was executed, most often because of this: {reason}"


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
        found.append(("nothing-ran", nothing_ran_line(report) or "no case was executed"))
    return tuple(found)
