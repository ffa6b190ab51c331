"""What all forms of an overview say in the same words. Pure."""

from __future__ import annotations

from types import MappingProxyType

from ..report.diff import Standing
from ..report.facts import HEADLINES, RED
from ..report.screen import counted
from ..verdicts import ExitCode
from ..wire.visible import visible
from .model import Behaviour, Deviation, RuleDifference, SharedCause, TargetSummary, Unseen

STANDINGS = MappingProxyType(
    {
        Standing.WORKS: "the rule holds",
        Standing.TOLERATED: "the rule is broken, which is tolerated",
        Standing.BROKEN: "the rule is broken",
        Standing.UNSEEN: "nothing was seen",
    }
)
ENDS = MappingProxyType(
    {
        ExitCode.CONFORMANT: "conformant",
        ExitCode.FAILURES: "failures",
        ExitCode.INTERRUPTED: "interrupted",
        ExitCode.KIT_ERROR: "kit error",
        ExitCode.USAGE: "invalid",
        ExitCode.NOTHING_RAN: "too little tested",
        ExitCode.UNREACHABLE: "unreachable",
        ExitCode.STALE_BASELINE: "stale baseline",
        ExitCode.PARTIAL: "partial",
    }
)
"""What the exit codes of runs say, in a word or two."""
KINDS = MappingProxyType(
    {
        "not-bound": "do not bind it",
        "not-testable": "could not be tested",
        "blocked": "could not be decided",
        "absent": "were not asked",
    }
)


def verdict_of(target: TargetSummary) -> str:
    """The verdict of its report, or in a word why it was not tested."""
    return HEADLINES.get(target.verdict, target.verdict) if target.counts else ENDS[ExitCode(target.exit_code)]


def behaviour_line(behaviour: Behaviour) -> str:
    """`the rule is broken (sent-on, header)`."""
    codes = f" ({', '.join(behaviour.codes)})" if behaviour.codes else ""
    return f"{STANDINGS[behaviour.standing]}{codes}"


def usual_line(difference: RuleDifference) -> str:
    """What is usual in a rule, and where."""
    if difference.usual is None:
        return "the targets do not agree"
    return f"usual: {behaviour_line(difference.usual)}, in {', '.join(difference.usual_in)}"


def deviation_line(deviation: Deviation) -> str:
    """What a target does otherwise, less its name."""
    if deviation.behaviour.standing is Standing.WORKS:
        return f"the rule holds, in {counted(deviation.decided, 'case')}"
    broken = STANDINGS[deviation.behaviour.standing]
    said = f": {deviation.said}" if deviation.said else ""
    return visible(f"{broken}, in {deviation.cases} of {counted(deviation.decided, 'case')}{said}")


def own_line(deviation: Deviation) -> str:
    """Why a deviation says nothing against a target by comparison; empty where it does."""
    if not deviation.own:
        return ""
    why = f", as it differs in {', '.join(deviation.explained)}" if deviation.explained else ""
    return f"no other target has these cases{why}"


def unseen_line(unseen: Unseen) -> str:
    """Which rules a target was not tested on and why, less its name."""
    rules = counted(len(unseen.requirements), "rule")
    return visible(f"{rules} {KINDS[unseen.kind]}: {unseen.reason}")


def counts_line(target: TargetSummary) -> str:
    """`512 cases, 3 red, in 2 causes`; empty for a target that was not tested."""
    if not target.counts:
        return ""
    red = sum(count for verdict, count in target.counts.items() if verdict in RED)
    causes = f", {red} red from {counted(target.causes, 'cause')}" if red else ""
    return f"{counted(sum(target.counts.values()), 'case')}{causes}"


def spread_line(cause: SharedCause, among: int) -> str:
    """In which of so many targets a cause is: `in all 3`, `in 1 of 3`."""
    count = len(cause.targets)
    return f"in all {among}" if count == among > 1 else f"in {count} of {among}"
