"""Does pieces of work in processes of their own, each a copy of this one as it is then."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from math import inf
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

FORK = multiprocessing.get_context("fork")
Given = TypeVar("Given")
Made = TypeVar("Made")


def forked(
    work: Callable[[Given], Made], given: Iterable[Given], workers: int, *, limit: float | None
) -> Iterator[tuple[Given, Made | None]]:
    """What `work` makes of each, as it comes; None for one that fails or takes longer than `limit` seconds."""
    waiting = iter(given)
    running: dict[Connection, tuple[BaseProcess, float, Given]] = {}
    while True:
        while len(running) < workers:
            try:
                one = next(waiting)
            except StopIteration:
                break
            ours, theirs = FORK.Pipe(duplex=False)
            process = FORK.Process(target=_in_child, args=(work, one, theirs))
            process.start()
            theirs.close()
            running[ours] = (process, time.monotonic() + (inf if limit is None else limit), one)
        if not running:
            return
        ready = wait(list(running), timeout=1)
        over = [end for end, (_, until, _) in running.items() if end in ready or time.monotonic() >= until]
        for end in over:
            process, _, one = running.pop(end)
            made = _received(end) if end in ready else None
            process.kill()
            process.join()
            end.close()
            yield one, made


def _received(end: Connection) -> Any:
    try:
        return end.recv()
    except EOFError:
        return None


def _in_child(work: Callable[[Any], Any], given: Any, end: Connection) -> None:
    os.nice(5)
    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 2)  # what a changed proxy complains of
    end.send(work(given))
    os._exit(0)  # whatever the mutant left running
