"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..report.terminal import Detail

Command = TypeVar("Command", bound=Callable[..., Any])

reference_option = click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="reference.json to test against, e.g. one with a company's layer; default: the packaged reference.",
)
EDITION_NAMES = "an id, `newest`, `newest-proxied` (the newest whose model calls pass a proxy), or a day"
edition_option = click.option(
    "--edition",
    metavar="EDITION",
    help=f"Edition to test against: {EDITION_NAMES}; default: the target file's edition, or the base edition.",
)


log_option = click.option(
    "--log",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to which each call is added as a line of JSON, with secrets masked.",
)
report_dir_option = click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the report; default: ampmap-report.",
)


def _site() -> str:
    from ..version import docs_site

    return docs_site()


docs_url_option = click.option(
    "--docs-url",
    default=_site,
    metavar="URL",
    help="URL of the published documentation that the report links to; default: that of this build, or no links.",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a run prints: how much, and whether standard output gets JSON alone."""

    detail: Detail
    as_json: bool = False


def detail_options(command: Command) -> Command:
    """`-v` and `-q`, as the parameters `verbose` and `quiet`."""
    verbose = click.option("-v", "--verbose", is_flag=True, help="Print every case that went wrong in full.")
    quiet = click.option("-q", "--quiet", is_flag=True, help="Print the verdict alone.")
    return verbose(quiet(command))


def detail_of(*, verbose: bool, quiet: bool) -> Detail:
    """How much a run prints. Raises click.UsageError where both are given."""
    from ..report.terminal import Detail

    if verbose and quiet:
        raise click.UsageError("--verbose and --quiet exclude each other")
    return Detail.CASES if verbose else Detail.VERDICT if quiet else Detail.CAUSES
