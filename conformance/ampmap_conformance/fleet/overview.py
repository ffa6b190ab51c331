"""Puts the overview of a fleet together from how each run ended and from the reports. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..report.build import SUMMARY
from ..report.facts import ending, headline
from ..report.model import Kit, Report, Selection
from ..report.screen import counted
from ..verdicts import ExitCode, gravest
from ..version import version
from .compare import is_failing, rule_differences, shared_causes, unseen_rules
from .model import Overview, RuleDifference, SharedCause, TargetSummary
from .traits import traits_of


@dataclass(frozen=True, kw_only=True)
class TargetOutcome:
    """A target, how its run ended, and its report, if there is one."""

    name: str
    file: str
    folder: str
    """Where the report is, below the folder of the overview."""
    code: ExitCode
    problem: str = ""
    """Why it was not tested, or not to the end."""
    report: Report | None = None


def make_overview(tested: Sequence[TargetOutcome]) -> Overview:
    """The overview of targets, at least one."""
    reports = {each.name: each.report for each in tested if each.report is not None}
    judged = {name: report for name, report in reports.items() if report.results}
    traits = traits_of(judged)
    differences, causes = rule_differences(judged, traits), shared_causes(reports)
    targets = tuple(_summary(each, differences, causes) for each in tested)
    return Overview(
        kit=Kit(version=version()),
        exit_code=gravest(each.code for each in tested),
        said=_said(targets),
        selection=next((report.selection for report in reports.values()), Selection()),
        targets=targets,
        differences=differences,
        causes=causes,
        unseen=unseen_rules(judged),
        traits=traits,
    )


def _summary(
    tested: TargetOutcome, differences: Sequence[RuleDifference], causes: Sequence[SharedCause]
) -> TargetSummary:
    report = tested.report
    deviations = [one for each in differences for one in each.deviations if one.target == tested.name and not one.own]
    if report is None:
        return TargetSummary(
            name=tested.name,
            file=tested.file,
            exit_code=tested.code,
            verdict=SUMMARY.get(tested.code, "error"),
            said=tested.problem or ENDED_WITHOUT,
        )
    return TargetSummary(
        name=tested.name,
        file=tested.file,
        exit_code=tested.code,
        verdict=report.summary.verdict,
        said=tested.problem or f"{headline(report)}: {ending(report)}",
        folder=tested.folder,
        version=report.target.version,
        edition=None if report.editions else report.reference.edition,
        counts=report.summary.counts,
        causes=sum(is_failing(each) and any(one.target == tested.name for one in each.targets) for each in causes),
        differs=len(deviations),
    )


ENDED_WITHOUT = "its run left no report"


def _said(targets: Sequence[TargetSummary]) -> str:
    """How many targets conform, and which differ most from the others."""
    good = sum(each.exit_code == ExitCode.CONFORMANT for each in targets)
    most = max((each.differs for each in targets), default=0)
    odd = [each.name for each in targets if most and each.differs == most]
    conforming = f"{good} of {counted(len(targets), 'target')} conform{'s' if good == 1 else ''}"
    if odd:
        differ = f"{', '.join(odd)} differ{'s' if len(odd) == 1 else ''} most"
        return f"{conforming}; {differ}, in {counted(most, 'rule')}"
    compared = sum(each.folder is not None and bool(each.counts) for each in targets)
    return f"{conforming}; no rule has a different result in any of them" if compared > 1 else conforming
