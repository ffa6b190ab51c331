"""What the kit costs beside sending: the default run, against a loop that only sends the same requests.

Both use one embedded target, one client and the same threads, in one process and by turns: what the run sends with
nothing beside it, or after a wait of its own, the loop sends so as well. Prints every round, and ends with 1 when the
best run takes more than 1.5 times as long as the best loop.

python conformance/bench/overhead.py
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ampmap_conformance.checks.registry import Pace
from ampmap_conformance.engine.judge import PATIENT, Attempt, Engine
from ampmap_conformance.engine.plan import Task
from ampmap_conformance.engine.session import RunOptions, Session, opened, smoke
from ampmap_conformance.errors import NoAnswerError
from ampmap_conformance.probe.probe import Probe, nonce_of
from ampmap_conformance.report.build import make_result
from ampmap_conformance.run.run import run_suite
from ampmap_conformance.verdicts import BROKEN
from ampmap_conformance.wire.messages import Exchange, Request, Response

ROUNDS = 3
LIMIT = 1.5


@dataclass(frozen=True)
class Sending:
    """One request of the run: how it was sent, and what its upstream was told to answer."""

    request: Request
    replies: tuple[Any, ...]
    deliver: Callable[[], Response]
    pace: Pace
    """Of the check that sent it."""
    beside: bool
    """The check sent it on a thread of its own, together with others."""


@contextmanager
def captured() -> Iterator[list[Sending]]:
    """Every request that probes send inside the context."""
    sendings: list[Sending] = []
    before, attempt = Probe._exchanged, Engine._attempt
    paces: dict[int, Pace] = {}

    def attempted(engine: Engine, task: Task) -> Attempt:
        paces[threading.get_ident()] = task.check.pace
        return attempt(engine, task)

    def exchanged(
        probe: Probe,
        request: Request,
        persona: str,
        replies: tuple[Any, ...],
        deliver: Callable[[], Response],
        **rest: Any,
    ) -> Exchange:
        known = paces.get(threading.get_ident())
        alone = paces.get(threading.main_thread().ident or 0) is Pace.ALONE  # nothing runs beside such a check
        pace = known or (Pace.ALONE if alone else Pace.QUICK)
        sendings.append(Sending(request, replies, deliver, pace, beside=known is None))
        return before(probe, request, persona, replies, deliver, **rest)

    Probe._exchanged, Engine._attempt = exchanged, attempted  # type: ignore[method-assign,assignment]
    try:
        yield sendings
    finally:
        Probe._exchanged, Engine._attempt = before, attempt  # type: ignore[method-assign]


def timed_run(session: Session) -> float:
    """Seconds of a whole run: collecting, checking, and making every result of the report."""
    begun = time.monotonic()
    results = []

    def told(outcome: Any) -> Any:
        results.append(make_result(session, outcome))
        return outcome

    run_suite(session, told)
    seconds = time.monotonic() - begun
    wrong = [result.id for result in results if result.verdict in BROKEN]
    if wrong:
        sys.exit(f"the default run is not green: {', '.join(wrong[:5])}")
    return seconds


def timed_loop(session: Session, sendings: list[Sending]) -> float:
    """Seconds that the same requests take when nobody looks at them."""
    observer = session.context.observer
    if observer is None:
        sys.exit("the embedded target has no observer")

    def send(sending: Sending) -> None:
        if sending.replies:
            observer.script(nonce_of(sending.request), sending.replies)
        with contextlib.suppress(NoAnswerError):
            sending.deliver()

    begun = time.monotonic()
    with ThreadPoolExecutor(session.options.workers) as quick, ThreadPoolExecutor(PATIENT) as patient:
        for sending in sendings:
            if sending.pace is not Pace.ALONE:
                (patient if sending.pace is Pace.WAITS else quick).submit(send, sending)
    alone = [sending for sending in sendings if sending.pace is Pace.ALONE]
    for beside, group in groupby(alone, key=lambda sending: sending.beside):
        several = tuple(group)
        with ThreadPoolExecutor(len(several) if beside else 1) as pool:
            pool.map(send, several)
    return time.monotonic() - begun


def main() -> int:
    """The rounds, and the verdict."""
    runs, loops = [], []
    for number in range(1, ROUNDS + 1):
        with opened(RunOptions()) as session, captured() as sendings:
            smoke(session)
            sendings.clear()
            runs.append(timed_run(session))
            sent = tuple(sendings)
            loops.append(timed_loop(session, list(sent)))
            print(f"round {number}: run {runs[-1]:.2f} s, loop {loops[-1]:.2f} s, {len(sent)} requests")
    ratio = min(runs) / min(loops)
    print(f"best run {min(runs):.2f} s, best loop {min(loops):.2f} s: ratio {ratio:.2f}, limit {LIMIT}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
