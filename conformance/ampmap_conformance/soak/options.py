"""What a user asks of a soak, as plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError

DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
MASTER_PORT = 5557
"""Where Locust's masters listen by default."""


@dataclass(frozen=True, kw_only=True)
class SoakOptions:
    """What the user asks of a soak."""

    target: Path | None = None
    base_url: str | None = None
    reference: Path | None = None
    edition: str | None = None
    observer: str | None = None
    users: int = 50
    seconds: float = 60.0
    spawn_rate: float = 50.0
    """Users that begin in a second."""
    processes: int = 1
    """Processes on this machine that run users."""
    listen: tuple[str, int] | None = None
    """Where workers on other machines find this master; None for a soak on this machine alone."""
    workers: int = 1
    """How many of them the master waits for."""
    pid: int | None = None
    """The process of the target, where it runs on this machine: its memory and descriptors are watched."""
    strict: bool = False
    defects: tuple[str, ...] = ()
    """Faults of the embedded proxy to switch on."""
    seed: int = 1


def seconds_in(text: str) -> float:
    """A duration such as `90s`, `10m` or `1h30m`, in seconds. Raises UsageError for anything else."""
    found = DURATION.fullmatch(text.strip())
    counts = found.groups() if found else ()
    seconds = sum(int(count or 0) * size for count, size in zip(counts, (3600, 60, 1), strict=False))
    if not seconds:
        raise UsageError(f"--for: `{text}` is invalid; expected a duration such as 90s, 10m or 1h30m")
    return float(seconds)


def in_words(seconds: float) -> str:
    """A duration as `--for` takes it."""
    hours, rest = divmod(round(seconds), 3600)
    parts = ((hours, "h"), (rest // 60, "m"), (rest % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
