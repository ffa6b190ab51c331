"""What a process of users tells its parent. Values only; they travel as lines of JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """How it was at a moment."""

    at: float
    """Seconds since the users began."""
    users: int
    calls: int
    """Calls that have ended since the users began."""
    failures: int
    """Calls of them that broke a rule."""
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Row:
    """The calls of one kind to one operation; times are in milliseconds."""

    kind: str
    name: str
    calls: int
    failures: int
    median_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    most_ms: float
