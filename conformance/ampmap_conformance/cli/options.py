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
edition_option = click.option(
    "--edition", metavar="ID", help="Edition to test against; default: the target file's edition, or the base edition."
)
