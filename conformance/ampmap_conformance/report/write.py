"""Writes and reads reports; what does not fit the schema is neither written nor believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from ..errors import UsageError
from ..files import read_text, read_yaml, write_atomically
from ..reference.types import Shape
from ..wire.json_text import loads
from ..wire.visible import ACTING
from .badge import badge_json, badge_svg
from .earlier import upgraded
from .junit import to_junit
from .markdown import to_markdown
from .model import READABLE, Report
from .page import to_html

MOST = 256 << 20
"""Bytes of a report that is read."""
DEFAULT_FOLDER = Path("ampmap-report")


def to_json(report: Report) -> bytes:
    """`report.json`."""
    return checked_json(report)


def checked_json(value: Shape) -> bytes:
    """A value as JSON that fits its schema. Of what a target sent, no character acts on a terminal that shows it."""
    text = ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", value.model_dump_json(indent=1))
    type(value).model_validate_json(text)
    return f"{text}\n".encode()


RENDERERS: Mapping[str, Callable[[Report], bytes]] = MappingProxyType(
    {
        "report.json": to_json,
        "report.html": to_html,
        "report.xml": to_junit,
        "summary.md": to_markdown,
        "badge.json": badge_json,
        "badge.svg": badge_svg,
    }
)
"""The files that a run writes into its folder."""


def write_report(report: Report, folder: Path) -> tuple[Path, ...]:
    """Writes every file of a report into `folder`, each at once; returns their paths.

    Raises UsageError when the folder cannot be written to.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, render in RENDERERS.items():
            write_atomically(folder / name, render(report))
            written.append(folder / name)
    except OSError as error:
        raise UsageError(f"--report-dir: {folder} cannot be written: {error.strerror or error}") from error
    return tuple(written)


def read_report(file: Path) -> Report:
    """The report in a file. Raises UsageError, one line with its place, for an unreadable or invalid file."""
    try:
        data = loads(read_text(file, MOST))
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}:{error.colno}: this is not a report: {error.msg}") from error
    found = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(found, int) and found not in READABLE:
        versions = " and ".join(str(version) for version in READABLE)
        raise UsageError(f"{file}: a report of schema version {found}; this kit reads versions {versions}")
    try:
        return upgraded(data) if found == 1 else Report.model_validate_json(json.dumps(data))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in problem["loc"]) or "the whole"
        place = _place(file, problem["loc"])
        raise UsageError(f"{place}: this is not a report of this kit: `{path}`: {problem['msg']}") from error


def _place(file: Path, path: tuple[str | int, ...]) -> str:
    """`file:line:col` of a value; JSON is YAML, and the reader of YAML knows the places."""
    try:
        return read_yaml(file).at(path)
    except UsageError:
        return str(file)
