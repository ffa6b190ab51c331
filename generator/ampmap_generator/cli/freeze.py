"""The command that maintainers give when they make a release: `freeze`."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import Command
from .inputs import load_valid, report_write_errors, spec_option


@click.command(cls=Command, hidden=True)
@click.argument("version", metavar="VERSION")
@spec_option
def freeze(version: str, spec_dir: Path | None) -> None:
    """Write into spec/releases.yaml which rules the release VERSION has that no earlier one had.

    \b
    Example:
      ampmap freeze 0.1.0
    """
    from ..load.releases import first_releases, since, version_order
    from ..outputs import spec_dir as packaged_spec
    from ..render.write import write_atomically
    from ..vendored.catalogue import Requirement

    try:
        version_order(version)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    spec = load_valid(spec_dir, every=False)
    releases = spec.facts["releases"]
    later = [known for known in releases if version_order(known) >= version_order(version)]
    if later:
        raise click.UsageError(f"{later[0]} is released already, and no list of a release is changed")
    released = first_releases(releases.values())
    rows = [fact.value for fact in spec.facts["requirements"].values() if isinstance(fact.value, Requirement)]
    new = [row.id for row in rows if since(row.id, row.formerly, released) is None]
    file = (spec_dir or packaged_spec()) / "releases.yaml"
    text = file.read_text(encoding="utf-8") if file.exists() else HEAD
    lines = [f'"{version}":', "  requirements:", *(f"    - {id_}" for id_ in new)]
    with report_write_errors(file, "--spec"):
        write_atomically(file, (text + "\n".join(lines) + "\n").encode())
    click.echo(f"{file}: {len(new)} rules are new in {version}")


HEAD = """\
# yaml-language-server: $schema=schema/releases.schema.json
# The rules that each release had first. `nox -s freeze -- VERSION` adds a release, and no list is changed afterwards.
"""
