"""What a run shows: progress where the output is a terminal, plain lines elsewhere, and the summary."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import MappingProxyType, TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..cases.covering import Depth
from ..engine.estimate import plan_lines
from ..engine.session import Session
from ..reference.types import Reference, Requirement
from ..verdicts import Verdict
from ..wire.visible import visible
from .build import generated_of
from .facts import clients_line, ending
from .model import Report, Result
from .outcome import RunOutcome

SECONDS_BETWEEN = 10.0
"""Between two lines on the progress of a run, if the output is not a terminal."""
SHOWN_EACH = 3
"""Failures of one requirement that are printed in full."""
LOUD = MappingProxyType(
    {
        Verdict.FAIL: "bold red",
        Verdict.ERROR: "bold magenta",
        Verdict.FLAKY: "bold red",
        Verdict.UNEXPECTED_PASS: "bold yellow",
        Verdict.WARN: "yellow",
    }
)
"""Verdicts that are printed as they come, with their colour."""


class Outlet(io.TextIOBase):
    """Standard output of a run. Where it cannot be written to, the run continues, and writes its report.

    That is so when the reader of a pipe has left (`run | head -1`), or the device is full.
    """

    def __init__(self) -> None:
        super().__init__()
        self._file = sys.stdout
        self._closed = False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of standard output."""
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
        """Whether standard output is a terminal."""
        return not self._closed and self._file.isatty()

    def fileno(self) -> int:
        """That of standard output."""
        return self._file.fileno()

    def _give_up(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError, ValueError):  # else what is left of it fails at the end of the process
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._file.fileno())
            os.close(nowhere)


class RunConsole(Console):
    """A console on standard output that tolerates whatever happens to it."""

    def __init__(self) -> None:
        super().__init__(file=Outlet(), highlight=False)  # type: ignore[arg-type]


class Terminal:
    """Watches a run and prints it. Usable as a context manager, which ends the progress bar."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._begun = self._said = 0.0
        self._done = self._total = 0
        self._rows: dict[str, Requirement] = {}
        self._printed: Counter[str] = Counter()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
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
        self._line(f"target     {target}")
        self._line(f"reference  {reference.edition.id}  {reference.digest[:19]}")
        self._line(f"checks     {_counted(requirements, 'requirement')}, {_counted(cases, 'case')}")
        for line in more:
            self._line(line)
        self._begun = self._said = self._clock()
        self._total = cases
        self._progress.update(self._bar, total=cases)
        self._progress.start()

    def case(self, result: Result) -> None:
        """Counts a case, and prints it when it is bad."""
        self._progress.update(self._bar, advance=1, description=result.requirement)
        self._done += 1
        self._say_progress()
        if result.verdict in LOUD:
            self._printed[result.requirement] += 1
            if self._printed[result.requirement] <= SHOWN_EACH:
                self._line("")
                for line in failure_lines(result, self._rows[result.requirement]):
                    self._console.print(line, soft_wrap=True)

    def end(self, ended: RunOutcome, files: tuple[Path, ...], seconds: float) -> None:
        """The summary."""
        self._progress.stop()
        for name, count in self._printed.items():
            if count > SHOWN_EACH:
                self._line(f"\n... and {count - SHOWN_EACH} more of {name}: see the report")
        self._line("")
        self._console.print(counts_table(ended.report))
        if ended.missing:
            self._line(f"\nnot tested at all: {', '.join(ended.missing)}")
            for reason in dict.fromkeys(filter(None, (_reason_for(ended, name) for name in ended.missing))):
                self._line(f"  {reason}")
        for problem in ended.report.baseline.problems if ended.report.baseline else ():
            self._line(f"\n{problem.place}: {problem.message}")
        for notice in ended.report.notices:
            self._line(f"\nnotice: {notice.text}")
        total = len(ended.report.results)
        self._line("")
        why = f"; {ending(ended.report)}" if ended.code or ended.report.summary.unproven else ""
        if ended.report.clients:
            self._line(f"clients    {clients_line(ended.report)}")
        if ended.report.requests is not None:
            self._line(f"requests   {ended.report.requests.sent} sent")
        self._line(f"{ended.report.summary.verdict}: {_counted(total, 'case')} in {seconds:.1f} s{why}")
        if files:
            self._line(f"report     {files[0].parent} ({', '.join(file.name for file in files)})")

    def _say_progress(self) -> None:
        """Where there is no bar, a line now and then, so that a long run is seen to live."""
        now = self._clock()
        if self._console.is_terminal or now - self._said < SECONDS_BETWEEN:
            return
        self._said = now
        left = (now - self._begun) / self._done * (self._total - self._done)
        self._line(f"{self._done} of {self._total} cases, about {left:.0f} s left")

    def _line(self, text: str) -> None:
        self._console.print(Text(visible(text)), soft_wrap=True)


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def failure_lines(result: Result, row: Requirement) -> list[Text]:
    """What is printed of a case that went wrong."""
    head = Text.assemble((result.verdict.value.upper(), LOUD[result.verdict]), f" {result.id}   {result.level.value}")
    parts: tuple[tuple[str, str], ...]
    if result.verdict is Verdict.ERROR:
        parts = (("fault", result.reason), ("again", result.reproduce.command))
    elif result.verdict is Verdict.UNEXPECTED_PASS:
        parts = (("rule", row.statement), ("reason", result.reason), ("again", result.reproduce.command))
    else:
        parts = (
            ("rule", row.statement),
            ("expected", result.expected),
            ("actual", result.actual),
            *(("also", f"{one.reason}: {one.actual}") for one in result.observations[1:]),
            ("held", f"in {result.held} of {result.attempts} attempts" if result.attempts > 1 else ""),
            ("fault", f"of the {result.attribution.value}" if result.attribution else ""),
            ("docs", result.docs_url),
            ("again", result.reproduce.command),
            ("serve", result.reproduce.serve if result.reproduce.curl else ""),
            ("curl", result.reproduce.curl),
        )
    return [head, *(Text(f"  {name:<8}  {_indented(text)}") for name, text in parts if text)]


def _indented(text: str) -> str:
    """A text of several lines, none of which can be taken for a line of the kit's own."""
    return visible(text).replace("\n", f"\n{' ' * 12}")


def counts_table(report: Report) -> Table:
    """Verdicts by profile."""
    used = [verdict for verdict in Verdict if verdict in report.summary.counts]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("profile")
    for verdict in used:
        table.add_column(verdict.value, justify="right")
    for profile, counts in report.summary.by_profile.items():
        table.add_row(profile, *(str(counts.get(verdict, "-")) for verdict in used))
    table.add_row("all", *(str(report.summary.counts[verdict]) for verdict in used))
    return table


def _reason_for(ended: RunOutcome, requirement: str) -> str:
    return next((r.reason for r in ended.report.results if r.requirement == requirement and r.reason), "")
