"""How a command makes a run and leaves its report, however the run ends."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ..errors import UnreachableError
from ..report.brief import brief
from ..report.folder import reserved
from ..report.outcome import RunOutcome
from ..report.terminal import RunConsole, Terminal
from ..report.write import DEFAULT_FOLDER, write_report
from .options import Shown


def run_and_report(wanted: Path | None, shown: Shown, test: Callable[[Terminal], RunOutcome]) -> RunOutcome:
    """Makes a run, writes its report into a folder, the default one for None, and prints what is to be shown.

    Raises UsageError for a folder that cannot be used, and UnreachableError and what the kit itself failed by after
    the report is written.
    """
    folder = wanted or DEFAULT_FOLDER
    begun = time.monotonic()
    watching = Terminal(console_for(as_json=shown.as_json), detail=shown.detail)
    with ended_by_signals(), reserved(folder), watching as terminal:
        ended = test(terminal)
        files = write_report(ended.report, folder)
        if shown.as_json:
            click.echo(json.dumps(brief(ended.report, files), ensure_ascii=False, indent=1))
        if ended.fault is not None:
            raise ended.fault
        if ended.unreachable:
            raise UnreachableError(ended.unreachable)
        terminal.end(ended, files, time.monotonic() - begun)
    return ended


def console_for(*, as_json: bool) -> RunConsole:
    """Where a command prints what people read: standard error where standard output gets JSON alone."""
    return RunConsole(sys.stderr if as_json else sys.stdout)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM ends a run as SIGINT does: what was decided is reported, and the target is put in order again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
