"""The commands `ampmap-conformance baseline ...`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click


@click.group("baseline")
def baseline() -> None:
    """Works on the list of known failures.

    \b
    Example:
      ampmap-conformance baseline update --report ampmap-report/report.json --out baseline.yaml
    """


@baseline.command()
@click.option(
    "--report", "file", type=click.Path(path_type=Path), required=True, metavar="REPORT.json", help="The run."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The baseline file.")
@click.option("--reason", help="Why the new ones fail; by default what the report saw.")
@click.option("--issue", metavar="URL", help="Where the new ones are followed up.")
@click.option("--owner", help="Who sees to the new ones.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Last day of the new ones.")
def update(
    file: Path, out: Path, reason: str | None, issue: str | None, owner: str | None, expires: datetime | None
) -> int:
    """Writes a few entries that cover exactly the failing cases of a report.

    What the file says already, reasons and dates, stays with the failures that it is about; entries of which nothing
    fails any more go. Comments in the file do not survive a change.

    \b
    Example:
      ampmap-conformance baseline update --report ampmap-report/report.json --out baseline.yaml --owner payments
    """
    from ..baseline.file import Entry, load, to_yaml
    from ..baseline.update import default_reason, updated
    from ..errors import UsageError
    from ..files import write_atomically
    from ..report.write import read_report

    report = read_report(file)
    old = load(out).entries if out.exists() else ()
    template = Entry(
        pattern="*",
        reason=reason or default_reason(report, old),
        issue=issue,
        owner=owner,
        expires=expires.date() if expires else None,
    )
    made = updated(report, old, template)
    if made.entries != old or not out.exists():
        try:
            write_atomically(out, to_yaml(made.entries).encode())
        except OSError as error:
            raise UsageError(f"--out: {out} cannot be written: {error.strerror or error}") from error
    click.echo(f"{out}: {len(made.entries)} entries for {made.failing} failing cases")
    for title, entries in (("new", made.new), ("gone", made.removed), ("kept, not judged", made.unjudged)):
        for entry in entries:
            click.echo(f"  {title}: {entry.pattern}")
    if any(entry.issue is None or entry.owner is None or entry.expires is None for entry in made.new):
        click.echo("give the new entries a reason, an issue, an owner and a date")
    return 0
