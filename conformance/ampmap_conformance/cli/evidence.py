"""The command `ampmap-conformance evidence`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import Command

if TYPE_CHECKING:
    import datetime

    from ..evidence.implementation import Evidence
    from ..reference.types import Reference


@click.command(cls=Command)
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="File to write; default: standard output.")
@click.option(
    "--submit-dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the file to hand in, and the text of the pull request, into this folder.",
)
@click.option("--check", "only_check", is_flag=True, help="Say what is wrong with REPORT.json, a file to hand in.")
@click.option("--title", metavar="TEXT", help="Display name of the implementation; default: the name of the target.")
@click.option("--url", metavar="URL", help="URL of the implementation's source or vendor.")
@click.option(
    "--taken",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Date of the run; default: the current date.",
)
def evidence(
    report: Path,
    out: Path | None,
    submit_dir: Path | None,
    only_check: bool,
    title: str | None,
    url: str | None,
    taken: datetime.datetime | None,
) -> int:
    """Summarize a run of the whole suite: one line for each requirement.

    The file contains neither addresses nor exchanges. The site's table of implementations is built from such files.

    \b
    Example:
      ampmap-conformance evidence ampmap-report/report.json --out mine.json
      ampmap-conformance evidence ampmap-report/report.json --url https://example.com/mine --submit-dir submission
      ampmap-conformance evidence --check submission/mine.json
    """
    import datetime

    from ..errors import UsageError
    from ..evidence.implementation import as_data
    from ..evidence.implementation import evidence as made_of
    from ..evidence.manifest import to_json
    from ..reference import load
    from ..report.write import read_report

    if only_check:
        if out or submit_dir or title or url or taken:
            raise UsageError("--check reads a file and takes no other option")
        return _check(report)
    if out and submit_dir:
        raise UsageError("--out and --submit-dir exclude each other")
    seen = read_report(report)
    day = taken.date() if taken else datetime.date.today()
    reference = load(edition=seen.reference.edition)
    made = made_of(seen, reference, taken=day, title=title, url=url)
    text = to_json(as_data(made))
    if submit_dir is not None:
        return _hand_in(made, text, reference, submit_dir, day)
    if out is None:
        click.echo(text, nl=False)
        return 0
    _write(out, text, "--out")
    return 0


def _hand_in(made: Evidence, text: bytes, reference: Reference, folder: Path, today: datetime.date) -> int:
    from ..evidence.submission import problems, pull_request, slug
    from ..version import version

    stem = slug(made.implementation.name)
    found = list(problems(made, stem=stem, reference=reference, kit=version(), today=today))
    for problem in found:
        click.echo(problem, err=True)
    if found:
        click.echo("nothing was written: this would not be taken in", err=True)
        return 1
    for file, content in (
        (folder / f"{stem}.json", text),
        (folder / f"{stem}.pull-request.md", pull_request(made, reference).encode()),
    ):
        _write(file, content, "--submit-dir")
        click.echo(f"wrote {file}")
    return 0


def _check(file: Path) -> int:
    import datetime

    from ..evidence.submission import MOST_BYTES, MOST_LINES, problems, read, standings
    from ..files import read_text
    from ..reference import UnknownEditionError, load
    from ..version import version

    made, found = read(read_text(file, MOST_BYTES))
    if made is not None:
        try:
            reference = load(edition=made.reference.edition)
        except UnknownEditionError:
            reference, found = None, ["reference.edition: this kit does not have the edition"]
        if reference is not None:
            today = datetime.date.today()
            found = list(problems(made, stem=file.stem, reference=reference, kit=version(), today=today))
            told = ", ".join(f"{part} {standing}" for part, standing in standings(made, reference).items())
            click.echo(f"{file}: kept of what was tested: {told}")
    for problem in found[:MOST_LINES]:
        click.echo(f"{file}: {problem}", err=True)
    return 1 if found else 0


def _write(file: Path, content: bytes, option: str) -> None:
    from ..errors import UsageError
    from ..files import write_atomically

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content)
    except OSError as error:
        raise UsageError(f"{option}: {file} cannot be written: {error.strerror or error}") from error
