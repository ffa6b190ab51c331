"""The command `ampmap-conformance`. Modules that only one command needs are imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from .baseline import baseline
from .commands import Program
from .doctor import doctor
from .evidence import evidence
from .fleet import fleet
from .manifest import manifest
from .options import edition_option, log_option, reference_option
from .record import record
from .report import report
from .resolve_auth import resolve_auth
from .run import run
from .soak import soak
from .target import target


def _version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from ..reference import digest
    from ..reference.types import EDITION
    from ..version import version

    click.echo(f"ampmap-conformance {version()}, edition {EDITION}, reference {digest()}")
    context.exit()


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
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
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def explain(requirement: str, as_json: bool) -> int:
    """Show a requirement: reason, sources, request sent, and the defects that break it.

    \b
    Example:
      ampmap-conformance explain headers.client-credential-replaced
    """
    from .show import explain_requirement

    return explain_requirement(requirement, as_json=as_json)


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
@log_option
@reference_option
@edition_option
def observe(
    listen: str,
    personas: tuple[str, ...],
    token_env: str | None,
    strict: bool,
    log: Path | None,
    reference: Path | None,
    edition: str | None,
) -> int:
    """Run the observer as a server. The first line of output is its URL; SIGTERM stops it.

    On a terminal, one line on standard error shows the number of calls and the latest.

    With a token, a run on another machine can use it: set its URL and token under `observer` in the target file.

    \b
    Examples:
      ampmap-conformance observe --listen 127.0.0.1:9100
      ampmap-conformance observe --listen 0.0.0.0:9100 --token-env OBSERVER_TOKEN --persona groq=0.0.0.0:9101
    """
    from ..reference.edition import reference_for
    from .serve import observe as serve_it

    return serve_it(listen, reference_for(reference, edition), personas, token_env, strict=strict, log=log)


@main.command()
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Address to listen on; port 0 selects a free port.",
)
@log_option
@click.option("--defect", "defects", multiple=True, metavar="ID", help="Defect to enable; may be repeated.")
@reference_option
@edition_option
def serve(listen: str, log: Path | None, defects: tuple[str, ...], reference: Path | None, edition: str | None) -> int:
    """Run the reference proxy as a server. The first line of output is its URL; SIGTERM stops it.

    The proxy starts an observer as its upstreams. It accepts the client key in the environment variable
    AMPMAP_CLIENT_KEY. On a terminal, one line on standard error shows the number of calls and the latest.

    \b
    Example:
      AMPMAP_CLIENT_KEY=any ampmap-conformance serve --listen 127.0.0.1:8317 --defect client-key-forwarded
    """
    from ..reference.edition import reference_for
    from .serve import serve as serve_it

    return serve_it(listen, defects, reference_for(reference, edition), log=log)


main.add_command(run)
main.add_command(fleet)
main.add_command(soak)
main.add_command(doctor)
main.add_command(target)
main.add_command(manifest)
main.add_command(evidence)
main.add_command(record)
main.add_command(report)
main.add_command(resolve_auth)
main.add_command(baseline)
