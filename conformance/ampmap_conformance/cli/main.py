"""The command `ampmap-conformance`. Modules that only one command needs are imported when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..cases.covering import Depth
from .baseline import baseline
from .evidence import evidence
from .manifest import manifest
from .report import report
from .resolve_auth import resolve_auth
from .target import target

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..engine.options import RunOptions
    from ..report.model import Report

EXIT_CODES = (
    "Exit codes: 0 conformant, 1 failures, 2 interrupted, 3 kit error, 4 invalid usage, 5 too little tested,"
    " 6 target unreachable, 7 stale baseline."
)


class Group(click.Group):
    """Prints the kit's own errors without a traceback and ends with their exit code."""

    def main(self, *args: Any, **rest: Any) -> Any:
        """Runs the command line; always ends with SystemExit."""
        rest["standalone_mode"] = False
        try:
            outcome = super().main(*args, **rest)
        except click.exceptions.Exit as leaving:
            sys.exit(leaving.exit_code)
        except click.Abort:
            sys.exit(2)
        except click.ClickException as error:
            error.show()
            sys.exit(4)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)
        except Exception as error:  # noqa: BLE001 - told apart, and raised again unless it is known
            sys.exit(_report(error))
        sys.exit(outcome if isinstance(outcome, int) else 0)


def _report(error: Exception) -> int:
    from ..errors import SuiteError, UnreachableError, UsageError
    from ..verdicts import ExitCode

    kinds = ((UsageError, ExitCode.USAGE), (UnreachableError, ExitCode.UNREACHABLE), (SuiteError, ExitCode.KIT_ERROR))
    for kind, code in kinds:
        if isinstance(error, kind):
            click.echo(str(error), err=True)
            return int(code)
    raise error


def _version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from ..reference import digest
    from ..reference.types import EDITION
    from ..version import version

    click.echo(f"ampmap-conformance {version()}, edition {EDITION}, reference {digest()}")
    context.exit()


reference_option = click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="reference.json to test against, e.g. one with a company's layer; default: the packaged reference.",
)
edition_option = click.option(
    "--edition", metavar="ID", help="Edition to test against; default: the target file's edition, or the base edition."
)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show version and exit."
)
def main() -> None:
    """Test whether a proxy serves the Amp coding agent as the reference requires.

    Without a target, `run` tests the embedded reference proxy on loopback, free of charge.

    \b
    Example:
      ampmap-conformance run --target staging.yaml --profile routing
    """


@main.command(epilog=EXIT_CODES)
@click.option(
    "--target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Target file of the proxy; default without --base-url: the embedded proxy.",
)
@click.option("--base-url", metavar="URL", help="URL of the proxy, for a run without a target file.")
@click.option(
    "--observer", metavar="URL", help="URL that the proxy's upstreams are set to; the kit's observer listens there."
)
@reference_option
@edition_option
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
    type=click.Choice(["auto", "github", "none"]),
    default="auto",
    show_default=True,
    help="Annotate failures for a CI service; `auto` does it on GitHub Actions.",
)
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the report; default: ampmap-report.",
)
@click.option(
    "--docs-url", default="", metavar="URL", help="URL of the published documentation that the report links to."
)
@click.option(
    "--depth",
    type=click.Choice(Depth, case_sensitive=False),
    default=Depth.DEFAULT.value,
    show_default=True,
    help="Cases of each requirement: one (`quick`), every pair of values of its axes (`default`), or every triple"
    " (`thorough`). A pattern with brackets selects from all of them.",
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
@click.option("--strict", is_flag=True, help="Fail broken requirements of level `should` instead of warning.")
@click.option("--fail-fast", is_flag=True, help="Stop after the first failure.")
@click.option("--dry-run", is_flag=True, help="Print the plan and send nothing.")
def run(
    dry_run: bool,
    report_dir: Path | None,
    docs_url: str,
    annotations: str,
    today: datetime | None,
    **options: Any,
) -> int:
    """Test a proxy and write a report.

    \b
    Examples:
      ampmap-conformance run
      ampmap-conformance run --target staging.yaml --select 'auth.*'
    """
    from ..engine.options import RunOptions

    if options["defects"]:
        from .serve import check_defects

        check_defects(options["defects"])
    if options["variant"] is not None:
        from .serve import check_variant

        check_variant(options["variant"])
    wanted = RunOptions(today=today.date() if today else None, **options)
    if dry_run:
        from .show import dry_run as show

        return show(wanted)
    from .annotate import annotating

    with annotating(annotations) as annotate:
        return _run(wanted, report_dir, docs_url, annotate)


def _run(options: RunOptions, report_dir: Path | None, docs_url: str, annotate: Callable[[Report], None]) -> int:
    import time

    from ..errors import UnreachableError
    from ..report.terminal import RunConsole, Terminal
    from ..report.write import DEFAULT_FOLDER, check_folder, write_report
    from ..run.run import conformance

    folder = report_dir or DEFAULT_FOLDER
    check_folder(folder)
    begun = time.monotonic()
    with Terminal(RunConsole(highlight=False)) as terminal:
        ended = conformance(options, terminal, docs_url=docs_url)
        files = write_report(ended.report, folder)
        if ended.unreachable:
            raise UnreachableError(ended.unreachable)
        terminal.end(ended, files, time.monotonic() - begun)
    annotate(ended.report)
    return int(ended.code)


@main.command("list")
@click.option(
    "--profile", "profiles", multiple=True, metavar="NAME", help="Include only this profile; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_(profiles: tuple[str, ...], as_json: bool) -> int:
    """List the requirements with level, prerequisites and sources.

    \b
    Example:
      ampmap-conformance list --profile auth
    """
    from .show import list_requirements

    return list_requirements(profiles, as_json=as_json)


@main.command()
@click.argument("requirement", metavar="REQUIREMENT_ID")
def explain(requirement: str) -> int:
    """Show a requirement: reason, sources, request sent, and the defects that break it.

    \b
    Example:
      ampmap-conformance explain headers.client-credential-replaced
    """
    from .show import explain_requirement

    return explain_requirement(requirement)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def defects(as_json: bool) -> int:
    """List the defects that can be enabled in the reference proxy and the resolver, and where each was seen.

    \b
    Example:
      ampmap-conformance defects
    """
    from .show import list_defects

    return list_defects(as_json=as_json)


@main.command()
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Address to listen on; port 0 selects a free port.",
)
@click.option(
    "--persona",
    "personas",
    multiple=True,
    metavar="NAME=HOST:PORT",
    help="Serve a persona on a port of its own, for a proxy whose upstream URLs cannot have a path; may be repeated.",
)
@click.option(
    "--token-env",
    metavar="NAME",
    help="Environment variable with the token of the control API; default: no control API.",
)
@click.option("--strict", is_flag=True, help="Reject requests that the providers themselves would reject.")
@reference_option
@edition_option
def observe(
    listen: str,
    personas: tuple[str, ...],
    token_env: str | None,
    strict: bool,
    reference: Path | None,
    edition: str | None,
) -> int:
    """Run the observer as a server. The first line of output is its URL; SIGTERM stops it.

    With a token, a run on another machine can use it: set its URL and token under `observer` in the target file.

    \b
    Examples:
      ampmap-conformance observe --listen 127.0.0.1:9100
      ampmap-conformance observe --listen 0.0.0.0:9100 --token-env OBSERVER_TOKEN --persona groq=0.0.0.0:9101
    """
    from ..reference.edition import reference_for
    from .serve import observe as serve_it

    return serve_it(listen, reference_for(reference, edition), personas, token_env, strict=strict)


@main.command()
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Address to listen on; port 0 selects a free port.",
)
@click.option("--defect", "defects", multiple=True, metavar="ID", help="Defect to enable; may be repeated.")
@reference_option
@edition_option
def serve(listen: str, defects: tuple[str, ...], reference: Path | None, edition: str | None) -> int:
    """Run the reference proxy as a server. The first line of output is its URL; SIGTERM stops it.

    The proxy starts an observer as its upstreams. It accepts the client key in the environment variable
    AMPMAP_CLIENT_KEY.

    \b
    Example:
      AMPMAP_CLIENT_KEY=any ampmap-conformance serve --listen 127.0.0.1:8317 --defect client-key-forwarded
    """
    from ..reference.edition import reference_for
    from .serve import serve as serve_it

    return serve_it(listen, defects, reference_for(reference, edition))


main.add_command(target)
main.add_command(manifest)
main.add_command(evidence)
main.add_command(report)
main.add_command(resolve_auth)
main.add_command(baseline)
