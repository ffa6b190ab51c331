"""How findings of a proxy are printed."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

import click

from ..wire.visible import visible

if TYPE_CHECKING:
    from ..doctor.findings import Finding

LABEL, INDENT, NARROWEST = 10, 21, 40
"""Columns of a topic, those before what was seen, and the fewest for it."""
COLOURS = {"ok": "green", "note": "cyan", "wrong": "red", "unknown": "yellow"}


def finding_lines(finding: Finding, out: TextIO) -> Iterator[str]:
    """A finding as lines for `out`: what was seen, and below it the remedy. A file or a pipe gets them unbroken."""
    state = click.style(f"{finding.state:<7}", fg=COLOURS[finding.state])
    first, *more = _wrapped(finding.seen, out)
    yield f"{finding.topic:<{LABEL}}  {state}  {first}"
    yield from (f"{'':<{INDENT}}{line}" for line in more)
    yield from (
        f"{'':<{INDENT}}{'   ' if place else '-> '}{line}" for place, line in enumerate(_wrapped(finding.remedy, out))
    )


def _wrapped(text: str, out: TextIO) -> list[str]:
    if not out.isatty():
        return [visible(text)] if text else []
    width = max(shutil.get_terminal_size().columns - INDENT - len("-> "), NARROWEST)
    return textwrap.wrap(visible(text), width, break_long_words=False, break_on_hyphens=False)
