"""Makes the part of a report that a soak adds, and what is told of the kit's own limits. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TypeVar

from ..report.model import Notice
from ..report.model_load import CallRow, HeldMoment, Load, Moment, RuleCount
from .growth import Held
from .judge import RULES
from .options import SoakOptions
from .samples import Row, Sample
from .tally import Tally

NONE = Row("", "all", 0, 0, 0, 0, 0, 0, 0)
One = TypeVar("One")
MOST = 600
"""Moments that a report holds."""


def load_part(
    tally: Tally,
    rows: Sequence[Row],
    total: Row | None,
    samples: Sequence[Sample],
    held: Sequence[Held],
    options: SoakOptions,
    *,
    by: str,
    processes: int,
    lasted: float,
) -> Load:
    """What many calls at once came to."""
    rules = {rule: tally.rules[rule] for rule in RULES if rule in tally.rules}
    return Load(
        by=by,
        users=options.users,
        spawn_rate=options.spawn_rate,
        asked_s=options.seconds,
        lasted_s=round(lasted, 1),
        processes=processes,
        at_once=max((one.occupied.peak for one in held), default=0),
        total=_row(total or NONE, name="all"),
        calls=tuple(_row(row) for row in rows),
        rules={rule: RuleCount(judged=one.judged, broken=one.broken) for rule, one in rules.items()},
        limited=tally.limited,
        unjudged=dict(sorted(tally.unjudged.items())),
        moments=tuple(_moment(sample) for sample in thinned(samples)),
        held=tuple(_held(one) for one in thinned(held)),
    )


def notices_of(tally: Tally) -> tuple[Notice, ...]:
    """What the kit did not judge, and why."""
    unjudged = [f"{count} of the calls were not judged: {why}" for why, count in sorted(tally.unjudged.items())]
    faults = [f"the kit failed in some calls, which says nothing of the target: {fault}" for fault in tally.faults]
    return tuple(Notice(kind="kit-limit", text=text) for text in (*unjudged, *faults))


def thinned(every: Sequence[One]) -> Sequence[One]:
    """At most MOST of them, evenly, with the last."""
    step = -(-len(every) // MOST) or 1
    return every[::-1][::step][::-1]


def _row(row: Row, *, name: str = "") -> CallRow:
    return CallRow(**{**asdict(row), "name": name or row.name, "most_ms": round(row.most_ms, 1)})


def _moment(one: Sample) -> Moment:
    return Moment(
        at_s=one.at,
        users=one.users,
        calls=one.calls,
        failures=one.failures,
        median_ms=one.median_ms,
        p95_ms=one.p95_ms,
    )


def _held(one: Held) -> HeldMoment:
    return HeldMoment(
        at_s=one.at,
        connections=one.occupied.open,
        running=one.occupied.running,
        memory_bytes=one.memory,
        descriptors=one.descriptors,
    )
