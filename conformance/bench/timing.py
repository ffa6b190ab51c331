"""What commands cost: processor time and memory, by turns with what they are compared with."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable
AMPMAP = (str(Path(PYTHON).with_name("ampmap")),)
KIT = (str(Path(PYTHON).with_name("ampmap-conformance")),)


class BenchError(Exception):
    """Something cannot be measured; the message says what and why."""


@dataclass(frozen=True)
class Cost:
    """What a command and its children took."""

    seconds: float
    """Of processor time: what else the machine does changes it little, where it changes wall time a lot."""
    megabytes: float
    """The most that one of the processes held."""


def cost_of(words: Sequence[str], *, folder: Path | None = None, **environment: str) -> Cost:
    """Runs a command to its end. Raises BenchError with the end of its errors if it fails."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            words, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            told = errors.read().decode(errors="replace").strip()[-500:]
            raise BenchError(f"{' '.join(words)} ended with {process.returncode}: {told}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def by_turns(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of every side, measured by turns, so that all meet the same machine. A first round only warms up."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, measure in sides.items():
            value = measure()
            if number:
                found[name].append(value)
    return {name: statistics.median(values) for name, values in found.items()}
