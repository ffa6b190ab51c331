"""A whole fleet: its files are checked, its targets are run, and the overview is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..engine.options import RunOptions
from ..report.folder import reserved
from ..report.model import Report
from ..report.write import read_report
from ..verdicts import ExitCode
from .forms import RENDERERS, REPORTS, write_overview
from .model import Overview
from .overview import TargetOutcome, make_overview
from .processes import FleetListener, Limits, run_all
from .targets import FleetTarget
from .work import Ended, Work


@dataclass(frozen=True, kw_only=True)
class FleetOptions:
    """What the user asks of a fleet."""

    run: RunOptions
    """What holds for each target; its target and its baseline are those of the target."""
    editions: tuple[str, ...]
    limits: Limits
    folder: Path
    docs_url: str = ""


def fleet(
    targets: Sequence[FleetTarget], options: FleetOptions, listener: FleetListener
) -> tuple[Overview, tuple[Path, ...]]:
    """Tests the targets that can be run; returns the overview of all of them, and the files that it is written to.

    Raises UsageError for a folder that cannot be used, before anything is sent.
    """
    with reserved(options.folder, RENDERERS):
        for each in targets:  # the report of an earlier run says nothing of this one
            with reserved(_folder(each, options)):
                pass
        ended: dict[str, Ended] = {}
        for each in targets:
            if each.problem:
                ended[each.name] = Ended(ExitCode.USAGE, each.problem)
                listener.ended(each, ended[each.name])
        valid = [(each, _work(each, options)) for each in targets if not each.problem]
        ended |= run_all(valid, options.limits, listener)
        overview = make_overview([_outcome(each, ended, options) for each in targets])
        return overview, write_overview(overview, options.folder)


def _folder(target: FleetTarget, options: FleetOptions) -> Path:
    return options.folder / REPORTS / target.folder


def _work(target: FleetTarget, options: FleetOptions) -> Work:
    edition = options.editions[0] if options.editions else None
    return Work(
        options=replace(options.run, target=target.file, baseline=target.baseline, edition=edition),
        editions=options.editions,
        folder=_folder(target, options),
        docs_url=options.docs_url,
    )


def _outcome(target: FleetTarget, ended: Mapping[str, Ended], options: FleetOptions) -> TargetOutcome:
    how, file = ended[target.name], _folder(target, options) / "report.json"
    return TargetOutcome(
        name=target.name,
        file=str(target.file),
        folder=f"{REPORTS}/{target.folder}",
        code=how.code,
        problem=how.problem,
        report=_light(read_report(file)) if file.is_file() else None,
    )


def _light(report: Report) -> Report:
    """A report less what was sent, of which there may be much."""
    results = tuple(result.model_copy(update={"exchanges": ()}) for result in report.results)
    return report.model_copy(update={"results": results})
