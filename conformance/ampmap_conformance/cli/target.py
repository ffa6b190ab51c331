"""The commands `ampmap-conformance target ...`."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group()
def target() -> None:
    """Work on target files.

    \b
    Example:
      ampmap-conformance target init --from-url https://proxy.example.com --out staging.yaml
    """


@target.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def target_check(file: Path) -> int:
    """Check a target file, and that its secrets are set. Nothing is sent.

    \b
    Example:
      ampmap-conformance target check staging.yaml
    """
    from .show import check_target

    return check_target(file)


@target.command("init")
@click.option("--from-url", metavar="URL", help="URL of a proxy to discover settings from, free of charge.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="File to write; default: standard output.")
@click.option("--edition", metavar="ID", help="Edition to use; default: the base edition.")
def target_init(from_url: str | None, out: Path | None, edition: str | None) -> int:
    """Write a starter target file; with --from-url, fill in the settings that the proxy reveals.

    With --from-url, the command sends bodies that are not valid JSON, calls without a key, and requests for lists of
    models, none of which can be charged for. The client key is read from the environment variable AMPMAP_CLIENT_KEY,
    if it is set.

    \b
    Example:
      ampmap-conformance target init --from-url https://proxy.example.com --out staging.yaml
    """
    from ..errors import UsageError
    from ..files import write_atomically
    from ..reference.edition import reference_for
    from ..target.discover import discovered, target_file
    from ..target.file import absolute_url
    from ..target.target import CLIENT_KEY_VARIABLE, Secret

    reference = reference_for(None, edition)
    found = None
    url = "https://proxy.example.com"
    if from_url is not None:
        try:
            url = absolute_url(from_url)
        except ValueError as error:
            raise UsageError(f"--from-url: {error}") from None
        value = os.environ.get(CLIENT_KEY_VARIABLE, "").strip()
        found = discovered(url, reference, Secret(value, f"${CLIENT_KEY_VARIABLE}") if value else None)
    text = target_file(url, reference, found)
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
