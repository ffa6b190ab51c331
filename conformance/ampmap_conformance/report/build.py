"""Makes a report from outcomes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib import metadata

from ..cases.cases import ClientCase
from ..cases.tiers import part_of
from ..engine.judge import Outcome
from ..engine.session import Session
from ..reference.types import Reference, Requirement, conditions_in_words, tier_of
from ..target.left_out import left_out
from ..target.target import Target
from ..verdicts import EXECUTED, ExitCode, Level, Verdict
from ..version import version
from ..wire.redaction import Scrubber
from .causes import after_effects, causes_of
from .exchanges import report_exchange
from .model import (
    BaselineUse,
    Kit,
    KnownFailure,
    LeftOut,
    Notice,
    Observation,
    ReferenceId,
    Report,
    Reproduce,
    RequirementSummary,
    Result,
    Selection,
    Server,
    Summary,
    SummaryVerdict,
    TargetId,
)
from .model_load import Load
from .model_run import Client, Generated, Requests
from .parts import parts_of
from .remedies import with_remedies
from .reproduce import command_line, curl_line, serve_line

NOTEWORTHY = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.FLAKY, Verdict.KNOWN_FAILURE, Verdict.ERROR})

SUMMARY: dict[ExitCode, SummaryVerdict] = {
    ExitCode.CONFORMANT: "conformant",
    ExitCode.FAILURES: "non-conformant",
    ExitCode.INTERRUPTED: "incomplete",
    ExitCode.KIT_ERROR: "error",
    ExitCode.NOTHING_RAN: "incomplete",
    ExitCode.UNREACHABLE: "incomplete",
    ExitCode.STALE_BASELINE: "non-conformant",
    ExitCode.PARTIAL: "partial",
}


def make_report(
    session: Session,
    results: Iterable[Result],
    code: ExitCode,
    *,
    missing: Iterable[str] = (),
    unproven: Iterable[str] = (),
    interrupted: bool = False,
    baseline: BaselineUse | None = None,
    notices: Iterable[Notice] = (),
    docs_url: str = "",
    outside: bool = False,
    server: Server | None = None,
) -> Report:
    """The report of a run that ended with `code`; `missing` are the requirements that could not be tested at all.

    `outside` says that the target is judged by what the client sees alone; `server` is what it was built with.
    """
    options = session.options
    selection = Selection(
        profiles=options.profiles,
        select=options.select,
        skip=options.skip,
        defects=options.defects,
        depth=options.depth,
    )
    return assemble_report(
        session.reference,
        target_id(session.target, session.scrubber),
        selection,
        results,
        code,
        planned=len(session.plan.selected),
        missing=missing,
        unproven=unproven,
        interrupted=interrupted,
        baseline=baseline,
        notices=notices,
        requests=Requests(
            planned=session.estimate.requests,
            sent=session.context.budget.sent,
            limit=options.max_requests,
            rate=options.rate,
            paid=session.estimate.paid,
        ),
        generated=generated_of(session),
        clients=_clients(session),
        docs_url=docs_url,
        observed=session.context.observer is not None,
        outside=outside,
        server=server,
    )


def target_id(target: Target, scrubber: Scrubber) -> TargetId:
    """What a report says of the target."""
    file = target.file
    return TargetId(
        name=file.name,
        version=file.version,
        base_url=scrubber.clean(file.base_url),
        claims=tuple(file.claims),
        providers=tuple(provider.id for provider in target.providers),
        policy=file.policy.model_dump(mode="json", exclude_defaults=True),
        left_out=tuple(LeftOut(core=one.core, text=one.text) for one in left_out(target)),
    )


def generated_of(session: Session) -> Generated | None:
    """Where the generated data comes from, if there is any."""
    if not session.generates:
        return None
    by = f"schemathesis {metadata.version('schemathesis')}"
    return Generated(seed=session.options.seed, max_examples=session.options.max_examples, by=by)


def assemble_report(
    reference: Reference,
    target: TargetId,
    selection: Selection,
    results: Iterable[Result],
    code: ExitCode,
    *,
    planned: int,
    missing: Iterable[str] = (),
    unproven: Iterable[str] = (),
    interrupted: bool = False,
    baseline: BaselineUse | None = None,
    notices: Iterable[Notice] = (),
    requests: Requests | None = None,
    generated: Generated | None = None,
    load: Load | None = None,
    clients: Iterable[Client] = (),
    docs_url: str = "",
    observed: bool = False,
    outside: bool = False,
    server: Server | None = None,
) -> Report:
    """The report on any target, be it a proxy or a resolver; `planned` is how many cases were selected.

    `observed` says whether an observer saw what the upstreams got.
    """
    found = tuple(results)
    rows = {row.id: row for row in reference.requirements.values()}
    rules = {name: rule_of(rows[name], docs_url) for name in dict.fromkeys(result.requirement for result in found)}
    causes = with_remedies(causes_of(found, rules, observed=observed), server, reference)
    return Report(
        kit=Kit(version=version()),
        reference=ReferenceId(edition=reference.edition.id, digest=reference.digest),
        target=target,
        server=server,
        selection=selection,
        summary=Summary(
            verdict=_verdict(code, target, outside=outside),
            exit_code=code,
            interrupted=interrupted,
            planned=planned,
            untested=tuple(missing),
            unproven=tuple(unproven),
            outside=outside,
            parts=parts_of(found),
            counts=_counts(found),
            by_profile={name: _counts(r for r in found if r.profile == name) for name in _profiles(found)},
            by_level={level: _counts(r for r in found if r.level is level) for level in Level},
        ),
        notices=(*notices, *after_effects(causes)),
        requests=requests,
        generated=generated,
        load=load,
        clients=tuple(clients),
        baseline=baseline,
        causes=causes,
        rules=rules,
        results=found,
    )


def _verdict(code: ExitCode, target: TargetId, *, outside: bool) -> SummaryVerdict:
    """What a run came to.

    A target is not called conformant that leaves out what is core, whatever was selected, or of which only one side was
    seen.
    """
    verdict = SUMMARY[code]
    if verdict != "conformant":
        return verdict
    if outside:
        return "outside"
    return "partial" if any(one.core for one in target.left_out) else verdict


def rule_of(row: Requirement, docs_url: str = "") -> RequirementSummary:
    """What a report says of a requirement."""
    return RequirementSummary(
        statement=row.statement,
        level=Level(row.level),
        profile=row.profile,
        docs_url=docs_link(row.id, docs_url),
        formerly=row.formerly,
        since=row.since,
        basis=row.basis,
        severity=row.severity,
        tier=tier_of(row),
        conditions=conditions_in_words(row),
    )


def make_result(
    session: Session,
    outcome: Outcome,
    docs_url: str = "",
    *,
    known: KnownFailure | None = None,
    traced: bool = False,
) -> Result:
    """One case of the report.

    `docs_url` is where the documentation is published, empty for nowhere; `known` is the baseline's entry
    that the case falls under; of a `traced` case the exchanges are kept whatever it came to.
    """
    task = outcome.task
    part = part_of(task.row, task.case, session.target)
    kept = outcome.exchanges if outcome.verdict in NOTEWORTHY or traced else ()
    last = outcome.exchanges[-1] if kept else None
    return Result(
        id=task.id,
        requirement=task.row.id,
        case=task.case.name,
        level=Level(task.row.level),
        profile=task.row.profile,
        verdict=outcome.verdict,
        reason=outcome.reason,
        expected=outcome.expected,
        actual=outcome.actual,
        docs_url=docs_link(task.row.id, docs_url),
        exchanges=tuple(report_exchange(exchange, session.scrubber, session.begun) for exchange in kept),
        reproduce=Reproduce(
            curl=curl_line(last.request, session.target, session.scrubber) if last else "",
            command=command_line(task.id, session.target, session.options, outcome.verdict),
            serve=serve_line(session.target, session.options) if last else "",
            curl_alone=last.plain if last else True,
        ),
        duration_ms=round(outcome.seconds * 1000, 3),
        known=known,
        scored=session.release.scores(task.row),
        attempts=outcome.attempts,
        held=outcome.held if outcome.verdict in EXECUTED else None,
        observations=tuple(
            Observation(code=one.code, reason=one.reason, expected=one.expected, actual=one.actual)
            for one in outcome.observations
        ),
        attribution=outcome.attribution,
        tier=part.tier,
        feature=part.feature,
        half=outcome.half,
        blocked_by=outcome.root.task.id if outcome.root is not None else None,
    )


def docs_link(requirement: str, base: str = "") -> str:
    """The place of a requirement in the documentation, below `base`; empty where it is not published."""
    profile, _, name = requirement.partition(".")
    return f"{base.rstrip('/')}/requirements/{profile}/#{name}" if base else ""


def _clients(session: Session) -> tuple[Client, ...]:
    cases = (task.case for task in session.plan.selected)
    used = dict.fromkeys(case.sdk for case in cases if isinstance(case, ClientCase))
    return tuple(Client(name=sdk.package, version=sdk.version) for sdk in used if sdk.version is not None)


def _profiles(results: tuple[Result, ...]) -> list[str]:
    return list(dict.fromkeys(result.profile for result in results))


def _counts(results: Iterable[Result]) -> dict[Verdict, int]:
    counted = Counter(result.verdict for result in results)
    return {verdict: counted[verdict] for verdict in Verdict if counted[verdict]}
