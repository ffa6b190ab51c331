"""What many calls at once came to: the part of a report that a soak adds. Times are in milliseconds unless they say."""

from __future__ import annotations

from ..reference.types import Shape


class CallRow(Shape):
    """The calls of one kind to one operation."""

    kind: str
    name: str
    """The provider and the operation; of the row of all calls, `all`."""
    calls: int
    failures: int
    """Calls of them that broke a rule."""
    median_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    most_ms: float


class RuleCount(Shape):
    """How many calls showed something of a rule."""

    judged: int
    broken: int


class Moment(Shape):
    """How it was at a moment of the load."""

    at_s: float
    """Seconds since the users began."""
    users: int
    calls: int
    """Calls that had ended."""
    failures: int
    median_ms: float
    """Of the last seconds."""
    p95_ms: float


class HeldMoment(Shape):
    """What the target had at a moment of the load."""

    at_s: float
    connections: int
    """To the observer."""
    running: int
    """Calls that the observer was answering."""
    memory_bytes: int | None = None
    """Of its processes, where they can be seen."""
    descriptors: int | None = None


class Load(Shape):
    """What many calls at once came to."""

    by: str
    """What ran the users, and its version."""
    users: int
    spawn_rate: float
    """Users that began in a second."""
    asked_s: float
    """Seconds for which the users were to run."""
    lasted_s: float
    processes: int
    """Processes that ran users."""
    at_once: int
    """The most calls that ran at a time, as the observer saw them."""
    total: CallRow
    calls: tuple[CallRow, ...]
    rules: dict[str, RuleCount]
    """By requirement id."""
    limited: int
    """Calls that the target rejected with 429 or 503, as it may."""
    unjudged: dict[str, int]
    """Calls that show nothing of the target, by the reason: limits of the kit."""
    moments: tuple[Moment, ...]
    held: tuple[HeldMoment, ...]
