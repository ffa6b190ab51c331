"""A whole soak: surroundings, smoke, users, a look at what is left, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Protocol

from ..cases.cases import VariedCase
from ..dialects.schemas import Schemas
from ..errors import ObserverGoneError, SuiteError, UnreachableError, UsageError
from ..probe.context import RunContext
from ..probe.probe import Probe
from ..reference.types import Reference
from ..releases import release_of
from ..report.build import assemble_report, target_id
from ..report.model import Notice, Result, Selection
from ..report.outcome import RunOutcome
from ..run.smoke import smoke
from ..target.trust import tls_of
from ..verdicts import ExitCode, exit_code
from ..version import version
from ..wire.client import ProxyClient
from ..wire.redaction import Scrubber, SecretBook
from .around import Around, around_of
from .briefing import Briefing, Role, description_of
from .calls import cases_of
from .children import Child, running
from .command import command_of
from .growth import of_connections, of_memory
from .judge import RULES, SERVED, Judged
from .options import SoakOptions
from .part import load_part, notices_of
from .resources import Looks
from .results import Judging, not_seen_at_all, results_of
from .samples import Row, Sample
from .tally import Tally

BETWEEN = 10.0
"""Seconds between two lines on how the soak stands."""
START = 120.0
"""Seconds in which a process of users is ready: it loads Locust and learns how the target answers."""


class Watcher(Protocol):
    """Who watches a soak; the terminal does."""

    def announce(self, reference: Reference, target: str, requirements: int, cases: int) -> None:
        """The users are about to begin."""

    def tell(self, text: str) -> None:
        """How the soak stands, in a line."""

    def case(self, result: Result) -> None:
        """A rule is decided; they come at the end, in their order."""


@dataclass
class Ran:
    """What the users came to."""

    samples: list[Sample] = field(default_factory=list)
    rows: tuple[Row, ...] = ()
    total: Row | None = None
    tally: Tally = field(default_factory=Tally)
    processes: int = 0
    interrupted: bool = False


def soak(options: SoakOptions, watcher: Watcher, *, docs_url: str = "") -> RunOutcome:
    """Runs users against the target of `options`, and judges what they see.

    Raises UsageError for bad options,
    UnreachableError when a remote observer does not answer, SuiteError for a fault of the kit, and ModuleNotFoundError
    where Locust is not installed.
    """
    by = f"locust {metadata.version('locust')}"
    with around_of(options) as around:
        scrubber = Scrubber(SecretBook(*(secret.value for secret in around.target.secrets)), around.addresses)
        cases: tuple[VariedCase, ...] = ()
        with _context(around, scrubber) as context:
            try:
                smoke(context)
                cases = cases_of(Probe(context))
            except UnreachableError as error:
                return _unreachable(str(error), around, scrubber, docs_url)
            except LookupError as error:
                raise UsageError(str(error)) from error
        begun, ran, file = time.monotonic(), Ran(), around.target.file
        with Looks(around.observer, around.pid, options.seconds) as looks:
            try:
                watcher.announce(around.target.reference, f"{file.name}  {file.base_url}", len(RULES), len(RULES))
                _run(options, around, ran, looks, watcher.tell)
            except KeyboardInterrupt:
                ran.interrupted = True
        lasted = time.monotonic() - begun
        for found in _kept(looks):
            ran.tally.count(found, None, scrubber, around.target)
    judging = Judging(
        target=around.target,
        cases=cases,
        release=release_of(version()),
        command=command_of(options, around.target),
        seconds=lasted,
        strict=options.strict,
        docs_url=docs_url,
    )
    results = results_of(ran.tally, judging)
    for result in results:
        watcher.case(result)
    missing = (SERVED,) if not_seen_at_all(results, SERVED) else ()
    scored = [result.verdict for result in results if result.scored]
    code = exit_code(scored, missing=missing, interrupted=ran.interrupted)
    load = load_part(
        ran.tally,
        ran.rows,
        ran.total,
        ran.samples,
        looks.during,
        options,
        by=by,
        processes=ran.processes,
        lasted=lasted,
    )
    report = assemble_report(
        around.target.reference,
        target_id(around.target, scrubber),
        Selection(select=RULES, defects=options.defects),
        results,
        code,
        planned=len(results),
        missing=missing,
        interrupted=ran.interrupted,
        notices=notices_of(ran.tally),
        load=load,
        docs_url=docs_url,
        observed=True,
    )
    return RunOutcome(report=report, code=code, missing=missing, observed=True)


def _kept(looks: Looks) -> Iterator[Judged]:
    try:
        after = looks.settled()
    except ObserverGoneError:
        return
    found = (of_connections(looks.during, looks.before, after), of_memory(looks.during))
    yield from (one for one in found if one is not None)


def _unreachable(why: str, around: Around, scrubber: Scrubber, docs_url: str) -> RunOutcome:
    code, notice = ExitCode.UNREACHABLE, Notice(kind="unreachable", text=scrubber.clean(why))
    reference, target = around.target.reference, target_id(around.target, scrubber)
    report = assemble_report(
        reference, target, Selection(select=RULES), (), code, planned=len(RULES), notices=(notice,), docs_url=docs_url
    )
    return RunOutcome(report=report, code=code, missing=(), observed=True, unreachable=why)


@contextmanager
def _context(around: Around, scrubber: Scrubber) -> Iterator[RunContext]:
    tls = tls_of(around.target, around.folder)
    with ProxyClient(around.target.file.base_url, tls=tls) as client:
        yield RunContext(
            target=around.target,
            client=client,
            secrets=scrubber.secrets,
            schemas=Schemas(around.target.reference),
            observer=around.observer,
            tls=tls,
        )


def _run(options: SoakOptions, around: Around, ran: Ran, looks: Looks, say: Callable[[str], None]) -> None:
    """Runs the users in processes of their own, until their time is over or the user of the kit interrupts."""
    with ExitStack() as stack:
        several = options.processes > 1 or options.listen is not None
        role: Role = "master" if several else "alone"
        main = stack.enter_context(running("load", _told(options, around, role).model_dump_json()))
        if several:
            port = int(main.expect("listening", START))
            if options.listen is not None:
                say(f"waiting for workers at {options.listen[0]}:{port}: {options.workers}")
            else:
                told = _told(options, around, "worker").model_copy(update={"port": port})
                for _ in range(options.processes):
                    stack.enter_context(running("load", told.model_dump_json()))
        _follow(main, ran, looks, say)


def _follow(main: Child, ran: Ran, looks: Looks, say: Callable[[str], None]) -> None:
    """Takes what the main process says until it ends, and tells it now and then."""
    told = 0.0
    while True:
        try:
            said = main.next()
        except KeyboardInterrupt:
            if ran.interrupted:
                raise
            ran.interrupted = True
            say("stopping; a second interrupt leaves without a report")
            main.stop()
            continue
        if said is None:
            if ran.total is None and not ran.interrupted:
                raise SuiteError("the process of the users ended without a word")
            return
        if said[0] == "begun":
            looks.begin()
        _take(ran, *said)
        if ran.samples and ran.samples[-1].at - told >= BETWEEN:
            told = ran.samples[-1].at
            say(_standing(ran.samples[-1]))


def _standing(sample: Sample) -> str:
    return f"{sample.at:.0f} s, {sample.users} users, {sample.calls} calls, {sample.failures} that broke a rule"


def _take(ran: Ran, what: str, value: Any) -> None:
    match what:
        case "sample":
            ran.samples.append(Sample(**value))
        case "end":
            ran.rows = tuple(Row(**row) for row in value["rows"])
            ran.total = Row(**value["total"])
            ran.tally = Tally.from_json(value["tally"])
            ran.processes = value["processes"]
        case _:
            pass


def _told(options: SoakOptions, around: Around, role: Role) -> Briefing:
    host, port = options.listen or ("127.0.0.1", 0)
    return Briefing(
        role=role,
        users=options.users,
        spawn_rate=options.spawn_rate,
        seconds=options.seconds,
        workers=options.workers if options.listen else options.processes,
        host=host,
        port=port,
        seed=options.seed,
        reference=str(options.reference) if options.reference else None,
        edition=around.target.reference.edition.id if options.reference is None else None,
        folder=str(around.folder),
        observer=around.at,
        addresses=around.addresses,
        described=description_of(around.target),
    )
