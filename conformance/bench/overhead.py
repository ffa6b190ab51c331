"""What the kit costs beside sending: the default run, against a loop that only sends the same requests.

Both use one embedded target, one client and the same threads, in one process and by turns: what the run sends with
nothing beside it, or after a wait of its own, the loop sends so as well.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import wraps
from itertools import groupby
from typing import Any

from ampmap_conformance.checks.registry import Pace
from ampmap_conformance.engine.ahead import PATIENT
from ampmap_conformance.engine.judge import Engine
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.engine.plan import Task
from ampmap_conformance.engine.session import Session
from ampmap_conformance.errors import NoAnswerError
from ampmap_conformance.probe.exchange import Sending
from ampmap_conformance.report.build import make_result
from ampmap_conformance.run.open import open_run
from ampmap_conformance.run.run import outcomes
from ampmap_conformance.run.smoke import smoke
from ampmap_conformance.verdicts import BROKEN
from ampmap_conformance.wire.messages import nonce_of


@dataclass(frozen=True)
class Noted:
    """One request of the run, and how its check sent it."""

    sending: Sending
    pace: Pace
    beside: bool
    """The check sent it on a thread of its own, together with others."""


def noting(session: Session, noted: list[Noted]) -> Session:
    """The session, whose probes add every request that they send to `noted`."""
    paces: dict[int, Pace] = {}

    def note(sending: Sending) -> None:
        known = paces.get(threading.get_ident())
        alone = paces.get(threading.main_thread().ident or 0, Pace.QUICK).turn  # nothing runs beside such a check
        noted.append(Noted(sending, known or (Pace.ALONE if alone else Pace.QUICK), beside=known is None))

    def watched(task: Task) -> Task:
        check = task.check

        @wraps(check.function)
        def function(case: Any, probe: Any) -> None:
            paces[threading.get_ident()] = check.pace
            check.function(case, probe)

        return replace(task, check=replace(check, function=function))

    every = {name: tuple(map(watched, tasks)) for name, tasks in session.plan.all.items()}
    by_id = {task.id: task for tasks in every.values() for task in tasks}
    plan = replace(session.plan, all=every, selected=tuple(by_id[task.id] for task in session.plan.selected))
    context = replace(session.context, on_send=note)
    return replace(session, context=context, plan=plan, engine=Engine(context, plan, session.scrubber))


def timed_run(session: Session) -> float:
    """Seconds of a whole run: checking, and making every result of the report."""
    begun = time.monotonic()
    results = [make_result(session, outcome) for outcome in outcomes(session)]
    seconds = time.monotonic() - begun
    wrong = [result.id for result in results if result.verdict in BROKEN]
    if wrong:
        sys.exit(f"the default run is not green: {', '.join(wrong[:5])}")
    return seconds


def timed_loop(session: Session, noted: list[Noted]) -> float:
    """Seconds that the same requests take when nobody looks at them."""
    observer = session.context.observer
    if observer is None:
        sys.exit("the embedded target has no observer")

    def send(one: Noted) -> None:
        if one.sending.replies:
            observer.script(nonce_of(one.sending.request), one.sending.replies)
        with contextlib.suppress(NoAnswerError):
            one.sending.deliver()

    begun = time.monotonic()
    with ThreadPoolExecutor(session.options.workers) as quick, ThreadPoolExecutor(PATIENT) as patient:
        for one in noted:
            if not one.pace.turn:
                (patient if one.pace is Pace.WAITS else quick).submit(send, one)
    alone = [one for one in noted if one.pace.turn]
    for beside, group in groupby(alone, key=lambda one: one.beside):
        several = tuple(group)
        with ThreadPoolExecutor(len(several) if beside else 1) as pool:
            pool.map(send, several)
    return time.monotonic() - begun


def measured_round() -> tuple[float, float, int]:
    """Seconds of a run and of the loop, and how many requests both sent."""
    noted: list[Noted] = []
    with open_run(RunOptions()) as session:
        smoke(session.context)
        run = timed_run(noting(session, noted))
        sent = list(noted)
        return run, timed_loop(session, sent), len(sent)
