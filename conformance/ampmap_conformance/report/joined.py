"""One report of a run over several editions: a case that several of them have is told once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..engine.estimate import PaidCalls
from ..reference.types import Reference
from ..verdicts import ExitCode, Verdict, gravest
from .build import SUMMARY, assemble_report
from .model import BaselineProblem, BaselineUse, EditionVerdict, Notice, Report, Result, TargetId
from .model_run import Requests
from .outcome import RunOutcome


@dataclass(frozen=True, kw_only=True)
class EditionRun:
    """What the run of one edition came to; `shared` are the ids of results that an earlier edition's run made."""

    edition: str
    ended: RunOutcome
    shared: frozenset[str] = frozenset()


def joined(runs: Sequence[EditionRun], reference: Reference, docs_url: str = "") -> RunOutcome:
    """The outcome of all runs together; `reference` is that of the first one.

    An entry of the baseline is idle only where it is so in every edition.
    """
    first = runs[0].ended.report
    reports = [run.ended.report for run in runs]
    baseline = _baseline(reports)
    codes = [_code(run.ended, baseline) for run in runs]
    code = gravest(codes)
    results = _results(runs)
    missing = tuple(dict.fromkeys(name for run in runs for name in run.ended.missing))
    report = assemble_report(
        reference,
        _target(reports),
        first.selection,
        results,
        code,
        planned=len(results) + sum(each.summary.planned - len(each.results) for each in reports),
        missing=tuple(dict.fromkeys(name for each in reports for name in each.summary.untested)),
        unproven=tuple(dict.fromkeys(name for each in reports for name in each.summary.unproven)),
        interrupted=any(each.summary.interrupted for each in reports),
        baseline=baseline,
        notices=_notices(runs),
        requests=_requests(reports),
        generated=first.generated,
        clients=dict.fromkeys(client for each in reports for client in each.clients),
        docs_url=docs_url,
        observed=all(run.ended.observed for run in runs),
        outside=any(each.summary.outside for each in reports),
        server=next((each.server for each in reports if each.server is not None), None),
    )
    editions = tuple(_verdict(run, code) for run, code in zip(runs, codes, strict=True))
    return RunOutcome(
        report=report.model_copy(update={"editions": editions}),
        code=code,
        missing=missing,
        observed=all(run.ended.observed for run in runs),
        unreachable=next((run.ended.unreachable for run in runs if run.ended.unreachable), ""),
        fault=next((run.ended.fault for run in runs if run.ended.fault is not None), None),
    )


def _verdict(run: EditionRun, code: ExitCode) -> EditionVerdict:
    report = run.ended.report
    mended = code is not run.ended.code
    return EditionVerdict(
        edition=report.reference.edition,
        digest=report.reference.digest,
        verdict=SUMMARY[code] if mended else report.summary.verdict,
        exit_code=code,
        cases=len(report.results),
        shared=len(run.shared),
        counts=report.summary.counts,
    )


# --- results


def _results(runs: Iterable[EditionRun]) -> tuple[Result, ...]:
    """Every case once, with its editions. A later case of the same id names its edition."""
    found: dict[str, Result] = {}
    owners: dict[int, str] = {}
    for run in runs:
        report, names = run.ended.report, dict[str, str]()
        for result in report.results:
            if result.id in run.shared and (known := owners.get(id(result))):
                names[result.id] = known
                found[known] = found[known].model_copy(update={"editions": (*found[known].editions, run.edition)})
                continue
            names[result.id] = own = _id(result, run.edition) if result.id in found else result.id
            found[own] = result.model_copy(update={"id": own, "editions": (run.edition,)})
            owners[id(result)] = own
        _lead_to(names, found, run.edition)
    return tuple(found.values())


def _id(result: Result, edition: str) -> str:
    return f"{result.requirement}[{result.case}@{edition}]"


def _lead_to(names: Mapping[str, str], found: dict[str, Result], edition: str) -> None:
    """Lets the blocked cases of an edition name the blocking one as this report does."""
    for own in names.values():
        result = found[own]
        blocking = names.get(result.blocked_by or "")
        if blocking and blocking != result.blocked_by and result.editions == (edition,):
            found[own] = result.model_copy(update={"blocked_by": blocking})


# --- what else a report has


def _code(ended: RunOutcome, baseline: BaselineUse | None) -> ExitCode:
    """How one edition ended, if only those entries of the baseline are wrong that are so in every edition."""
    report = ended.report
    excused = report.baseline is not None and report.baseline.problems and not (baseline and baseline.problems)
    if ended.code is not ExitCode.STALE_BASELINE or not excused or Verdict.UNEXPECTED_PASS in report.summary.counts:
        return ended.code
    return ExitCode.PARTIAL if any(one.core for one in report.target.left_out) else ExitCode.CONFORMANT


def _baseline(reports: Sequence[Report]) -> BaselineUse | None:
    uses = [report.baseline for report in reports if report.baseline is not None]
    if not uses:
        return None
    each = [{problem.place: problem for problem in use.problems} for use in uses]
    everywhere = set[str](each[0]).intersection(*each[1:])
    told = {place: _worst([problems[place] for problems in each]) for place in each[0] if place in everywhere}
    return uses[0].model_copy(update={"problems": tuple(told.values())})


def _worst(problems: list[BaselineProblem]) -> BaselineProblem:
    """Of what is wrong with an entry, what says most: it is known somewhere."""
    return next((problem for problem in problems if problem.kind != "unknown"), problems[0])


def _target(reports: Sequence[Report]) -> TargetId:
    targets = [report.target for report in reports]
    return targets[0].model_copy(
        update={
            "claims": tuple(dict.fromkeys(claim for each in targets for claim in each.claims)),
            "providers": tuple(dict.fromkeys(name for each in targets for name in each.providers)),
            "left_out": tuple(dict.fromkeys(one for each in targets for one in each.left_out)),
        }
    )


def _notices(runs: Iterable[EditionRun]) -> tuple[Notice, ...]:
    """Those of every edition, each once; those on causes are made anew."""
    every = (notice for run in runs for notice in run.ended.report.notices if notice.kind != "knock-on")
    return tuple(dict.fromkeys(every))


def _requests(reports: Iterable[Report]) -> Requests | None:
    known = [report.requests for report in reports if report.requests is not None]
    if not known:
        return None
    total = {"planned": sum(each.planned for each in known), "sent": sum(each.sent for each in known)}
    return known[0].model_copy(update={**total, "paid": _paid(call for each in known for call in each.paid)})


def _paid(calls: Iterable[PaidCalls]) -> tuple[PaidCalls, ...]:
    """What may be charged for, each model once."""
    found: dict[tuple[str, str], PaidCalls] = {}
    for call in calls:
        name = (call.provider, call.model)
        before = found.get(name)
        if before is not None:
            tokens = None if None in (before.tokens, call.tokens) else (before.tokens or 0) + (call.tokens or 0)
            numbers = {"calls": before.calls + call.calls, "rejected": before.rejected + call.rejected}
            found[name] = call.model_copy(update={**numbers, "tokens": tokens})
        else:
            found[name] = call
    return tuple(found.values())
