"""Runs the users of one process by Locust, alone, as a master or as a worker. Loaded by `load.py` alone."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import gevent
from gevent.os import tp_read
from locust.env import Environment
from locust.rpc import Message
from locust.runners import WORKER_REPORT_INTERVAL, MasterRunner, Runner, WorkerRunner
from locust.stats import StatsEntry

from ..dialects.schemas import Schemas
from ..errors import place_of
from ..probe.context import RunContext
from ..target.trust import tls_of
from ..wire.client import ProxyClient
from ..wire.redaction import Scrubber, SecretBook
from .asking import WatchedObserver
from .briefing import Briefing
from .caller import Shared, clients_of
from .concurrency import Waves
from .gate import FEW, LONGEST, Gate
from .samples import Row, Sample
from .tally import Tally
from .users import user_classes

PATIENCE = 60.0
"""Seconds for which a user waits for the next bytes of an answer: a busy machine is slow, and that breaks no rule."""
TICK = 0.1
"""Seconds between two looks at whether this process gets to run."""
DRAIN = 30
"""Seconds in which calls that run when the time is over may end."""


def main() -> None:
    """Runs users as the first line of standard input says, until the time is over or another line comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent, which gets it too, says when to stop
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    told = _Lines()
    briefing = Briefing.model_validate_json(told.next())
    try:
        _Load(briefing, told).run()
    except Exception as error:  # noqa: BLE001 - the parent reports it
        _say("fault", f"{place_of(error)}: {error}" if isinstance(error, LookupError) else place_of(error))
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)  # threads of gevent and sockets of zmq are of no more use


class _Lines:
    """Lines of standard input, read in a thread of the system so that users call meanwhile."""

    def __init__(self) -> None:
        self._data = b""

    def next(self) -> bytes:
        """The next line, or what is left at the end."""
        while b"\n" not in self._data:
            more = tp_read(0, 65536)
            if not more:
                break
            self._data += more
        line, _, self._data = self._data.partition(b"\n")
        return line


class _Load:
    """The users of one process."""

    def __init__(self, briefing: Briefing, told: _Lines) -> None:
        self._briefing, self._told = briefing, told
        target = briefing.target()
        at = briefing.observer
        self._observer = WatchedObserver(at.advertise, at.control, at.token.value)
        context = RunContext(
            target=target,
            client=ProxyClient(target.file.base_url, tls=tls_of(target, briefing.folder_path)),
            secrets=SecretBook(*(secret.value for secret in target.secrets)),
            schemas=Schemas(target.reference),
            observer=self._observer,
            tls=tls_of(target, briefing.folder_path),
            timeout=PATIENCE,
        )
        scrubber = Scrubber(context.secrets, briefing.addresses)
        idle = target.policy.stream_idle_timeout
        gate = Gate(LONGEST if idle is None else min(LONGEST, idle / 2))
        self._shared = Shared(context, self._observer, scrubber, gate, briefing.seed)
        self._waves = Waves()
        self._env = Environment(user_classes=user_classes(self._shared), stop_timeout=DRAIN)
        self._env.events.test_stopping.add_listener(self._end_waves)  # type: ignore[no-untyped-call]
        self._whole = Tally()
        """Of a master: what its workers have told."""

    def run(self) -> None:
        """Runs the users until the time is over, or the parent says so."""
        briefing, shared = self._briefing, self._shared
        workers: tuple[str, ...] = ()
        if briefing.role != "master":
            shared.learn()
        _say("ready", {"clients": len(clients_of(shared.context.target))})
        runner = self._runner()
        gevent.spawn(self._look)
        if isinstance(runner, WorkerRunner):
            self._work(runner)
            return
        stopped = gevent.spawn(self._told.next)
        if isinstance(runner, MasterRunner):
            while len(runner.clients.ready) < briefing.workers and not stopped.dead:
                gevent.sleep(0.1)
            workers = tuple(runner.clients)
        _say("begun", briefing.users)
        begun = time.monotonic()
        if not stopped.dead:
            runner.start(briefing.users, spawn_rate=briefing.spawn_rate)
        while time.monotonic() - begun < briefing.seconds and not stopped.dead:
            gevent.sleep(1)
            self._sample(runner, time.monotonic() - begun)
        runner.stop()
        if isinstance(runner, MasterRunner):
            self._send_home(runner, workers)
        self._sample(runner, time.monotonic() - begun)
        self._count_waves(runner)
        self._whole.add(shared.tally)
        stats = runner.stats
        rows = [asdict(_row(entry)) for _, entry in sorted(stats.entries.items())]
        total = asdict(_row(stats.total))
        _say("end", {"rows": rows, "total": total, "tally": self._whole.to_json(), "processes": len(workers) or 1})

    def _runner(self) -> Runner:
        briefing, env = self._briefing, self._env
        if briefing.role == "alone":
            return env.create_local_runner()
        if briefing.role == "master":
            env.events.worker_report.add_listener(self._take)  # type: ignore[no-untyped-call]
            runner = env.create_master_runner(briefing.host, briefing.port)
            _say("listening", runner.server.port)
            return runner
        env.events.report_to_master.add_listener(self._give)  # type: ignore[no-untyped-call]
        return env.create_worker_runner(briefing.host, briefing.port)

    def _work(self, runner: WorkerRunner) -> None:
        stopped = gevent.spawn(self._told.next)
        while not stopped.dead and not _is_over(runner):
            gevent.sleep(0.2)
        if stopped.dead:
            runner.stop()
        _say("end", {})

    def _end_waves(self, environment: Environment) -> None:  # noqa: ARG002 - as Locust calls it
        self._shared.gate.end()

    def _send_home(self, runner: MasterRunner, workers: tuple[str, ...]) -> None:
        """Takes the last reports of workers and ends them: Locust has forgotten those that have stopped."""
        gevent.sleep(WORKER_REPORT_INTERVAL + 1)
        for worker in workers:
            runner.server.send_to_client(Message("quit", None, worker))  # type: ignore[no-untyped-call]
        gevent.sleep(0.5)

    def _look(self) -> None:
        """Sees whether this process gets to run, and what came of held streams."""
        while True:
            before = time.monotonic()
            gevent.sleep(TICK)
            self._observer.took(time.monotonic() - before - TICK)
            if self._env.runner is not None:
                self._count_waves(self._env.runner)

    def _count_waves(self, runner: Runner) -> None:
        shared = self._shared
        for wave in shared.gate.taken():
            shared.tally.at_once(str(getattr(runner, "client_id", "")), wave.begun)
            running = self._observer.occupied().running if wave.begun < FEW else wave.begun
            found = self._waves.judged(wave, running=running, is_kit_quick=self._observer.is_quick)
            if found is not None:
                shared.tally.count(found, None, shared.scrubber, shared.context.target)

    def _give(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - as Locust calls it
        data["ampmap"] = self._shared.tally.to_json()
        self._shared.tally = Tally()

    def _take(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - as Locust calls it
        if "ampmap" in data:
            self._whole.add(Tally.from_json(data["ampmap"]))

    def _sample(self, runner: Runner, at: float) -> None:
        total = runner.stats.total
        recent: Callable[[float], float | None] = total.get_current_response_time_percentile
        sample = Sample(
            at=round(at, 2),
            users=runner.user_count,
            calls=total.num_requests,
            failures=total.num_failures,
            median_ms=float(recent(0.5) or 0),
            p95_ms=float(recent(0.95) or 0),
        )
        _say("sample", asdict(sample))


def _is_over(runner: WorkerRunner) -> bool:
    """Whether the master has sent the worker home: Locust ends its greenlets then."""
    return len(runner.greenlet) == 0


def _row(entry: StatsEntry) -> Row:
    at = entry.get_response_time_percentile
    return Row(
        kind=entry.method or "",
        name=entry.name,
        calls=entry.num_requests,
        failures=entry.num_failures,
        median_ms=float(at(0.5) or 0),
        p90_ms=float(at(0.9) or 0),
        p95_ms=float(at(0.95) or 0),
        p99_ms=float(at(0.99) or 0),
        most_ms=float(entry.max_response_time or 0),
    )


def _say(what: str, value: Any) -> None:
    sys.stdout.write(json.dumps({what: value}) + "\n")
    sys.stdout.flush()
