"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

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
