"""Parts of conformance: what core, each feature and hardening came to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from ..reference.types import Tier
from ..verdicts import EXECUTED, Verdict
from .facts import is_red
from .model import PartVerdict, Report, Result

TIERS: tuple[Tier, ...] = get_args(Tier)


def parts_of(results: Iterable[Result]) -> tuple[PartVerdict, ...]:
    """What each part came to: core, the features in the order of the alphabet, hardening."""
    cases: dict[tuple[Tier, str], list[Result]] = {}
    for result in results:
        if result.tier is not None and result.scored:
            cases.setdefault((result.tier, result.feature or ""), []).append(result)
    return tuple(
        PartVerdict(
            tier=tier,
            feature=feature or None,
            executed=sum(result.verdict in EXECUTED or is_red(result) for result in found),
            red=sum(map(is_red, found)),
            known=sum(result.verdict is Verdict.KNOWN_FAILURE for result in found),
        )
        for (tier, feature), found in sorted(cases.items(), key=lambda part: (TIERS.index(part[0][0]), part[0][1]))
    )


def parts_line(report: Report) -> str:
    """The parts in words: `core: conformant, extended: mapping conformant, hot-reload 2 of 17 fail`; empty for none."""
    told = []
    for tier in TIERS:
        parts = [part for part in report.summary.parts if part.tier == tier and part.executed]
        if parts:
            told.append(f"{tier}: {', '.join(_said(part, report) for part in parts)}")
    return ", ".join(told)


def _said(part: PartVerdict, report: Report) -> str:
    name = f"{part.feature} " if part.feature else ""
    if part.red:
        return f"{name}{part.red} of {part.executed} fail"
    if part.tier == "core" and any(one.core for one in report.target.left_out):
        return "partial"
    known = f" but for {part.known} known failure{'' if part.known == 1 else 's'}" if part.known else ""
    return f"{name}conformant{known}"
