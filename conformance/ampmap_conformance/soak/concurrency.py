"""Whether streams run at the same time, judged by the waves in which they are held. Pure."""

from __future__ import annotations

from ..errors import Violation
from .gate import FEW, Wave
from .judge import CONCURRENT, Judged

MANY = 12
"""Streams that wait, from which on a wave shows something."""
WAVES = 2
"""Waves in a row that must show it: a busy machine may keep a proxy from running once."""


class Waves:
    """Judges waves one after another."""

    def __init__(self) -> None:
        self._alone = 0

    def judged(self, wave: Wave, *, running: int, is_kit_quick: bool) -> Judged | None:
        """What a wave shows, if it shows anything. One in which no stream began says nothing of waiting streams.

        `running` is how many calls the proxy has at its upstreams: if they are many, it is slow, and makes none wait.
        """
        if wave.begun >= FEW:
            self._alone = 0
            return Judged(CONCURRENT, None)
        shows = wave.begun and not wave.is_full and wave.waiting >= MANY
        if not shows or not is_kit_quick or running > FEW:
            return None
        self._alone += 1
        if self._alone < WAVES:
            return None
        saying = "streams wait for each other under load"
        actual = f"fewer than {FEW} at a time"
        return Judged(CONCURRENT, Violation(saying, expected="many at the same time", actual=actual))
