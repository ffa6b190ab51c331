"""The command `ampmap-conformance fleet`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from .commands import Command
from .run_options import (
    case_options,
    editions_of,
    judgement_options,
    limit_options,
    output_options,
    reference_options,
    server_option,
)

if TYPE_CHECKING:
    from datetime import datetime

    from ..engine.options import RunOptions
    from ..fleet.targets import FleetTarget

MOST_JOBS = 64
EXIT_CODES = (
    "Exit codes: that of the targets which comes first in 2 interrupted, 3 kit error, 4 invalid target file,"
    " 6 unreachable, 1 failures, 7 stale baseline, 5 too little tested, 8 partial, 0 conformant."
)
GROUPS = MappingProxyType(
    {
        "Targets": ("jobs", "server", "reference", "editions"),
        "Choice of cases": ("profiles", "select", "skip", "depth", "seed", "max_examples", "openapi"),
        "Judgement": ("baseline", "today", "strict", "require_observer", "allow_partial", "repeat", "attribute"),
        "Limits": ("max_requests", "rate", "time_limit", "workers", "fail_fast", "dry_run"),
        "Output": ("quiet", "as_json", "report_dir", "docs_url", "trace"),
    }
)
"""The options, below the titles of the help."""


@click.command(cls=Command, epilog=EXIT_CODES, groups=GROUPS)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--jobs",
    type=click.IntRange(1, MOST_JOBS),
    default=lambda: max(1, os.cpu_count() or 1),
    metavar="N",
    help="Number of targets to test at the same time; default: one for each processor.",
)
@server_option
@reference_options
@case_options
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Baseline file for every target, or a folder with NAME.yaml for each; NAME is the folder of its report.",
)
@judgement_options
@output_options
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the overview and, below `targets`, a report for each target; default: ampmap-fleet.",
)
@limit_options
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Send nothing after so many seconds, to any target; the other limits are for each. Default: no limit.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print the outcome alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the overview as JSON; all else is on standard error.")
def fleet(
    files: tuple[Path, ...],
    jobs: int,
    editions: tuple[str, ...],
    today: datetime | None,
    report_dir: Path | None,
    docs_url: str,
    time_limit: float | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Test many targets with the same suite, and tell which of them differs from the others.

    All target files are checked before the first target is tested. A target that is invalid, unreachable or ends by an
    error does not stop the others. Targets that share a proxy, or a port on which an observer listens, are tested one
    after the other.

    \b
    Examples:
      ampmap-conformance fleet targets/*.yaml
      ampmap-conformance fleet eu.yaml us.yaml --select 'streaming.*' --jobs 2 --time-limit 600
    """
    from ..engine.options import RunOptions
    from ..fleet.targets import read_targets

    several = editions_of(editions)
    wanted = RunOptions(today=today.date() if today else None, **options)
    targets = read_targets(files, wanted, several)
    if dry_run:
        if as_json:
            raise click.UsageError("--dry-run --json prints the plan of one target; use `run --dry-run --json`")
        return _dry_run(targets, wanted, several)
    from ..fleet.forms import DEFAULT_FOLDER, to_json
    from ..fleet.processes import Limits
    from ..fleet.run import FleetOptions
    from ..fleet.run import fleet as run_fleet
    from ..fleet.screen import FleetScreen
    from .reporting import console_for, ended_by_signals

    asked = FleetOptions(
        run=wanted,
        editions=several,
        limits=Limits(jobs=jobs, seconds=time_limit),
        folder=report_dir or DEFAULT_FOLDER,
        docs_url=docs_url,
    )
    with ended_by_signals(), FleetScreen(console_for(as_json=as_json), quiet=quiet) as screen:
        screen.announce(targets, jobs)
        overview, written = run_fleet(targets, asked, screen)
        if as_json:
            click.echo(to_json(overview), nl=False)
        screen.end(overview, written)
    return overview.exit_code


def _dry_run(targets: tuple[FleetTarget, ...], options: RunOptions, editions: tuple[str, ...]) -> int:
    """Prints the plan of each target."""
    from ..verdicts import ExitCode, gravest
    from .show import dry_run as show

    codes = []
    for each in targets:
        click.echo(f"\n{each.name}  {each.file}")
        if each.problem:
            click.echo(each.problem)
            codes.append(ExitCode.USAGE)
            continue
        named = editions or (None,)
        codes += [ExitCode(show(replace(options, target=each.file, edition=edition))) for edition in named]
    return gravest(codes)
