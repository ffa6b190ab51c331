"""The commands `ampmap-conformance report ...`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import Choice, Group

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..report.diff import Change
    from ..report.model import Report

FORMATS = ("html", "markdown", "junit", "sarif", "tap", "badge", "badge-svg", "github", "github-output")
FILE = click.Path(path_type=Path)


@click.group("report", cls=Group)
def report() -> None:
    """Work on the report of a run.

    \b
    Example:
      ampmap-conformance report diff main/report.json ampmap-report/report.json
    """


@report.command()
@click.argument("file", metavar="REPORT.json", type=FILE)
@click.option("--format", "form", type=Choice(FORMATS), required=True, help="Format to convert to.")
@click.option("--out", type=FILE, metavar="FILE", help="File to write; default: standard output.")
def render(file: Path, form: str, out: Path | None) -> int:
    """Convert a report to a page, a summary, JUnit XML, SARIF, TAP, a badge, or output for GitHub Actions.

    `github` prints annotations for a job on GitHub Actions; `github-output` prints outputs for later steps of the job.

    \b
    Example:
      ampmap-conformance report render ampmap-report/report.json --format html --out report.html
    """
    from ..errors import UsageError
    from ..files import write_atomically
    from ..report.badge import badge_json, badge_svg
    from ..report.github import marks, outputs
    from ..report.junit import to_junit
    from ..report.markdown import to_markdown
    from ..report.page import to_html
    from ..report.sarif import to_sarif
    from ..report.tap import to_tap
    from ..report.write import read_report

    renderers: dict[str, Callable[[Report], bytes]] = {
        "html": to_html,
        "markdown": to_markdown,
        "junit": to_junit,
        "sarif": to_sarif,
        "tap": to_tap,
        "badge": badge_json,
        "badge-svg": badge_svg,
        "github": lambda found: "".join(f"{line}\n" for line in marks(found)).encode(),
        "github-output": lambda found: outputs(found, file).encode(),
    }
    made = renderers[form](read_report(file))
    if out is None:
        click.echo(made, nl=False)
        return 0
    try:
        write_atomically(out, made)
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror or error}") from error
    return 0


@report.command(epilog="Exit codes: 0 no regression, 1 regressions, 4 invalid usage.")
@click.argument("old", metavar="OLD.json", type=FILE)
@click.argument("new", metavar="NEW.json", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def diff(old: Path, new: Path, as_json: bool) -> int:
    """Compare two reports: regressions, fixes, new cases and removed cases.

    \b
    Example:
      ampmap-conformance report diff main/report.json ampmap-report/report.json
    """
    from ..report.diff import difference
    from ..report.write import read_report

    found = difference(read_report(old), read_report(new))
    if as_json:
        import dataclasses
        import json

        click.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=1))
        return int(bool(found.regressions))
    for note in found.notes:
        click.echo(f"note  {note}")
    parts = (
        ("regressions", found.regressions),
        ("fixes", found.fixes),
        ("changed", found.changed),
        ("new", found.new),
        ("gone", found.gone),
    )
    for title, changes in parts:
        if changes:
            click.echo(f"\n{title}")
        for change in changes:
            click.echo(f"  {_change_line(change)}")
    click.echo(f"\n{', '.join(f'{len(changes)} {title}' for title, changes in parts)}")
    return int(bool(found.regressions))


def _change_line(change: Change) -> str:
    verdicts = " -> ".join(verdict.value for verdict in (change.before, change.after) if verdict)
    return f"{change.id}  {verdicts}{f': {change.reason}' if change.reason else ''}"
