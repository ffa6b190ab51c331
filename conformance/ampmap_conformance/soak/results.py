"""Makes the results of a soak's report from what the calls showed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..cases.cases import VariedCase
from ..cases.conditions import unbound
from ..cases.tiers import part_of
from ..reference.types import Requirement
from ..releases import Release
from ..report.build import docs_link
from ..report.model import Reproduce as Again
from ..report.model import Result
from ..target.target import Target
from ..verdicts import Level, Verdict, verdict_of
from .judge import RULES
from .tally import RuleTally, Tally

CASE = "soak"
"""The only case of each rule: all calls together."""


@dataclass(frozen=True, kw_only=True)
class Judging:
    """By what results are made."""

    target: Target
    cases: Sequence[VariedCase]
    """The calls that were made."""
    release: Release
    """Which requirements score."""
    command: str
    """The soak as a command."""
    seconds: float
    strict: bool = False
    docs_url: str = ""


def results_of(tally: Tally, judging: Judging) -> tuple[Result, ...]:
    """A result for each rule that the edition has."""
    rows = {row.id: row for row in judging.target.reference.requirements.values()}
    return tuple(_result(rows[rule], tally.rules.get(rule, RuleTally()), judging) for rule in RULES if rule in rows)


def _result(row: Requirement, found: RuleTally, judging: Judging) -> Result:
    level = Level(row.level)
    verdict, reason = _verdict(row, found, judging)
    examples = sorted(found.examples, key=lambda one: -found.by_code[one.observation.code])
    observations = tuple({one.observation.code: one.observation for one in examples}.values())
    first = observations[0] if observations else None
    with_curl = next((one.curl for one in examples if one.curl), "")
    part = part_of(row, judging.cases[0], judging.target)
    return Result(
        id=f"{row.id}[{CASE}]",
        requirement=row.id,
        case=CASE,
        level=level,
        profile=row.profile,
        verdict=verdict,
        reason=reason if first is None else first.reason,
        expected="" if first is None else first.expected,
        actual="" if first is None else first.actual,
        docs_url=docs_link(row.id, judging.docs_url),
        exchanges=tuple(one.exchange for one in examples if one.exchange is not None),
        reproduce=Again(curl=with_curl, command=judging.command, curl_alone=False),
        duration_ms=round(judging.seconds * 1000, 3),
        scored=judging.release.scores(row),
        observations=observations,
        tier=part.tier,
        feature=part.feature,
    )


def _verdict(row: Requirement, found: RuleTally, judging: Judging) -> tuple[Verdict, str]:
    if found.broken:
        return verdict_of(Level(row.level), broken=1, strict=judging.strict), ""
    reasons = [unbound(row, case, judging.target) for case in judging.cases]
    if all(reason is not None for reason in reasons):
        return Verdict.NOT_APPLICABLE, reasons[0] or ""
    return (Verdict.PASS, "") if found.judged else (Verdict.NOT_TESTABLE, _why_unseen(row))


def _why_unseen(row: Requirement) -> str:
    if row.id == "load.memory-bounded":
        return "the memory of the target's process was not seen for long enough; name the process by --pid"
    return "no call showed anything of it"


def not_seen_at_all(results: Iterable[Result], rule: str) -> bool:
    """Whether nothing was judged of a rule that every soak must judge."""
    return any(one.requirement == rule and one.verdict is Verdict.NOT_TESTABLE for one in results)
