"""The command `ampmap-conformance resolve-auth`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .commands import Command
from .options import Shown, detail_of, detail_options, docs_url_option, report_dir_option

if TYPE_CHECKING:
    from ..resolver.resolvers import ResolverOptions

SECONDS = click.FloatRange(min=0, min_open=True)


@click.command("resolve-auth", cls=Command)
@click.option("--command", metavar="CMD", help="Resolver command that answers lines of JSON; started without a shell.")
@click.option("--url", metavar="URL", help="Resolver URL that answers JSON sent with POST.")
@click.option(
    "--select",
    multiple=True,
    metavar="PATTERN",
    help="Run only matching vectors, e.g. 'auth-modes.*[gemini*]'; may be repeated.",
)
@click.option("--skip", multiple=True, metavar="PATTERN", help="Skip matching vectors; may be repeated.")
@click.option(
    "--timeout", type=SECONDS, default=5.0, show_default=True, metavar="SECONDS", help="Timeout for one answer."
)
@click.option(
    "--start-timeout",
    type=SECONDS,
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Timeout for the start of the resolver.",
)
@click.option(
    "--defect",
    "defects",
    multiple=True,
    metavar="ID",
    help="Defect to enable in the kit's own resolver; may be repeated.",
)
@report_dir_option
@docs_url_option
@detail_options
@click.option("--strict", is_flag=True, help="Fail broken requirements of level `should` instead of warning.")
@click.option("--fail-fast", is_flag=True, help="Stop after the first failure.")
@click.option("--dry-run", is_flag=True, help="Print the lines that would be sent and start nothing.")
def resolve_auth(
    dry_run: bool, report_dir: Path | None, docs_url: str, verbose: bool, quiet: bool, **options: Any
) -> int:
    """Test a resolver of auth modes with vectors and write a report.

    Without --command and --url, the kit's own resolver is tested. The exit codes are the same as those of `run`.

    \b
    Examples:
      ampmap-conformance resolve-auth --command "node resolver.mjs"
      ampmap-conformance resolve-auth --url http://127.0.0.1:8080/resolve --select auth-modes.lookup-order
    """
    from ..resolver.resolvers import ResolverOptions

    wanted = ResolverOptions(**options)
    detail = detail_of(verbose=verbose, quiet=quiet)
    if dry_run:
        from ..resolver.run import lines

        for line in lines(wanted):
            click.echo(line, nl=False)
        return 0
    return _check(wanted, Shown(detail), report_dir, docs_url)


def _check(options: ResolverOptions, shown: Shown, report_dir: Path | None, docs_url: str) -> int:
    from ..resolver.run import check_resolver
    from .reporting import run_and_report

    ended = run_and_report(report_dir, shown, lambda terminal: check_resolver(options, terminal, docs_url=docs_url))
    return int(ended.code)
