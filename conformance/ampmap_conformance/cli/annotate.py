"""Annotations for a CI service around the output of a run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..report.model import Report


@contextmanager
def annotating(wanted: str) -> Iterator[Callable[[Report], None]]:
    """Yields a function that annotates the failures of a report; `wanted` is `auto`, `github` or `none`.

    On GitHub Actions, workflow commands are disabled inside the context, since parts of what the run prints come from
    the target. An error that ends the run is annotated, too.
    """
    if wanted == "none" or (wanted == "auto" and os.environ.get("GITHUB_ACTIONS") != "true"):
        yield lambda _report: None
        return
    from ..errors import SuiteError, UnreachableError, UsageError
    from ..report.github import line, marks, pause, resume

    lines: list[str] = []
    token = secrets.token_hex(16)
    click.echo(pause(token))
    try:
        yield lambda report: lines.extend(marks(report))
    except (UsageError, UnreachableError, SuiteError) as error:
        lines.append(line("error", "ampmap-conformance", str(error)))
        raise
    finally:
        click.echo(resume(token))
        for mark in lines:
            click.echo(mark)
