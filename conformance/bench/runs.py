"""What a whole run costs: beside a loop that sends the same requests, and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import overhead
from bars import Figure
from timing import KIT, cost_of


def measure(folder: Path, rounds: int) -> Iterator[Figure]:
    """The default run on the embedded target."""
    # First: a child's peak counts what this process held when it began it.
    cost = cost_of((*KIT, "run", "--report-dir", str(folder / "report")))
    yield Figure("run.memory", cost.megabytes, note="peak of the process, with target and observer in it")
    found = [overhead.measured_round() for _ in range(rounds)]
    run, loop = min(run for run, _, _ in found), min(loop for _, loop, _ in found)
    yield Figure.ratio("run.embedded", run, loop, f"{found[0][2]} requests; seconds of wall time, the best of each")
