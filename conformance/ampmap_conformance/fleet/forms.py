"""The forms of an overview, and the files that a fleet writes into its folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from ..errors import UsageError
from ..files import write_atomically
from ..report.page import selection_lines, styled
from ..report.render import render
from ..report.screen import counted
from ..report.write import checked_json
from . import words
from .compare import is_failing
from .model import Overview

DEFAULT_FOLDER = Path("ampmap-fleet")
REPORTS = "targets"
"""Name of the folder of all reports, below that of the fleet."""
MOST_SHOWN = 100
"""Rules and causes that the Markdown form shows of each; a job page takes no more than 1 MiB."""


def to_json(overview: Overview) -> bytes:
    """`fleet.json`."""
    return checked_json(overview)


def to_html(overview: Overview) -> bytes:
    """`fleet.html`: one file without scripts, which loads nothing and links to the reports beside it."""
    return render("fleet.html.j2", __package__ or "", **_values(overview), **styled())


def to_markdown(overview: Overview) -> bytes:
    """`fleet.md`."""
    return render("fleet.md.j2", __package__ or "", **_values(overview), most=MOST_SHOWN)


def _values(overview: Overview) -> dict[str, Any]:
    return {
        "overview": overview,
        "selection": selection_lines(overview.selection),
        "words": words,
        "counted": counted,
        "folders": {each.name: each.folder for each in overview.targets if each.folder is not None},
        "tested": sum(bool(each.counts) for each in overview.targets),
        "failing": sum(map(is_failing, overview.causes)),
        "fragment": lambda name: quote(name, safe="[]:@*,.-"),
    }


RENDERERS: Mapping[str, Callable[[Overview], bytes]] = MappingProxyType(
    {"fleet.json": to_json, "fleet.html": to_html, "fleet.md": to_markdown}
)


def write_overview(overview: Overview, folder: Path) -> tuple[Path, ...]:
    """Writes every form into `folder`; returns their paths. Raises UsageError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, form in RENDERERS.items():
            write_atomically(folder / name, form(overview))
    except OSError as error:
        raise UsageError(f"--report-dir: {folder} cannot be written: {error.strerror or error}") from error
    return tuple(folder / name for name in RENDERERS)
