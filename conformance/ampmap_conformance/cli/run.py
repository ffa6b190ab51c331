"""The command `ampmap-conformance run`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from ..cases.covering import Depth
from .commands import Choice, Command
from .options import (
    EDITION_NAMES,
    Shown,
    detail_of,
    detail_options,
    docs_url_option,
    reference_option,
    report_dir_option,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..engine.options import RunOptions
    from ..report.model import Report
    from ..report.outcome import RunOutcome
    from ..report.terminal import Terminal

ALL_PROXIED = "all-proxied"
"""Stands for every edition of which a model call passes a proxy."""
EXIT_CODES = (
    "Exit codes: 0 conformant, 1 failures, 2 interrupted, 3 kit error, 4 invalid usage, 5 too little tested,"
    " 6 target unreachable, 7 stale baseline, 8 partial: the target leaves out what a client needs."
)


GROUPS = MappingProxyType(
    {
        "Target": (
            *("target", "base_url", "embedded", "observer", "server", "reference", "editions", "defects", "variant"),
        ),
        "Choice of cases": ("profiles", "select", "skip", "depth", "seed", "max_examples", "openapi"),
        "Judgement": ("baseline", "today", "strict", "require_observer", "allow_partial", "repeat", "attribute"),
        "Limits": ("max_requests", "rate", "time_limit", "workers", "fail_fast", "dry_run"),
        "Output": ("verbose", "quiet", "as_json", "report_dir", "docs_url", "trace", "annotations"),
    }
)
"""The options, below the titles of the help."""


@click.command(cls=Command, epilog=EXIT_CODES, groups=GROUPS)
@click.option(
    "--target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Target file of the proxy; default without --base-url: ampmap-target.yaml in the working folder, or else the"
    " embedded proxy.",
)
@click.option("--base-url", metavar="URL", help="URL of the proxy, for a run without a target file.")
@click.option("--embedded", is_flag=True, help="Test the embedded proxy, also in a folder with ampmap-target.yaml.")
@click.option(
    "--observer", metavar="URL", help="URL that the proxy's upstreams are set to; the kit's observer listens there."
)
@click.option(
    "--server",
    metavar="NAME",
    help="Server that the proxy is built with, for its remedies, e.g. nginx; default: what its answers tell.",
)
@reference_option
@click.option(
    "--edition",
    "editions",
    multiple=True,
    metavar="EDITION",
    help=f"Edition to test against: {EDITION_NAMES}; default: the target file's edition, or the base edition. Repeat"
    " it, or write `all-proxied`, for one run over several: a case that they share is made once.",
)
@click.option(
    "--profile", "profiles", multiple=True, metavar="NAME", help="Include only this profile; may be repeated."
)
@click.option(
    "--select",
    multiple=True,
    metavar="PATTERN",
    help="Run only matching cases, e.g. 'headers.*[groq-*]'; may be repeated.",
)
@click.option("--skip", multiple=True, metavar="PATTERN", help="Skip matching cases; may be repeated.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Baseline file that lists known failures; default: none.",
)
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Date used to check the expiry dates in the baseline; default: the current date.",
)
@click.option(
    "--defect",
    "defects",
    multiple=True,
    metavar="ID",
    help="Defect to enable in the embedded proxy; may be repeated.",
)
@click.option(
    "--variant",
    metavar="ID",
    help="Right proxy of an unusual kind to embed in place of the usual one.",
)
@click.option(
    "--trace",
    multiple=True,
    metavar="PATTERN",
    help="Include the exchanges of matching cases in the report even if they pass.",
)
@click.option(
    "--annotations",
    type=Choice(["auto", "github", "none"]),
    default="auto",
    show_default=True,
    help="Annotate failures for a CI service; `auto` does it on GitHub Actions.",
)
@report_dir_option
@docs_url_option
@click.option(
    "--depth",
    type=Choice(Depth, case_sensitive=False),
    default=Depth.DEFAULT.value,
    show_default=True,
    help="Cases of each requirement: one, and none of those that wait for several seconds (`quick`), every pair of"
    " values of its axes (`default`), or every triple (`thorough`). A pattern with brackets selects from all of them.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=8, show_default=True, help="Number of cases to run concurrently."
)
@click.option(
    "--repeat", type=click.IntRange(1, 1000), default=1, show_default=True, help="Number of times to run each case."
)
@click.option(
    "--attribute",
    is_flag=True,
    help="Repeat failing cases without the proxy, to find out whether the proxy or the upstream is at fault.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum number of requests to send to the target; default: no limit.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    metavar="R",
    help="Maximum number of requests per second; default: no limit.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Send nothing after so many seconds, and report what was decided until then; default: no limit.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Random seed of the requests that profile `fuzz` generates.",
)
@click.option(
    "--max-examples",
    type=click.IntRange(0, 100_000),
    default=0,
    show_default=True,
    metavar="N",
    help="Number of random requests that profile `fuzz` adds for each operation.",
)
@click.option(
    "--openapi",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="OpenAPI document for profile `fuzz`; default: the packaged document.",
)
@detail_options
@click.option("--strict", is_flag=True, help="Fail broken requirements of level `should` instead of warning.")
@click.option(
    "--require-observer",
    is_flag=True,
    help="Exit with 5 where no observer sees what the proxy sends; default: judge it by what the client sees.",
)
@click.option(
    "--allow-partial", is_flag=True, help="Exit with 0 instead of 8 for a target that leaves out what a client needs."
)
@click.option("--fail-fast", is_flag=True, help="Stop after the first failure.")
@click.option("--dry-run", is_flag=True, help="Print the plan and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object; all else is printed on standard error.")
def run(
    dry_run: bool,
    embedded: bool,
    as_json: bool,
    report_dir: Path | None,
    docs_url: str,
    annotations: str,
    today: datetime | None,
    verbose: bool,
    quiet: bool,
    editions: tuple[str, ...],
    **options: Any,
) -> int:
    """Test a proxy and write a report.

    \b
    Examples:
      ampmap-conformance run
      ampmap-conformance run --target staging.yaml --select 'auth.*'
      ampmap-conformance run --edition 2026-01 --edition newest-proxied
    """
    from ..engine.options import RunOptions

    if options["defects"]:
        from .serve import check_defects

        check_defects(options["defects"])
    if options["variant"] is not None:
        from .serve import check_variant

        check_variant(options["variant"])
    detail = detail_of(verbose=verbose, quiet=quiet)
    _choose_target(options, embedded=embedded)
    if as_json and annotations == "github":
        raise click.UsageError("--json and --annotations github exclude each other: both write to standard output")
    several = _several(editions)
    if as_json and dry_run and len(several) > 1:
        raise click.UsageError("--dry-run --json prints one plan; name one edition")
    edition = several[0] if several else None
    wanted = RunOptions(today=today.date() if today else None, edition=edition, **options)
    if dry_run:
        from .show import dry_run as show

        return max(show(replace(wanted, edition=each), as_json=as_json) for each in several or (None,))
    from .annotate import annotating

    with annotating("none" if as_json else annotations) as annotate:
        return _run(wanted, several, Shown(detail, as_json), report_dir, annotate, docs_url)


def _several(names: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the editions that are meant, each once. A single name is kept as it is: what takes it reads it."""
    from ..reference.edition import editions_meant

    return names if len(names) == 1 and names[0] != ALL_PROXIED else editions_meant(names, ALL_PROXIED)


def _choose_target(options: dict[str, Any], *, embedded: bool) -> None:
    """Puts the default target file in its place, unless another target or the embedded one is asked for."""
    named = options["target"] or options["base_url"]
    if embedded and named:
        raise click.UsageError("--embedded cannot be combined with --target or --base-url")
    if named or embedded or options["defects"] or options["variant"]:
        return
    from .targets import default_target

    if (file := default_target()) is not None:
        click.echo(f"notice: the target is {file}; `--embedded` tests the embedded proxy", err=True)
        options["target"] = file


def _run(
    options: RunOptions,
    several: tuple[str, ...],
    shown: Shown,
    report_dir: Path | None,
    annotate: Callable[[Report], None],
    docs_url: str,
) -> int:
    from ..run.editions import over_editions
    from ..run.run import conformance
    from .reporting import run_and_report

    def made(terminal: Terminal) -> RunOutcome:
        if len(several) > 1:
            return over_editions(options, several, terminal, docs_url=docs_url)
        return conformance(options, terminal, docs_url=docs_url)

    ended = run_and_report(report_dir, shown, made)
    annotate(ended.report)
    return int(ended.code)
