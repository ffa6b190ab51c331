"""What is measured, and the bar that each figure should keep."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Verdict(StrEnum):
    """How a figure stands to its bar."""

    MET = "met"
    MISSED = "missed"
    KNOWN = "missed by more than half, as known"
    """It was so when the bar's own figure was written down, and did not become half as bad again."""
    FAR = "missed by more than half"
    """What fails the bench."""


FAR = 1.5
"""How far over a bar is too far."""


@dataclass(frozen=True)
class Bar:
    """A figure, and how large it may be, or with `at_least` how small."""

    what: str
    limit: float
    against: str = ""
    """What it is divided by; empty where the figure is none of a comparison."""
    unit: str = "x"
    at_least: bool = False
    known: float | None = None
    """The figure of a bar that is missed, and may be by more than half, until it is mended."""

    def judge(self, value: float) -> Verdict:
        """How a value stands to this bar."""
        over = self._over(value, self.limit)
        if over <= FAR:
            return Verdict.MET if over <= 1 else Verdict.MISSED
        is_known = self.known is not None and self._over(value, self.known) <= FAR
        return Verdict.KNOWN if is_known else Verdict.FAR

    def _over(self, value: float, limit: float) -> float:
        return limit / value if self.at_least and value else value / limit


_START = "`import pytest, pydantic`"
_GROWTH = "exponent of the growth from the size before"

BARS = MappingProxyType(
    {
        "run.embedded": Bar("a run on the embedded target", 1.5, "a loop that sends the same requests"),
        "run.memory": Bar("memory of a run", 150, unit="MB", known=212),
        "start.list": Bar("`ampmap-conformance list`", 1.5, _START, known=3.2),
        "start.explain": Bar("`ampmap-conformance explain RULE`", 1.5, _START, known=3.7),
        "start.case": Bar("`ampmap-conformance run --select CASE`", 1.5, _START, known=5.6),
        "start.help": Bar("`ampmap-conformance --help`", 0.15, unit="s"),
        "import.small": Bar("import of the types, as they are", 1.3, "the smallest pydantic model"),
        "import.large": Bar("import of the types with 5,250 models more", 1.3, "the smallest pydantic model"),
        "build.growth": Bar("the steepest target of `build`", 1.1, unit=_GROWTH),
        "build.pages": Bar("all pages with 5,250 models", 20, unit="s"),
        "build.again": Bar("`build` with unchanged inputs", 0.1, "the first `build`"),
        "build.types": Bar("`ampmap types` with 5,250 models", 0.1, "datamodel-code-generator on the same reference"),
        "build.site": Bar("all pages, as they are", 1.0, "`mkdocs build` of them"),
        "serve.observer": Bar(
            "requests per second of the observer", 0.5, "a bare asyncio server", at_least=True, known=0.36
        ),
        "serve.proxy": Bar("latency of the reference proxy", 5, "nginx"),
    }
)
"""By name; the limits are those of the issue that asked for speed, for a machine of 2 cores."""


@dataclass(frozen=True)
class Figure:
    """A measured value: of the bar's own unit, or `ours` divided by `theirs`."""

    bar: str
    value: float
    ours: float | None = None
    theirs: float | None = None
    note: str = ""

    @classmethod
    def ratio(cls, bar: str, ours: float, theirs: float, note: str = "") -> Figure:
        """A comparison."""
        return cls(bar, ours / theirs, ours, theirs, note)

    @property
    def verdict(self) -> Verdict:
        """How it stands to its bar."""
        return BARS[self.bar].judge(self.value)
