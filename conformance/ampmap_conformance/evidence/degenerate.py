"""Servers that do the same whatever they are asked. None of them may be taken for a proxy."""

from __future__ import annotations

import contextlib
import random
import socketserver
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType

from ..dialects.schemas import Schemas
from ..engine.judge import Engine, Outcome
from ..engine.plan import Task, make_plan
from ..observer.wire import Connection, MalformedError, Received
from ..probe.context import RunContext
from ..reference import load
from ..reference.types import Reference
from ..refproxy.embedded import Embedded, embedded
from ..verdicts import Level, Verdict
from ..wire.client import ProxyClient
from ..wire.redaction import Scrubber, SecretBook
from .files import DegenerateRow, Degenerates

PATIENCE = 1.0
"""Seconds without a byte after which a probe gives up: these servers answer at once, or never."""
AT_ONCE = 24
"""Cases that are made at the same time."""
SEED = 20
NOISE = 512
"""Bytes that are not an HTTP answer."""


@dataclass(frozen=True, slots=True)
class Degenerate:
    """A server that knows one answer."""

    id: str
    summary: str
    answer: Callable[[Received], bytes | None]
    """The bytes that it answers with; none of them closes the connection, and None leaves the caller waiting."""


def answered(status: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    """An answer with a status such as `200 OK`."""
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(lines).encode() + body


def _echo(received: Received) -> bytes:
    kind = received.headers.get("content-type") or "text/plain"
    return answered("200 OK", received.body or received.target.encode("latin-1", "replace"), kind)


def _noise(received: Received) -> bytes:
    return random.Random(SEED + len(received.raw)).randbytes(NOISE)  # noqa: S311 - the same noise in each run


def _always(status: str, body: bytes = b"") -> Callable[[Received], bytes]:
    return lambda _: answered(status, body)


DEGENERATES: Mapping[str, Degenerate] = MappingProxyType(
    {
        made.id: made
        for made in (
            Degenerate("empty-200", "Answers 200 without a body.", _always("200 OK")),
            Degenerate("empty-object", "Answers 200 with `{}`.", _always("200 OK", b"{}")),
            Degenerate("echo", "Answers 200 with the body that it was sent.", _echo),
            Degenerate("always-401", "Answers 401.", _always("401 Unauthorized", b'{"error":{"message":"No."}}')),
            Degenerate("always-403", "Answers 403.", _always("403 Forbidden", b'{"error":{"message":"No."}}')),
            Degenerate("always-404", "Answers 404.", _always("404 Not Found", b'{"error":{"message":"No."}}')),
            Degenerate("always-500", "Answers 500.", _always("500 Internal Server Error", b"{}")),
            Degenerate("hang", "Takes the call and never answers.", lambda _: None),
            Degenerate("close", "Takes the call and closes the connection.", lambda _: b""),
            Degenerate("random", "Answers with bytes that mean nothing.", _noise),
        )
    }
)
"""Every degenerate server by id."""


@contextmanager
def serving(degenerate: Degenerate) -> Iterator[str]:
    """Runs a degenerate server on a port that the system chooses, and gives its URL."""
    closing = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection = Connection(self.request, closing)
            with contextlib.suppress(OSError, MalformedError):
                while (received := connection.receive()) is not None:
                    data = degenerate.answer(received)
                    if data is None:
                        closing.wait()
                    if not data:
                        return
                    self.request.sendall(data)
                    if not received.keep_alive or not data.startswith(b"HTTP/"):
                        return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 256

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            closing.set()
            server.shutdown()
            thread.join()


DESERVED: Mapping[str, str] = MappingProxyType(
    {
        "routing.warm-up": "The SDK's constructor continues after any prompt answer and ignores its status.",
        "routing.warm-up-unmetered": "A server that does not call any provider does not make a billed call.",
    }
)
"""Requirements that a degenerate server may meet, and why it truly does."""


@dataclass(frozen=True)
class Score:
    """What a degenerate server passes: the requirements of which a case does, by level."""

    passed: Mapping[Level, frozenset[str]]
    faults: tuple[str, ...]
    """Cases in which the kit itself failed."""


@dataclass(frozen=True)
class Scores:
    """What it passes with an observer, and without one."""

    observed: Score
    blind: Score


def scores(id_: str, rules: Collection[str] | None = None) -> Scores:
    """Runs the suite, or the cases of some requirements, twice against a degenerate server.

    Raises LookupError for an unknown server.
    """
    reference, degenerate = load(), DEGENERATES[id_]
    return Scores(*(scored(degenerate, reference, observed=observed, rules=rules) for observed in (True, False)))


def problems(made: Mapping[str, Scores]) -> list[str]:
    """What no degenerate server may pass, and faults of the kit; one sentence each."""
    found = []
    for id_, both in sorted(made.items()):
        for score in (both.observed, both.blind):
            undeserved = sorted(score.passed[Level.MUST] - set(DESERVED))
            found += [f"{id_}: passes {name} without a reason in DESERVED" for name in undeserved]
            found += [f"{id_}: {fault}" for fault in score.faults]
    return found


def degenerates_of(made: Mapping[str, Scores], edition: str) -> Degenerates:
    """The scores as they are written down, sorted."""
    return Degenerates(
        made_from="`nox -s defects`: the whole suite against servers that do the same whatever they are asked",
        edition=edition,
        servers={id_: _row(DEGENERATES[id_], both) for id_, both in sorted(made.items())},
        deserved=dict(sorted(DESERVED.items())),
    )


def _row(degenerate: Degenerate, both: Scores) -> DegenerateRow:
    weaker = {
        name
        for score in (both.observed, both.blind)
        for level in (Level.SHOULD, Level.MAY)
        for name in score.passed[level]
    }
    return DegenerateRow(
        summary=degenerate.summary,
        observed=tuple(sorted(both.observed.passed[Level.MUST])),
        blind=tuple(sorted(both.blind.passed[Level.MUST])),
        weaker=tuple(sorted(weaker)),
    )


def scored(
    degenerate: Degenerate, reference: Reference, *, observed: bool, rules: Collection[str] | None = None
) -> Score:
    """Runs the suite, or the cases of some requirements, against a degenerate server that claims everything.

    It does so with or without an observer.
    """
    with embedded(reference) as right, serving(degenerate) as url, ProxyClient(url) as client:
        setting = _context(right, reference, url, client, observed=observed)
        plan = make_plan(setting.target)
        engine = Engine(setting, plan, Scrubber(setting.secrets, ()), strict=True)
        passed: dict[Level, set[str]] = {level: set() for level in Level}
        faults = []
        tasks = [task for task in plan.selected if rules is None or task.row.id in rules]
        for outcome in _outcomes(engine, tasks):
            if outcome.verdict is Verdict.PASS:
                passed[Level(outcome.task.row.level)].add(outcome.task.row.id)
            if outcome.verdict is Verdict.ERROR:
                faults.append(f"{outcome.task.id}: {outcome.reason}")
        return Score({level: frozenset(names) for level, names in passed.items()}, tuple(faults))


def _context(right: Embedded, reference: Reference, url: str, client: ProxyClient, *, observed: bool) -> RunContext:
    file = right.target.file.model_copy(update={"base_url": url})
    target = replace(right.target, file=file)
    secrets = SecretBook(*(secret.value for secret in target.secrets))
    observer = right.observer if observed else None
    reloading = replace(right.reloading, seconds=PATIENCE) if observed else None
    return RunContext(
        target=target,
        client=client,
        secrets=secrets,
        schemas=Schemas(reference),
        observer=observer,
        reloading=reloading,
        timeout=PATIENCE,
    )


def _outcomes(engine: Engine, tasks: Iterable[Task]) -> Iterator[Outcome]:
    """All outcomes; what must run alone does."""
    alone: list[Task] = []
    together: list[Task] = []
    for task in tasks:
        (alone if task.check.pace.turn else together).append(task)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(engine.outcome, together)
    yield from map(engine.outcome, alone)
