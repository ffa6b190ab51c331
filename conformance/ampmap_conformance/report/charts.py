"""Lines over time as SVG: what a soak came to, second by second. Pure; `templates/load.html.j2` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .model_load import Load

WIDTH = 640
HEIGHT = 160
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    name: str
    points: str
    """As the attribute `points` of a polyline has them."""
    last: str
    """Its last value, in words."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the same time, with one scale."""

    title: str
    lines: tuple[Line, ...]
    most: str
    """What the upper edge stands for, in words."""
    seconds: str
    """What the right edge stands for, in words."""
    width: int = WIDTH
    height: int = HEIGHT


Series = tuple[str, Sequence[tuple[float, float]]]


def charts_of(load: Load) -> tuple[Chart, ...]:
    """The charts of a load; those without anything to show are left out."""
    moments, held = load.moments, load.held
    rates = [
        (later.at_s, (later.calls - earlier.calls) / (later.at_s - earlier.at_s))
        for earlier, later in pairwise(moments)
        if later.at_s > earlier.at_s
    ]
    memory = [(one.at_s, one.memory_bytes / MEGABYTE) for one in held if one.memory_bytes is not None]
    descriptors = [(one.at_s, float(one.descriptors)) for one in held if one.descriptors is not None]
    every: tuple[tuple[str, str, tuple[Series, ...]], ...] = (
        ("Calls per second", "", (("calls", rates),)),
        (
            "Time of a call",
            " ms",
            (
                ("median", [(one.at_s, one.median_ms) for one in moments]),
                ("95th percentile", [(one.at_s, one.p95_ms) for one in moments]),
            ),
        ),
        (
            "At a time",
            "",
            (
                ("users", [(one.at_s, float(one.users)) for one in moments]),
                ("calls at the upstream", [(one.at_s, float(one.running)) for one in held]),
            ),
        ),
        (
            "Open",
            "",
            (
                ("connections to the upstream", [(one.at_s, float(one.connections)) for one in held]),
                ("descriptors of the target", descriptors),
            ),
        ),
        ("Memory of the target", " MB", (("memory", memory),)),
        ("Calls that broke a rule", "", (("failures", [(one.at_s, float(one.failures)) for one in moments]),)),
    )
    return tuple(chart for title, unit, series in every if (chart := _chart(title, unit, series)) is not None)


def _chart(title: str, unit: str, series: Sequence[Series]) -> Chart | None:
    there = [(name, points) for name, points in series if len(points) > 1]
    if not there:
        return None
    most = max((value for _, points in there for _, value in points), default=0.0) or 1.0
    seconds = max(at for _, points in there for at, _ in points) or 1.0
    lines = tuple(Line(name, _drawn(points, most, seconds), f"{points[-1][1]:,.4g}{unit}") for name, points in there)
    return Chart(title, lines, f"{most:,.4g}{unit}", f"{seconds:,.0f} s")


def _drawn(points: Sequence[tuple[float, float]], most: float, seconds: float) -> str:
    return " ".join(f"{at / seconds * WIDTH:.1f},{HEIGHT - value / most * HEIGHT:.1f}" for at, value in points)
