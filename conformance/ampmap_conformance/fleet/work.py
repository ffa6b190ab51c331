"""The process of one target: it makes the run, writes the report, and tells how far it is."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

from ..engine.options import RunOptions
from ..engine.session import Session
from ..errors import SuiteError, UnreachableError, UsageError, place_of
from ..report.facts import is_red
from ..report.folder import reserved
from ..report.model import Result
from ..report.outcome import RunOutcome
from ..report.write import write_report
from ..run.editions import over_editions
from ..run.run import conformance
from ..verdicts import ExitCode

SECONDS_BETWEEN = 0.2
"""Between two messages on how far a run is."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a process is asked to do."""

    options: RunOptions
    editions: tuple[str, ...]
    """More than one for a run over several."""
    folder: Path
    docs_url: str


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    done: int
    of: int
    red: int
    """Cases so far that keep it from being conformant."""


@dataclass(frozen=True)
class Ended:
    """How the run of a target ended."""

    code: ExitCode
    problem: str = ""
    """Why it was not tested, or not to the end, in a sentence; empty where the report says all."""


Message: TypeAlias = Progress | Ended


def work(asked: Work, line: Connection) -> None:
    """Makes the run, and sends messages until `Ended`. SIGTERM ends the run early; its report is written all the same.

    SIGINT is left to the process that started this one, which a terminal interrupts at the same time.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        ended = _ended(asked, line)
    except KeyboardInterrupt:
        ended = Ended(ExitCode.INTERRUPTED, "the run was interrupted before it had decided a case")
    line.send(ended)
    line.close()


def _ended(asked: Work, line: Connection) -> Ended:
    try:
        with reserved(asked.folder):
            told = _Line(line)
            ended = _run(asked, told)
            told.say()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what was decided is written
            write_report(ended.report, asked.folder)
    except UsageError as error:
        return Ended(ExitCode.USAGE, str(error))
    except UnreachableError as error:
        return Ended(ExitCode.UNREACHABLE, str(error))
    except SuiteError as error:
        return Ended(ExitCode.KIT_ERROR, str(error))
    except Exception as error:  # noqa: BLE001 - the other targets are tested all the same
        return Ended(ExitCode.KIT_ERROR, f"internal error: {place_of(error)}")
    why = f"internal error: {place_of(ended.fault)}" if ended.fault is not None else ended.unreachable
    return Ended(ended.code, why)


def _run(asked: Work, line: _Line) -> RunOutcome:
    if len(asked.editions) > 1:
        return over_editions(asked.options, asked.editions, line, docs_url=asked.docs_url)
    return conformance(asked.options, line, docs_url=asked.docs_url)


class _Line:
    """Watches the run, and tells the process that started this one how far it is.

    Where that process is gone, the message fails, and with it the run ends.
    """

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._done = self._of = self._red = 0
        self._said = 0.0

    def begin(self, session: Session) -> None:
        """An edition's cases begin."""
        self._of += len(session.plan.selected)
        self.say()

    def case(self, result: Result) -> None:
        """A case is decided."""
        self._done += 1
        self._red += is_red(result)
        if time.monotonic() - self._said >= SECONDS_BETWEEN:
            self.say()

    def say(self) -> None:
        """Tells how far the run is."""
        self._said = time.monotonic()
        self._line.send(Progress(self._done, self._of, self._red))
