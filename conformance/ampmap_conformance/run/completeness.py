"""Whether a run tested as much as it had to, and what it had to do without."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from types import MappingProxyType

from ..cases.conditions import nothing_to_test
from ..engine.claims import without_rows
from ..engine.plan import proxy_rules
from ..engine.session import Session
from ..probe.prerequisites import UNOBSERVED, unmet
from ..report.model import Notice, Result
from ..verdicts import EXECUTED, Verdict

SHOWN_BY = MappingProxyType(
    {"localhost-only": "foreign-peer", "hot-reload": "reload", "per-client-upstream": "second-client"}
)
"""What a run must have to show a claim; for the others it is the sight of what goes upstream."""
NOT_REACHED = frozenset({Verdict.NOT_TESTABLE, Verdict.BLOCKED})


def missing(session: Session, results: Iterable[Result], known: Collection[str] = ()) -> tuple[str, ...]:
    """What the run should have tested and did not: requirements, and claims, by name. `results` are those that score.

    `known` are cases that fail as the baseline says. What only they keep from being tested is excused as they are.

    A complete run tests every requirement that applies. A requirement with an optional prerequisite (`Need.extra`) is
    exempt, unless no other requirement on its claim was executed; and so is one on what goes upstream, where the run is
    judged from outside.
    """
    return tuple(dict.fromkeys((*_nothing_to_test(session), *_not_executed(session, results, known))))


def seen_from_outside(session: Session) -> bool:
    """Whether the run is judged by what the client sees alone."""
    return session.context.observer is None and not session.options.require_observer


def unproven(session: Session, results: Iterable[Result]) -> tuple[str, ...]:
    """Claims of the target that the run says nothing for or against, by the rules that need what the claim is about."""
    verdicts: dict[str, set[Verdict]] = {claim: set() for claim in session.target.file.claims}
    rows = proxy_rules(session.reference)
    for result in results:
        row = rows[result.requirement]
        if row.claim in verdicts and SHOWN_BY.get(row.claim, "upstream") in row.needs:
            verdicts[row.claim].add(result.verdict)
    return tuple(
        claim
        for claim, found in verdicts.items()
        if Verdict.NOT_TESTABLE in found and not found & {*EXECUTED, Verdict.BLOCKED}
    )


def lacking(session: Session, results: Iterable[Result], missing: Iterable[str]) -> tuple[Notice, ...]:
    """A notice for each thing that the run did without, with the requirements that were not tested for that."""
    missing = tuple(missing)
    told = frozenset(missing)
    found: dict[str, dict[str, None]] = {}
    for result in results:
        if result.verdict is Verdict.NOT_TESTABLE and result.requirement not in told:
            lacked = unmet(session.reference.requirements[result.requirement], session.context)
            for need in [need for need in lacked if need.extra][:1]:
                found.setdefault(need.missing(session.context), {})[result.requirement] = None
    return _no_model_named(session, missing) + tuple(
        Notice(kind="not-testable", text=f"not tested: {', '.join(names)} (not required for a complete run): {reason}")
        for reason, names in found.items()
    )


def _not_executed(session: Session, results: Iterable[Result], known: Collection[str]) -> tuple[str, ...]:
    """Selected requirements of which no case was executed although some should have been.

    Where the budget was spent before the end, a requirement counts if a single case of it was not executed.
    """
    emitted = tuple(results)
    planned = session.plan.by_requirement
    executed = {result.requirement for result in emitted if result.verdict in EXECUTED}
    if session.context.budget.spent:
        executed.clear()
    shown = {planned[name][0].row.claim for name in executed}
    outside = seen_from_outside(session)
    unobserved = {result.requirement for result in emitted if result.reason.startswith(UNOBSERVED)}
    not_reached = [each for each in emitted if each.verdict in NOT_REACHED and each.blocked_by not in known]
    wanting = {result.requirement for result in not_reached} - executed
    return tuple(
        name
        for name, tasks in planned.items()
        if name in wanting
        and not (outside and ("upstream" in tasks[0].row.needs or name in unobserved))
        and not (
            any(need.extra for need in unmet(tasks[0].row, session.context))
            and (tasks[0].row.claim is None or tasks[0].row.claim in shown)
        )
    )


def _nothing_to_test(session: Session) -> tuple[str, ...]:
    """Requirements that the target claims to meet, but of which its file gives nothing to test."""
    options, target = session.options, session.target
    if options.select or options.skip:
        return ()
    if options.profiles:
        return _without_cases(session)
    without = tuple(f"everything on `{claim}`" for claim in without_rows(session.reference, target))
    return without + _without_cases(session)


def _without_cases(session: Session) -> tuple[str, ...]:
    """Requirements on claimed features that the target has, by its file, for which the file names no model.

    Where the target serves no provider of the edition, no file can name one.
    """
    options, target = session.options, session.target
    return (
        ()
        if not target.providers
        else tuple(
            row.id
            for row in proxy_rules(session.reference).values()
            if row.claim
            and target.claims(row.claim)
            and session.release.scores(row)
            and row.excluded is None
            and not session.plan.all.get(row.id)
            and (not options.profiles or row.profile in options.profiles)
            and not nothing_to_test(row, target)
        )
    )


def _no_model_named(session: Session, missing: Iterable[str]) -> tuple[Notice, ...]:
    """What would have to stand in the target file for requirements that have no case."""
    wanting = sorted({*missing} & {*_without_cases(session)})
    target = session.target
    placeless = [name for name in dict.fromkeys(target.unavailable) if target.provider_of(name) is None]
    text = f"{', '.join(wanting)} cannot be tested: `models` and `mappings` of the target file name no suitable model"
    if placeless:
        text += (
            f"; the route of {', '.join(placeless)} is not known, since not exactly one provider of the edition has it"
        )
    return (Notice(kind="not-testable", text=text),) if wanting else ()
