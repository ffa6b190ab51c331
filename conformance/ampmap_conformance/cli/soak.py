"""The command `ampmap-conformance soak`."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from .commands import Command
from .options import (
    Shown,
    detail_of,
    detail_options,
    docs_url_option,
    edition_option,
    reference_option,
    report_dir_option,
)

if TYPE_CHECKING:
    from ..report.outcome import RunOutcome
    from ..report.terminal import Terminal

EXIT_CODES = (
    "Exit codes: 0 conformant, 1 failures, 2 interrupted, 3 kit error, 4 invalid usage, 5 too little tested,"
    " 6 target unreachable."
)
GROUPS = MappingProxyType(
    {
        "Target": ("target", "base_url", "observer", "reference", "edition", "defects", "pid"),
        "Load": ("users", "duration", "spawn_rate", "seed"),
        "Processes and machines": ("processes", "master", "listen", "expect_workers", "worker", "join"),
        "Output": ("verbose", "quiet", "as_json", "report_dir", "docs_url", "strict"),
    }
)
"""The options, below the titles of the help."""


@click.command(cls=Command, epilog=EXIT_CODES, groups=GROUPS)
@click.option(
    "--target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Target file of the proxy, which names an observer; default without --base-url: the embedded proxy.",
)
@click.option("--base-url", metavar="URL", help="URL of the proxy, for a soak without a target file.")
@click.option(
    "--observer", metavar="URL", help="URL that the proxy's upstreams are set to; the kit's observer listens there."
)
@reference_option
@edition_option
@click.option(
    "--defect",
    "defects",
    multiple=True,
    metavar="ID",
    help="Defect to enable in the embedded proxy, also one that only load shows; may be repeated.",
)
@click.option(
    "--pid",
    type=click.IntRange(1),
    metavar="N",
    help="Process of the proxy on this machine, whose memory and descriptors are watched with those that it started.",
)
@click.option("--users", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Number of users.")
@click.option(
    "--for", "duration", default="1m", show_default=True, metavar="TIME", help="How long they call: 90s, 10m, 1h30m."
)
@click.option(
    "--spawn-rate",
    type=click.FloatRange(0, 100, min_open=True),
    default=50.0,
    show_default=True,
    metavar="N",
    help="Number of users that begin in a second.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed of the choice of calls."
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Number of processes on this machine that run users.",
)
@click.option("--master", is_flag=True, help="Let workers on other machines run the users, and write their report.")
@click.option(
    "--listen",
    default="0.0.0.0:5557",
    show_default=True,
    metavar="HOST:PORT",
    help="Address at which a master waits for its workers.",
)
@click.option(
    "--expect-workers",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of workers with which a master begins.",
)
@click.option("--worker", is_flag=True, help="Run users for the master that --join names.")
@click.option("--join", metavar="HOST[:PORT]", help="Address of the master.")
@report_dir_option
@docs_url_option
@detail_options
@click.option("--strict", is_flag=True, help="Fail broken requirements of level `should` instead of warning.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object; all else is printed on standard error.")
def soak(
    report_dir: Path | None,
    docs_url: str,
    verbose: bool,
    quiet: bool,
    as_json: bool,
    duration: str,
    master: bool,
    listen: str,
    expect_workers: int,
    worker: bool,
    join: str | None,
    **options: Any,
) -> int:
    """Call a proxy by many users at once for some time, judge both hops of each call, and write a report.

    The users are Locust's (`pip install 'ampmap[soak]'`). Slow answers break no rule; what the kit could not judge is
    told in the report. An interrupt ends the users and writes the report of what was seen until then.

    \b
    Examples:
      ampmap-conformance soak --users 200 --for 5m
      ampmap-conformance soak --target staging.yaml --users 100 --for 10m --processes 2
      ampmap-conformance soak --target staging.yaml --master --expect-workers 4 --users 2000 --for 1h
      ampmap-conformance soak --target staging.yaml --worker --join load-1.internal
    """
    from ..soak.options import SoakOptions, seconds_in

    detail = detail_of(verbose=verbose, quiet=quiet)
    if master and worker:
        raise click.UsageError("--master and --worker exclude each other")
    if worker is not (join is not None):
        raise click.UsageError("--worker requires --join, and --join requires --worker")
    if (master or worker) and options["processes"] > 1:
        raise click.UsageError("--processes is for one machine: start one --worker for each process")
    if options["defects"]:
        from .serve import check_defects

        check_defects(options["defects"])
    if worker:
        from ..soak.options import MASTER_PORT
        from ..soak.worker import work
        from .serve import address

        named = join or ""
        return work(SoakOptions(**options), *address(named if ":" in named else f"{named}:{MASTER_PORT}", "--join"))
    from .serve import address as address_of

    wanted = SoakOptions(
        seconds=seconds_in(duration),
        listen=address_of(listen) if master else None,
        workers=expect_workers,
        **options,
    )
    return _soak(wanted, Shown(detail, as_json), report_dir, docs_url)


def _soak(options: Any, shown: Shown, report_dir: Path | None, docs_url: str) -> int:
    from ..soak.run import soak as whole
    from .reporting import run_and_report

    def made(terminal: Terminal) -> RunOutcome:
        return whole(options, terminal, docs_url=docs_url)

    return int(run_and_report(report_dir, shown, made).code)
