"""A resolver that is a command: one line in on its standard input, one line out on its standard output."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, TypeAlias

from ..errors import UsageError
from ..reference.types import AuthVector
from . import protocol
from .protocol import LONGEST, Fault, NoUsableAnswerError, Ready, ResolverAnswer

GRACE = 2.0
"""Seconds that a command has to end after `stop`."""

Process: TypeAlias = "subprocess.Popen[bytes]"


def words_of(command: str) -> tuple[str, ...]:
    """A command as a shell would split it; no shell takes part. Raises UsageError."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"--command: {str(error).lower()}") from error
    if not words:
        raise UsageError("--command: expected a command, not an empty text")
    return words


class CommandResolver:
    """Runs a command and asks it; after a fault it is started anew, so that one vector does not spoil the next.

    What it writes on standard error goes where this process writes.
    """

    def __init__(self, words: Sequence[str], platform: str, *, seconds: float, start_seconds: float) -> None:
        self._words = tuple(words)
        self._start_line = protocol.start(platform)
        self._seconds = seconds
        self._start_seconds = start_seconds
        self._running: _Running | None = None

    def start(self) -> Ready:
        """Starts the command and greets it.

        Raises UsageError when there is no such command, and NoUsableAnswerError when it does not answer as it should.
        """
        try:
            self._running = _Running(self._words)
        except OSError as error:
            raise UsageError(f"--command: {self._words[0]}: {error.strerror or error}") from error
        try:
            return protocol.read_ready(self._exchange(self._start_line, self._start_seconds))
        except NoUsableAnswerError:
            self._drop()
            raise

    def ask(self, seq: int, vector: AuthVector) -> ResolverAnswer:
        """The answer to a vector. Raises NoUsableAnswerError."""
        if self._running is None:
            self.start()
        try:
            return protocol.read_answer(self._exchange(protocol.resolve(seq, vector), self._seconds), seq)
        except NoUsableAnswerError:
            self._drop()
            raise

    def close(self) -> None:
        """Says `stop`, and ends the command if that does not."""
        if self._running is not None:
            with contextlib.suppress(OSError):
                self._running.write(protocol.stop())
            self._running.end(GRACE)
            self._running = None

    def _exchange(self, line: bytes, seconds: float) -> bytes:
        running = self._running
        if running is None:
            raise NoUsableAnswerError(Fault.ENDED)
        with contextlib.suppress(OSError):  # a closed pipe is told by what is read
            running.write(line)
        return running.read_line(seconds)

    def _drop(self) -> None:
        if self._running is not None:
            self._running.end(0)
            self._running = None


class _Running:
    """A process whose output is read by a thread, chunk by chunk."""

    def __init__(self, words: Sequence[str]) -> None:
        self._process: Process = subprocess.Popen(  # noqa: S603 - the user's own command
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=os.name == "posix"
        )
        self._chunks: SimpleQueue[bytes] = SimpleQueue()
        self._held = b""
        Thread(target=_pump, args=(_opened(self._process.stdout), self._chunks), daemon=True).start()

    def write(self, line: bytes) -> None:
        """Sends a line. Raises OSError if the process does not read."""
        pipe = _opened(self._process.stdin)
        pipe.write(line)
        pipe.flush()

    def read_line(self, seconds: float) -> bytes:
        """The next line. Raises NoUsableAnswerError."""
        until = time.monotonic() + seconds
        while b"\n" not in self._held:
            if len(self._held) > LONGEST:
                raise NoUsableAnswerError(Fault.TOO_LONG)
            try:
                chunk = self._chunks.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                raise self._late(seconds) from None
            if not chunk:
                raise self._ended()
            self._held += chunk
        line, _, self._held = self._held.partition(b"\n")
        return line

    def end(self, grace: float) -> None:
        """Closes its input, waits, and kills it with all that it started."""
        with contextlib.suppress(OSError):
            _opened(self._process.stdin).close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()

    def _late(self, seconds: float) -> NoUsableAnswerError:
        if self._held:
            return NoUsableAnswerError(
                Fault.PARTIAL, f"{protocol.printable(self._held)}, then nothing for {seconds:g} s", self._held
            )
        return NoUsableAnswerError(Fault.TIMEOUT, f"nothing for {seconds:g} s")

    def _ended(self) -> NoUsableAnswerError:
        try:
            code = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            how = "by closing its output"
        else:
            how = f"with exit code {code}" if code >= 0 else f"by signal {-code}"
        if self._held:
            return NoUsableAnswerError(
                Fault.PARTIAL, f"{protocol.printable(self._held)}, then it ended {how}", self._held
            )
        return NoUsableAnswerError(Fault.ENDED, how)


def _pump(pipe: IO[bytes], chunks: SimpleQueue[bytes]) -> None:
    """Puts what comes into the queue, and an empty chunk at the end."""
    with contextlib.suppress(OSError, ValueError):
        while chunk := os.read(pipe.fileno(), 1 << 16):
            chunks.put(chunk)
    chunks.put(b"")
    pipe.close()


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise OSError("the pipe was not opened")
    return pipe
