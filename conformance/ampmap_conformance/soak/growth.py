"""Whether a target keeps what belongs to calls that have ended: connections, descriptors and memory. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ..errors import Violation
from ..observer.occupancy import Occupied
from .judge import BOUNDED, RELEASED, Judged

SPARE = 32
"""Connections or descriptors that a proxy may have for itself."""
STILL_GROWING = 0.25
"""Part of the connections that came in the second half of the load, from which on they are not those of a pool."""
MEMORY = 32 << 20
"""Bytes by which memory must have grown, beside a quarter of what it was, to be told."""
GREW = 1.25
FEWEST = 8
"""Samples of a process that show something."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a target had at a moment."""

    at: float
    """Seconds since the users began."""
    occupied: Occupied
    """Of its connections to the observer."""
    memory: int | None = None
    """Bytes of its processes in memory, where they can be seen."""
    descriptors: int | None = None


def of_connections(during: Sequence[Held], before: Held, after: Held) -> Judged | None:
    """What the connections and descriptors show that are left when all calls have ended and the clients have left.

    `before` is from before the users began. A pool keeps at most as many connections to an upstream as calls ran at a
    time; a proxy of several processes has a pool in each, so twice as many are let pass. None where no call was made.
    """
    now = after.occupied
    if not now.calls - before.occupied.calls:
        return None
    saying, wanted = "connections of ended calls are left open", "no more than its pools need"
    left, half = now.open - before.occupied.open, _at_half(during)
    needed = 2 * now.peaks + SPARE
    if left > needed and half is not None and now.open - half.occupied.open > STILL_GROWING * now.open:
        text = f"more than {needed} to the upstreams, and their number grows with that of calls"
        return Judged(RELEASED, Violation(saying, expected=wanted, actual=text, at="upstream"))
    if after.descriptors is None or before.descriptors is None:
        return Judged(RELEASED, None)
    own = after.descriptors - before.descriptors - max(0, left)
    if own > needed and half is not None and half.descriptors is not None:
        calls_since = now.calls - half.occupied.calls
        if own > calls_since // 4:
            text = f"more than {needed} descriptors beside those to the upstreams"
            return Judged(RELEASED, Violation(saying, expected=wanted, actual=text, at="descriptors"))
    return Judged(RELEASED, None)


def of_memory(during: Sequence[Held]) -> Judged | None:
    """What the memory shows that the target had under load; None where too little of it was seen."""
    sizes = [(held.at, held.memory) for held in during if held.memory is not None]
    if len(sizes) < FEWEST:
        return None
    quarters = _quarters([size for _, size in sizes])
    warm, end = quarters[1], quarters[-1]
    grows = all(later > earlier for earlier, later in pairwise(quarters[1:]))
    if not grows or end - warm < MEMORY or end < warm * GREW:
        return Judged(BOUNDED, None)
    saying, wanted = "the proxy's memory grows with the number of calls", "what it had when it was warm"
    return Judged(BOUNDED, Violation(saying, expected=wanted, actual="more in each quarter of the load"))


def _at_half(during: Sequence[Held]) -> Held | None:
    if not during:
        return None
    half = during[-1].at / 2
    return min(during, key=lambda held: abs(held.at - half))


def _quarters(sizes: Sequence[int]) -> list[float]:
    size = len(sizes) / 4
    return [median(sizes[round(size * place) : round(size * (place + 1))]) for place in range(4)]
