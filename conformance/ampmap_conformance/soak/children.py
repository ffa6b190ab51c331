"""Programs of the kit in processes of their own: told what to do on their input, they write lines of JSON."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import SuiteError

END_PATIENCE = 90.0
"""Seconds in which a process ends that was told to stop: its last calls may take a while."""


class Child:
    """A running program of the package. Its input stays open; closing it ends the program."""

    def __init__(self, module: str, told: str) -> None:
        command = (sys.executable, "-m", f"ampmap_conformance.soak.{module}")
        self._module = module
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter with a module of this package
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, name=f"reads {module}", daemon=True).start()
        self._say(told)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def stop(self) -> None:
        """Tells it to end."""
        self._say("stop")

    def next(self, timeout: float | None = None) -> tuple[str, Any] | None:
        """The next thing that it says: what, and the value. None where it has ended.

        Raises TimeoutError where nothing comes in so many seconds, and SuiteError for a fault of the program.
        """
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        if line is None:
            return None
        said = json.loads(line)
        what, value = next(iter(said.items()))
        if what == "fault":
            raise SuiteError(f"a process of the soak ({self._module}) failed: {value}")
        return what, value

    def expect(self, what: str, timeout: float | None = None) -> Any:
        """The value of the next thing of that name that it says. Raises SuiteError where it ends before."""
        while (said := self.next(timeout)) is not None:
            if said[0] == what:
                return said[1]
        raise SuiteError(f"a process of the soak ({self._module}) ended before it said `{what}`")

    def close(self) -> None:
        """Ends it."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None  # noqa: S101 - it was asked for
            self._process.stdin.close()
        try:
            self._process.wait(END_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # it has ended
            assert self._process.stdin is not None  # noqa: S101 - it was asked for
            self._process.stdin.write(f"{text}\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(None)


@contextmanager
def running(module: str, told: str) -> Iterator[Child]:
    """A program that runs inside the context."""
    child = Child(module, told)
    try:
        yield child
    finally:
        child.close()
