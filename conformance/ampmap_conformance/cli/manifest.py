"""The command `ampmap-conformance manifest`."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import Command


@click.command(cls=Command)
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="File to write; default: standard output.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if FILE differs from what would be written.")
def manifest(report: Path, out: Path | None, check: bool) -> int:
    """List how many cases of each requirement a run made, by verdict, and which requirements were not tested.

    \b
    Example:
      ampmap-conformance manifest ampmap-report/report.json --out conformance/evidence/manifest.json --check
    """
    import json

    from ..errors import UsageError
    from ..evidence.manifest import drift, to_json
    from ..evidence.manifest import manifest as made_of
    from ..files import write_atomically
    from ..reference import load
    from ..releases import release_of
    from ..report.write import read_report
    from ..version import version

    if check and out is None:
        raise UsageError("--check requires --out FILE")
    seen = read_report(report)
    made = made_of(seen, load(edition=seen.reference.edition), release_of(version()))
    if out is None:
        click.echo(to_json(made), nl=False)
        return 0
    if not check:
        try:
            write_atomically(out, to_json(made))
        except OSError as error:
            raise UsageError(f"--out: {out} cannot be written: {error.strerror or error}") from error
        return 0
    try:
        before = json.loads(out.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"--out: {out} cannot be read: {error}") from error
    lines = drift(before, made)
    for line in lines:
        click.echo(line)
    return 1 if lines else 0
