"""The text of a client build: a JavaScript bundle, or what is readable in a native executable. Bounded."""

from __future__ import annotations

import mmap
import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LARGEST: Final = 512 << 20
"""Bytes of a file that is read: the native builds have about 100 MB."""
MOST_TEXT: Final = 96 << 20
"""Characters of readable text that are kept."""
SECONDS: Final = 120.0
"""How long the reading of one build may take."""
SHORTEST_RUN: Final = 256
"""Characters of readable text in an executable: its JavaScript is one run of megabytes, other runs are not."""

EXECUTABLE_MAGIC: Final = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xce\xfa\xed\xfe")
_SIGN: Final = rb"[\t\n\r\x20-\x7e]"
_ASCII = re.compile(rb"(?<!%b)%b{%d,}+" % (_SIGN, _SIGN, SHORTEST_RUN))
_UTF_16 = re.compile(rb"(?<!%b\x00)(?:%b\x00){%d,}+" % (_SIGN, _SIGN, SHORTEST_RUN))
"""Each run is tried at its beginning alone: a file of runs that are too short would keep the reader busy otherwise."""


class UnreadableBuildError(Exception):
    """The file is not a build that can be read; the message says why."""


class Clock:
    """How much time is left for a build. Its file is not trusted: a crafted one must not keep the reader busy."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raises UnreadableBuildError when the time is over."""
        if time.monotonic() > self._end:
            raise UnreadableBuildError(f"reading took longer than {self._seconds:.0f} s; is it a build of the client?")


@dataclass(frozen=True, slots=True)
class BuildText:
    """What can be read in a build."""

    text: str
    is_native: bool
    """Whether it is an executable, of which only readable runs are here."""


def read_build(file: Path, clock: Clock) -> BuildText:
    """The text of a build. Raises UnreadableBuildError for what is not a regular file, or too large, or too slow."""
    try:
        with open(file, "rb", opener=_opened_without_waiting) as opened:
            about = os.fstat(opened.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise UnreadableBuildError("it is not a file; name the client's `main.js` or its executable")
            if about.st_size > LARGEST:
                raise UnreadableBuildError(f"it has {about.st_size >> 20} MiB; at most {LARGEST >> 20} MiB are read")
            if about.st_size == 0:
                raise UnreadableBuildError("it is empty")
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return text_of(data, clock)
    except OSError as error:
        raise UnreadableBuildError(error.strerror or str(error)) from None


def text_of(data: bytes | mmap.mmap, clock: Clock) -> BuildText:
    """The text in the bytes of a build. Raises UnreadableBuildError where the time is over."""
    if not data[:4].startswith(EXECUTABLE_MAGIC):
        return BuildText(bytes(data[:MOST_TEXT]).decode("utf-8", errors="replace"), is_native=False)
    runs: list[str] = []
    left = MOST_TEXT
    for pattern, coding in ((_UTF_16, "utf-16-le"), (_ASCII, "ascii")):
        for found in pattern.finditer(data):
            clock.check()
            run = found[0].decode(coding)[:left]
            runs.append(run)
            left -= len(run)
            if left <= 0:
                break
    # A line break in between: no fact may be put together of the end of a run and the beginning of another.
    return BuildText("\n".join(runs), is_native=True)


def _opened_without_waiting(name: str, flags: int) -> int:
    """Opens a file; a pipe without a writer does not make it wait."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))
