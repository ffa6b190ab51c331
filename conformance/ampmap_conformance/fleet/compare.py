"""What differs between the reports of a fleet's targets, rule by rule. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..report.causes import LEVELS, SEVERITIES, importance
from ..report.diff import Standing, standing
from ..report.facts import RED
from ..report.model import Cause, Report, RequirementSummary, Result
from ..verdicts import EXECUTED, Verdict
from .model import Behaviour, CauseIn, Deviation, Kind, RuleDifference, SharedCause, Trait, Unseen
from .traits import explaining

WORST = (Standing.BROKEN, Standing.TOLERATED, Standing.WORKS)
KINDS: Mapping[Verdict, Kind] = {
    Verdict.NOT_APPLICABLE: "not-bound",
    Verdict.NOT_TESTABLE: "not-testable",
    Verdict.BLOCKED: "blocked",
    Verdict.ERROR: "not-testable",
}
ABSENT = "its run had no case of it, since it serves none of the providers, models or editions that the rule asks for"
INTERRUPTED = "its run ended before it had decided a case of it"


@dataclass(frozen=True)
class _Seen:
    """What one target showed of one rule."""

    behaviour: Behaviour
    decided: Mapping[str, Result]
    """By case id."""


def rule_differences(reports: Mapping[str, Report], traits: Sequence[Trait]) -> tuple[RuleDifference, ...]:
    """The rules in which the targets differ; `reports` are by the name of the target.

    A target's behaviour in a rule is the worst of its decided cases, with everything that was found wrong in them. The
    usual behaviour is that of more than half of the targets which were tested on the rule; where none is, each target
    on which the rule does not hold is named.
    """
    rules, found = _rules(reports), list[RuleDifference]()
    for requirement, by_target in _by_rule(reports).items():
        seen = {target: made for target, cases in by_target.items() if (made := _seen(cases)) is not None}
        behaviours = [one.behaviour for one in seen.values()]
        if len(set(behaviours)) < 2:
            continue
        most, often = Counter(behaviours).most_common(1)[0]
        usual = most if 2 * often > len(seen) else None
        rule = rules[requirement]
        found.append(
            RuleDifference(
                requirement=requirement,
                statement=rule.statement,
                level=rule.level,
                severity=rule.severity,
                usual=usual,
                usual_in=tuple(name for name, one in seen.items() if one.behaviour == usual),
                deviations=tuple(
                    _deviation(name, one, usual, seen, traits)
                    for name, one in seen.items()
                    if one.behaviour != usual and (usual is not None or one.behaviour.standing is not Standing.WORKS)
                ),
            )
        )
    return tuple(sorted(found, key=_gravity))


def shared_causes(reports: Mapping[str, Report]) -> tuple[SharedCause, ...]:
    """The causes of all targets, each once: what makes targets red first, then the gravest, then the rarest."""
    groups: dict[tuple[str, bool], list[tuple[str, Cause]]] = {}
    for target, report in reports.items():
        for cause in report.causes:
            groups.setdefault((cause.summary, cause.scored), []).append((target, cause))
    ranked = sorted(
        ((min((cause for _, cause in group), key=importance), group) for group in groups.values()),
        key=lambda each: (*importance(each[0])[:3], len(each[1])),
    )
    return tuple(
        SharedCause(
            summary=gravest.summary,
            verdict=gravest.verdict,
            scored=gravest.scored,
            level=gravest.level,
            severity=gravest.severity,
            targets=tuple(
                CauseIn(target=target, id=cause.id, verdict=cause.verdict, cases=len(cause.cases))
                for target, cause in group
            ),
        )
        for gravest, group in ranked
    )


def is_failing(cause: SharedCause) -> bool:
    """Whether a cause makes a target red."""
    return cause.scored and cause.verdict in RED


def unseen_rules(reports: Mapping[str, Report]) -> tuple[Unseen, ...]:
    """For each target, the rules on which others were tested and it was not, by the reason."""
    groups: dict[tuple[str, Kind, str], list[str]] = {}
    for requirement, by_target in _by_rule(reports).items():
        if all(_seen(cases) is None for cases in by_target.values()):
            continue
        for target, report in reports.items():
            cases = by_target.get(target, ())
            if _seen(cases) is None:
                groups.setdefault((target, *_why(cases, report)), []).append(requirement)
    made = [
        Unseen(target=target, kind=kind, reason=reason, requirements=tuple(names))
        for (target, kind, reason), names in groups.items()
    ]
    order = list(reports)
    return tuple(sorted(made, key=lambda one: (order.index(one.target), -len(one.requirements))))


# --- one rule


def _rules(reports: Mapping[str, Report]) -> dict[str, RequirementSummary]:
    return {name: rule for report in reports.values() for name, rule in report.rules.items()}


def _by_rule(reports: Mapping[str, Report]) -> dict[str, dict[str, list[Result]]]:
    """The results by rule and target."""
    found: dict[str, dict[str, list[Result]]] = {}
    for target, report in reports.items():
        for result in report.results:
            found.setdefault(result.requirement, {}).setdefault(target, []).append(result)
    return found


def _seen(cases: Iterable[Result]) -> _Seen | None:
    """What a target showed; None where no case was decided."""
    decided = {case.id: case for case in cases if case.verdict in EXECUTED}
    if not decided:
        return None
    standings = {standing(case) for case in decided.values()}
    codes = {one.code for case in decided.values() for one in case.observations}
    worst = next(each for each in WORST if each in standings)
    return _Seen(Behaviour(standing=worst, codes=tuple(sorted(codes))), decided)


def _deviation(
    name: str, seen: _Seen, usual: Behaviour | None, others: Mapping[str, _Seen], traits: Sequence[Trait]
) -> Deviation:
    """What a target does that is not usual, in the cases that show it: those in which it does worse, else all."""
    usual_codes = set(usual.codes) if usual is not None else set[str]()
    showing = [
        case
        for case in seen.decided.values()
        if standing(case) is not Standing.WORKS
        and (
            usual is None
            or standing(case) is not usual.standing
            or {one.code for one in case.observations} - usual_codes
        )
    ]
    shared = {case for other, one in others.items() if other != name for case in one.decided}
    shown = showing or list(seen.decided.values())
    own = not any(case.id in shared for case in shown)
    return Deviation(
        target=name,
        behaviour=seen.behaviour,
        cases=len(shown),
        decided=len(seen.decided),
        shown=shown[0].id,
        said=": ".join(filter(None, (shown[0].reason, shown[0].actual))),
        own=own,
        explained=explaining(name, traits) if own else (),
    )


def _why(cases: Sequence[Result], report: Report) -> tuple[Kind, str]:
    """Why a target shows nothing of a rule: what most of its cases say."""
    if not cases:
        return "absent", INTERRUPTED if report.summary.interrupted else ABSENT
    (verdict, reason), _ = Counter((case.verdict, case.reason) for case in cases).most_common(1)[0]
    return KINDS[verdict], reason


def _gravity(difference: RuleDifference) -> tuple[bool, int, int]:
    grave = SEVERITIES.index(difference.severity) if difference.severity else len(SEVERITIES)
    explained = all(one.own for one in difference.deviations)
    return explained, LEVELS.index(difference.level), grave
