"""Whether streams run at the same time, judged by the waves in which they are held. Pure."""

from __future__ import annotations

from ..errors import Violation
from .gate import Wave
from .judge import CONCURRENT, Judged

MANY = 12
"""Streams that wait, from which on a wave shows something."""
TOGETHER = 3
"""Of so many, this many must have begun: few, for a proxy may have a limit for each upstream."""
WAVES = 2
"""Waves in a row that must show it: a busy machine may keep a proxy from running once."""


class Waves:
    """Judges waves one after another."""

    def __init__(self) -> None:
        self._alone = 0

    def judged(self, wave: Wave, *, is_kit_quick: bool) -> Judged | None:
        """What a wave shows, if it shows anything. One in which no stream began says nothing of waiting streams."""
        if wave.waiting < MANY or not wave.begun:
            return None
        if wave.begun >= TOGETHER:
            self._alone = 0
            return Judged(CONCURRENT, None)
        if not is_kit_quick:
            return None
        self._alone += 1
        if self._alone < WAVES:
            return None
        saying = "streams wait for each other under load"
        actual = f"fewer than {TOGETHER} at a time"
        return Judged(CONCURRENT, Violation(saying, expected="many at the same time", actual=actual))
