"""What `serve --log` and `observe --log` write, and the one line that a terminal shows meanwhile."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from ..errors import UsageError
from ..files import PRIVATE
from ..observer.records import Seen
from ..report.exchanges import report_exchange, upstream_message
from ..wire.credentials import carried
from ..wire.messages import Exchange, Headers, UpstreamAnswer
from ..wire.redaction import Scrubber, SecretBook
from ..wire.visible import visible


class CallLog:
    """Calls as they end: a line of JSON each, and the latest on a terminal. Safe for use by many threads.

    Secrets that are known, and every credential of a call, are masked wherever they stand in it.
    """

    def __init__(self, file: TextIO | None, screen: TextIO | None, secrets: Iterable[str]) -> None:
        self._file = file
        self._screen = screen
        self._secrets = tuple(secrets)
        self._lock = threading.Lock()
        self._count = self._failed = 0

    def exchange(self, exchange: Exchange) -> None:
        """A call of a client on both hops, as `serve` sees it."""
        heads = [(exchange.request.target, exchange.request.headers)]
        heads += [(seen.target, seen.headers) for seen in exchange.upstream]
        book = self._book(heads)
        made = report_exchange(exchange, Scrubber(book))
        data = made.model_dump(mode="json", exclude={"begun_ms"}, exclude_none=True)
        faults = [answer.fault for answer in exchange.answers if answer.fault]
        if faults:
            data["faults"] = faults
        seconds = exchange.response.seconds
        self._take(data, made.request.start, exchange.response.status, seconds)

    def seen(self, seen: Seen) -> None:
        """A request at an upstream, as `observe` sees it."""
        request, answer = seen.request, seen.answer
        book = self._book([(request.target, request.headers)])
        made = upstream_message(request, answer, request.at, book)
        data = made.model_dump(mode="json", exclude_none=True)
        events = [event for _, event in request.events]
        if events:
            data["events"] = events
        start = f"{request.persona}: {made.request.start}" if request.persona else made.request.start
        self._take({"upstream": [data]}, start, answer.status if answer else 0, _seconds(request.at, answer))

    def _book(self, heads: Iterable[tuple[str, Headers]]) -> SecretBook:
        """The secrets that a call can hold: those that are known, and what it carries itself as credentials."""
        found = (carried(headers, target.partition("?")[2]).values() for target, headers in heads)
        return SecretBook(*self._secrets, *chain.from_iterable(chain.from_iterable(found)))

    def _take(self, data: dict[str, Any], start: str, status: int, seconds: float) -> None:
        time = datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, **data}, ensure_ascii=True)
        with self._lock:
            self._count += 1
            self._failed += not 100 <= status < 400
            if self._file is not None:
                self._file.write(f"{line}\n")
                self._file.flush()
            if self._screen is not None:
                self._show(start, status, seconds)

    def _show(self, start: str, status: int, seconds: float) -> None:
        """Puts the latest call in the place of the one before."""
        counted = f"{self._count} call{'' if self._count == 1 else 's'}, {self._failed} failed"
        text = f"{counted}; {visible(start).splitlines()[0]} -> {status or 'no answer'} in {seconds * 1000:.0f} ms"
        width = max(shutil.get_terminal_size().columns - 1, 20)
        if self._screen is not None:
            self._screen.write(f"\r\x1b[2K{text[:width]}")
            self._screen.flush()


def _seconds(begun: float, answer: UpstreamAnswer | None) -> float:
    return max(answer.sent_at) - begun if answer is not None and answer.sent_at else 0.0


@contextmanager
def logging(file: Path | None, secrets: Iterable[str]) -> Iterator[CallLog | None]:
    """A log that is added to `file`, with a live view where standard error is a terminal; None without either.

    Raises UsageError for a file that cannot be written.
    """
    screen = sys.stderr if sys.stderr.isatty() else None
    if file is None and screen is None:
        yield None
        return
    opened = None if file is None else _opened(file)
    try:
        yield CallLog(opened, screen, secrets)
    finally:
        if screen is not None:
            screen.write("\n")
        if opened is not None:
            opened.close()


def _opened(file: Path) -> TextIO:
    try:
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE), "a", encoding="ascii")
    except OSError as error:
        raise UsageError(f"--log: {file} cannot be written: {error.strerror or error}") from error
