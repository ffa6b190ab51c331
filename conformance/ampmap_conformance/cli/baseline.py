"""The commands `ampmap-conformance baseline ...`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from .commands import Group


@click.group("baseline", cls=Group)
def baseline() -> None:
    """Work on baselines, the lists of known failures.

    \b
    Example:
      ampmap-conformance baseline update --report ampmap-report/report.json --out baseline.yaml
    """


@baseline.command()
@click.option(
    "--report", "file", type=click.Path(path_type=Path), required=True, metavar="REPORT.json", help="Report of the run."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The baseline file.")
@click.option("--reason", help="Reason for new entries; default: of each entry the reasons of its cases in the report.")
@click.option("--issue", metavar="URL", help="Issue that tracks new entries.")
@click.option("--owner", help="Owner of new entries.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Last day on which new entries are valid.",
)
def update(
    file: Path, out: Path, reason: str | None, issue: str | None, owner: str | None, expires: datetime | None
) -> int:
    """Writes a few entries that cover exactly the failing cases of a report.

    Reasons and dates of existing entries are kept as long as their cases fail; entries without a failing case are
    removed. Comments in the file are lost when it changes.

    \b
    Example:
      ampmap-conformance baseline update --report ampmap-report/report.json --out baseline.yaml --owner payments
    """
    from ..baseline.file import load, to_yaml
    from ..baseline.update import Template, updated
    from ..errors import UsageError
    from ..files import write_atomically
    from ..report.write import read_report

    report = read_report(file)
    old = load(out).entries if out.exists() else ()
    template = Template(reason=reason, issue=issue, owner=owner, expires=expires.date() if expires else None)
    made = updated(report, old, template)
    if made.entries != old or not out.exists():
        try:
            write_atomically(out, to_yaml(made.entries).encode())
        except OSError as error:
            raise UsageError(f"--out: {out} cannot be written: {error.strerror or error}") from error
    click.echo(f"{out}: {len(made.entries)} entries for {made.failing} failing cases")
    for text in made.renamed:
        click.echo(f"  renamed: {text}")
    for title, entries in (("new", made.new), ("gone", made.removed), ("kept, not judged", made.unjudged)):
        for entry in entries:
            click.echo(f"  {title}: {entry.pattern}")
    if any(entry.issue is None or entry.owner is None or entry.expires is None for entry in made.new):
        click.echo("add a reason, an issue, an owner and an expiry date to the new entries")
    return 0
