"""The command `ampmap-conformance evidence`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import Command

if TYPE_CHECKING:
    from datetime import datetime


@click.command(cls=Command)
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="File to write; default: standard output.")
@click.option("--title", metavar="TEXT", help="Display name of the implementation; default: the name of the target.")
@click.option("--url", metavar="URL", help="URL of the implementation's source or vendor.")
@click.option(
    "--taken",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Date of the run; default: the current date.",
)
def evidence(report: Path, out: Path | None, title: str | None, url: str | None, taken: datetime | None) -> int:
    """Summarize a run of the whole suite: one line for each requirement.

    The file contains neither addresses nor exchanges. The site's table of implementations is built from such files.

    \b
    Example:
      ampmap-conformance evidence ampmap-report/report.json --out conformance/evidence/mine.json
    """
    import datetime

    from ..errors import UsageError
    from ..evidence.implementation import as_data
    from ..evidence.implementation import evidence as made_of
    from ..evidence.manifest import to_json
    from ..files import write_atomically
    from ..reference import load
    from ..report.write import read_report

    seen = read_report(report)
    day = taken.date() if taken else datetime.date.today()
    text = to_json(as_data(made_of(seen, load(edition=seen.reference.edition), taken=day, title=title, url=url)))
    if out is None:
        click.echo(text, nl=False)
        return 0
    try:
        write_atomically(out, text)
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror or error}") from error
    return 0
