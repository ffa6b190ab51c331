"""What a run shows: progress where the output is a terminal, plain lines elsewhere, and the summary."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterable
from enum import StrEnum, unique
from pathlib import Path
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from ..cases.covering import Depth
from ..engine.estimate import plan_lines
from ..engine.session import Session
from ..reference.types import Reference, Requirement
from ..verdicts import BROKEN, Verdict
from ..wire.visible import visible
from .build import generated_of
from .model import Result
from .outcome import RunOutcome
from .screen import (
    beyond_lines,
    case_lines,
    cause_lines,
    counted,
    counts_table,
    edition_lines,
    fact_lines,
    part_lines,
    verdict_line,
)

SECONDS_BETWEEN = 10.0
"""Between two lines on the progress of a run, if the output is not a terminal."""
SAID = BROKEN | {Verdict.UNEXPECTED_PASS}
"""Verdicts of cases that are printed as they come, where that is asked for."""


@unique
class Detail(StrEnum):
    """How much a run prints."""

    VERDICT = "verdict"
    """How it ended, in one line."""
    CAUSES = "causes"
    """What went wrong by its causes, on one screen."""
    CASES = "cases"
    """Also every case that went wrong, the counts by profile, and what was not tested, by name."""


class Outlet(io.TextIOBase):
    """Standard output or error of a run. Where it cannot be written to, the run continues, and writes its report.

    That is so when the reader of a pipe has left (`run | head -1`), or the device is full.
    """

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file
        self._closed = False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the file."""
        return self._file.encoding

    def write(self, text: str) -> int:
        """Writes a text, or drops it."""
        if not self._closed:
            try:
                self._file.write(text)
            except (OSError, ValueError):
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Writes what is held back, or drops it."""
        if not self._closed:
            try:
                self._file.flush()
            except (OSError, ValueError):
                self._give_up()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return not self._closed and self._file.isatty()

    def fileno(self) -> int:
        """That of the file."""
        return self._file.fileno()

    def _give_up(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError, ValueError):  # else what is left of it fails at the end of the process
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._file.fileno())
            os.close(nowhere)


class RunConsole(Console):
    """A console on standard output, or on another file, that tolerates whatever happens to it."""

    def __init__(self, file: TextIO | None = None) -> None:
        super().__init__(file=Outlet(file or sys.stdout), highlight=False)  # type: ignore[arg-type]


class Terminal:
    """Watches a run and prints it. Usable as a context manager, which ends the progress bar."""

    def __init__(
        self,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
        *,
        detail: Detail = Detail.CAUSES,
    ) -> None:
        self._console = console
        self._clock = clock
        self._detail = detail
        self._begun = self._said = 0.0
        self._done = self._total = 0
        self._rows: dict[str, Requirement] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal or detail is Detail.VERDICT,
        )
        self._bar = self._progress.add_task("")

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, session: Session) -> None:
        """Says what is tested against what."""
        file = session.target.file
        counts = len(session.plan.by_requirement), len(session.plan.selected)
        observed = session.context.observer is not None
        more = plan_lines(session.estimate, session.context.budget, observed=observed)
        if session.options.depth is not Depth.DEFAULT:
            more = (f"depth      {session.options.depth}", *more)
        if (made := generated_of(session)) is not None:
            random = f"{made.max_examples} random requests for each operation" if made.max_examples else "coverage"
            more = (*more, f"generated  {random}, seed {made.seed}, by {made.by}")
        self.announce(session.reference, f"{file.name}  {file.base_url}", *counts, more)

    def announce(
        self, reference: Reference, target: str, requirements: int, cases: int, more: Iterable[str] = ()
    ) -> None:
        """Says that a target, in words, is tested by so many cases of so many requirements; then `more`, by line."""
        self._rows = {row.id: row for row in reference.requirements.values()}
        if self._detail is not Detail.VERDICT:
            self._line(f"target     {target}")
            self._line(f"reference  {reference.edition.id}  {reference.digest[:19]}")
            self._line(f"checks     {counted(requirements, 'requirement')}, {counted(cases, 'case')}")
            for line in more:
                self._line(line)
        self._begun = self._said = self._clock()
        self._done, self._total = 0, cases
        self._progress.reset(self._bar, total=cases)
        self._progress.start()

    def case(self, result: Result) -> None:
        """Counts a case, and prints it when it is bad and that is asked for."""
        self._progress.update(self._bar, advance=1, description=result.requirement)
        self._done += 1
        self._say_progress()
        if self._detail is Detail.CASES and result.verdict in SAID:
            self._line("")
            for line in case_lines(result, self._rows[result.requirement].statement):
                self._console.print(line, soft_wrap=True)

    def tell(self, text: str) -> None:
        """Says how a long run stands."""
        self._said = self._clock()
        if self._detail is not Detail.VERDICT:
            self._line(text)

    def end(self, ended: RunOutcome, files: tuple[Path, ...], seconds: float) -> None:
        """The verdict, its causes, and where the report is."""
        self._progress.stop()
        report = ended.report
        if self._detail is not Detail.VERDICT:
            self._line("")
        if self._detail is Detail.CASES:
            self._console.print(counts_table(report))
            if report.summary.untested:
                self._line(f"\nnot tested at all: {', '.join(report.summary.untested)}")
            self._line("")
        self._line(verdict_line(report, seconds))
        for text in edition_lines(report):
            self._line(text)
        if self._detail is Detail.VERDICT:
            return
        for text in part_lines(report):
            self._line(text)
        lines = cause_lines(report, self._console.width)
        for line in ([Text("")] if lines else []) + lines:
            self._console.print(line, soft_wrap=True)
        for text in beyond_lines(report):
            self._line(f"\n{text}")
        self._line("")
        for text in fact_lines(report):
            self._line(text)
        if files:
            self._line(f"report     {files[0].parent} ({', '.join(file.name for file in files)})")

    def _say_progress(self) -> None:
        """Where there is no bar, a line now and then, so that a long run is seen to live."""
        now = self._clock()
        if self._detail is Detail.VERDICT or self._console.is_terminal or now - self._said < SECONDS_BETWEEN:
            return
        self._said = now
        left = (now - self._begun) / self._done * (self._total - self._done)
        self._line(f"{self._done} of {self._total} cases, about {left:.0f} s left")

    def _line(self, text: str) -> None:
        self._console.print(Text(visible(text)), soft_wrap=True)
