"""The commands `ampmap-conformance target ...`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .commands import Group
from .options import EDITION_NAMES


@click.group(cls=Group)
def target() -> None:
    """Work on target files.

    \b
    Example:
      ampmap-conformance target init --from-url https://proxy.example.com --out staging.yaml
    """


@target.command("check")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.option("--no-secrets", is_flag=True, help="Check only the files; whether their secrets are set does not matter.")
def target_check(files: tuple[Path, ...], as_json: bool, no_secrets: bool) -> int:
    """Check target files, and that their secrets are set. Nothing is sent.

    FILE is by default ampmap-target.yaml in the working folder. With --no-secrets, nothing is printed of files that
    are valid, as a hook before a commit needs it.

    \b
    Examples:
      ampmap-conformance target check staging.yaml
      ampmap-conformance target check --no-secrets staging.yaml production.yaml
    """
    from .targets import check_forms, given_file

    if no_secrets:
        check_forms(files or (given_file(None),))
        return 0
    from .show import check_target

    if as_json and len(files) > 1:
        raise click.UsageError("--json takes one file")
    for file in files or (given_file(None),):
        check_target(file, as_json=as_json)
    return 0


@target.command("schema")
@click.option("--edition", metavar="EDITION", help=f"Edition to use: {EDITION_NAMES}; default: the base edition.")
def target_schema(edition: str | None) -> int:
    """Print the JSON Schema of target files, with which an editor completes and checks them.

    \b
    Example:
      ampmap-conformance target schema > target.schema.json
    """
    import json

    from ..reference.edition import reference_for
    from ..target.schema import schema_of_target_files

    click.echo(json.dumps(schema_of_target_files(reference_for(None, edition)), ensure_ascii=False, indent=1))
    return 0


@target.command("init")
@click.option("--from-url", metavar="URL", help="URL of a proxy to discover settings from, free of charge.")
@click.option(
    "--observer", metavar="URL", help="URL that the proxy's upstreams are set to; the kit's observer listens there."
)
@click.option("--token-env", metavar="NAME", help="Variable with the token of an observer that runs at --observer.")
@click.option("--control", metavar="URL", help="URL at which the kit reaches that observer; default: --observer.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="File to write; default: standard output.")
@click.option(
    "--edition",
    metavar="EDITION",
    help=f"Client build that the proxy serves: {EDITION_NAMES}; default: that of an observer that runs at --observer, "
    "else newest-proxied.",
)
def target_init(
    from_url: str | None,
    observer: str | None,
    token_env: str | None,
    control: str | None,
    out: Path | None,
    edition: str | None,
) -> int:
    """Write a starter target file; with --from-url, fill in the settings that the proxy reveals.

    With --from-url, the command sends bodies that are not valid JSON, calls without a key, and requests for lists of
    models, none of which can be charged for. The client key is read from the environment variable AMPMAP_CLIENT_KEY,
    if it is set.

    What it found is told on standard error, with how it is known. A proxy of which every route fails as that of one
    without upstreams gets no file.

    With --observer, it also sends a small call for each model, and fills in what arrives at the observer: how bodies
    reach each provider, which models go to Amp, mappings, lists. Set the proxy's upstreams to the observer first:
    without --observer, the command prints the lines for that, and asks for the URL on a terminal. If a call succeeds
    and does not arrive there, the command sends no further calls.

    \b
    Examples:
      ampmap-conformance target init --from-url https://proxy.example.com --out staging.yaml
      ampmap-conformance target init --from-url http://127.0.0.1:8317 --observer http://127.0.0.1:9100
    """
    from ..errors import UsageError
    from ..files import write_atomically
    from .init import asked_for_observer, starter_text

    if from_url is not None and observer is None and sys.stdin.isatty() and sys.stderr.isatty():
        observer = asked_for_observer()
    text = starter_text(from_url, edition, observer=observer, token_env=token_env, control=control)
    if out is None:
        click.echo(text, nl=False)
        return 0
    if out.exists():
        raise UsageError(f"--out: {out} already exists; choose another file or delete it")
    try:
        write_atomically(out, text.encode())
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror or error}") from error
    click.echo(f"wrote {out}; check it with `ampmap-conformance target check {out}`")
    return 0
