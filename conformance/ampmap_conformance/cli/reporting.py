"""How a command makes a run and leaves its report, however the run ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import UnreachableError
from ..report.folder import reserved
from ..report.outcome import RunOutcome
from ..report.terminal import RunConsole, Terminal
from ..report.write import DEFAULT_FOLDER, write_report


def run_and_report(wanted: Path | None, test: Callable[[Terminal], RunOutcome]) -> RunOutcome:
    """Makes a run, writes its report into a folder, the default one for None, and prints the summary.

    Raises UsageError for a folder that cannot be used, and UnreachableError and what the kit itself failed by after
    the report is written.
    """
    folder = wanted or DEFAULT_FOLDER
    begun = time.monotonic()
    with ended_by_signals(), reserved(folder), Terminal(RunConsole()) as terminal:
        ended = test(terminal)
        files = write_report(ended.report, folder)
        if ended.fault is not None:
            raise ended.fault
        if ended.unreachable:
            raise UnreachableError(ended.unreachable)
        terminal.end(ended, files, time.monotonic() - begun)
    return ended


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
