"""What a fleet shows: a live line for each target that is tested, a line for each that has ended, and what differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from ..report.screen import counted
from ..report.terminal import SECONDS_BETWEEN
from ..wire.visible import in_one_line, visible
from . import words
from .compare import is_failing
from .model import Overview, TargetSummary
from .targets import FleetTarget
from .work import Ended, Progress

MOST = 10
"""Rules and causes that a terminal shows of each; the overview has them all."""


class FleetScreen:
    """Watches a fleet and prints it; `quiet` prints the outcome alone. A context manager, which ends the live lines."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic, *, quiet: bool = False) -> None:
        self._console = console
        self._clock = clock
        self._quiet = quiet
        self._said = clock()
        self._seen: dict[str, Progress] = {}
        self._bars: dict[str, TaskID] = {}
        self._progress = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[red]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )

    def __enter__(self) -> FleetScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def announce(self, targets: Sequence[FleetTarget], jobs: int) -> None:
        """Says what is tested."""
        valid = sum(not each.problem for each in targets)
        self._line(f"targets    {len(targets)}, {valid} of them valid; {jobs} at a time")
        self._progress.start()

    def begun(self, target: FleetTarget) -> None:
        """A live line begins."""
        self._bars[target.name] = self._progress.add_task(in_one_line(target.name), total=None, red="")

    def progress(self, target: FleetTarget, progress: Progress) -> None:
        """The live line is brought up to date; where there is none, all of them are told now and then."""
        self._seen[target.name] = progress
        red = f"{progress.red} red" if progress.red else ""
        self._progress.update(self._bars[target.name], completed=progress.done, total=progress.of, red=red)
        if self._console.is_terminal or self._clock() - self._said < SECONDS_BETWEEN:
            return
        self._said = self._clock()
        self._line(", ".join(f"{name} {one.done} of {one.of} cases" for name, one in self._seen.items()))

    def ended(self, target: FleetTarget, ended: Ended) -> None:
        """The live line becomes one that stays."""
        if (bar := self._bars.pop(target.name, None)) is not None:
            self._progress.remove_task(bar)
        seen = self._seen.pop(target.name, None)
        cases = f", {counted(seen.done, 'case')}" if seen else ""
        why = f": {ended.problem}" if ended.problem else ""
        self._line(f"{in_one_line(target.name)}  {words.ENDS[ended.code]}{cases}{why}")

    def end(self, overview: Overview, files: Sequence[Path]) -> None:
        """What came out, what differs, and where the overview is."""
        self._progress.stop()
        if not self._quiet:
            self._print("")
        self._print(overview.said)
        if self._quiet:
            return
        for line in overview_lines(overview):
            self._print(line)
        self._print(f"\noverview   {files[0].parent} ({', '.join(file.name for file in files)})")

    def _line(self, text: str) -> None:
        if not self._quiet:
            self._print(text)

    def _print(self, text: str) -> None:
        self._console.print(Text(visible(text)), soft_wrap=True)


def overview_lines(overview: Overview) -> list[str]:
    """What a terminal shows of an overview."""
    width = max(len(each.name) for each in overview.targets)
    lines = ["", *(_target(each, width) for each in overview.targets)]
    if overview.differences:
        lines += ["", "rules in which targets differ"]
    for each in overview.differences[:MOST]:
        lines.append(f"  {each.requirement}  {words.usual_line(each)}")
        for one in each.deviations:
            own = f" ({words.own_line(one)})" if one.own else ""
            lines.append(f"    {one.target}: {words.deviation_line(one)}{own}")
    lines += _further(len(overview.differences), "rule")
    tested = sum(bool(each.counts) for each in overview.targets)
    failing = [cause for cause in overview.causes if is_failing(cause)]
    if failing:
        lines += ["", "failing causes"]
    for cause in failing[:MOST]:
        names = ", ".join(one.target for one in cause.targets)
        lines.append(
            f"  {cause.severity or cause.level.value:<8} {cause.summary}, {words.spread_line(cause, tested)}: {names}"
        )
    lines += _further(len(failing), "cause")
    if overview.traits:
        lines += ["", f"the descriptions differ in {', '.join(trait.name for trait in overview.traits)}"]
    if overview.unseen:
        lines += ["", "rules that only some targets were tested on"]
        lines += [f"  {each.target}: {words.unseen_line(each)}" for each in overview.unseen[:MOST]]
        lines += _further(len(overview.unseen), "line")
    return lines


def _target(target: TargetSummary, width: int) -> str:
    differs = f", differs in {counted(target.differs, 'rule')}" if target.differs else ""
    return f"{target.name:{width}}  {words.verdict_of(target)}: {words.counts_line(target) or target.said}{differs}"


def _further(count: int, name: str) -> list[str]:
    return [f"  and {counted(count - MOST, f'more {name}')}: see fleet.html"] if count > MOST else []
