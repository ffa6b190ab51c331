"""A whole check of a resolver: greet, ask, judge, report."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from .. import reference as packaged
from ..cases.renames import Renames
from ..cases.selection import renamed_in
from ..errors import UnreachableError
from ..reference.types import AuthVector, Reference, Requirement
from ..report.build import assemble_report, docs_link
from ..report.model import Message, Notice, ReportedExchange, Reproduce, Result, Selection, TargetId
from ..report.outcome import RunOutcome
from ..verdicts import EXECUTED, Level, Verdict, exit_code
from . import protocol
from .judge import Judgement, judge
from .protocol import NoUsableAnswerError, Ready, ResolverAnswer, ResolverImplementation
from .resolvers import Resolver, ResolverOptions, resolver_for
from .vectors import load, select_vectors, vector_id

PATIENCE = 3
"""So many vectors in a row without an answer, and the rest is not asked."""
KEPT = frozenset({Verdict.FAIL, Verdict.WARN})
"""Verdicts whose messages a report keeps."""


class Watcher(Protocol):
    """Who watches a check; the terminal does."""

    def announce(self, reference: Reference, target: str, requirements: int, cases: int) -> None:
        """The resolver has started; the first vector follows."""

    def case(self, result: Result) -> None:
        """A vector is judged; they come in their order."""


def check_resolver(options: ResolverOptions, watcher: Watcher, *, docs_url: str = "") -> RunOutcome:
    """Asks a resolver the selected vectors.

    Raises UsageError for bad options, and UnreachableError when the resolver does not answer `start`.
    """
    known, everything = packaged.load(), load()
    renames = Renames.of(known.requirements)
    vectors = select_vectors(everything.vectors, renames, select=options.select, skip=options.skip)
    resolver = resolver_for(options, everything.platform)
    results: list[Result] = []
    interrupted = False
    who = ResolverImplementation(name="unknown")
    try:
        who = _greeted(resolver, options).implementation
        names = {vector.requirement for vector in vectors}
        watcher.announce(known, f"{_named(who)}  {options.target}", len(names), len(vectors))
        for result in _results(resolver, vectors, known, options, docs_url):
            results.append(result)
            watcher.case(result)
            if options.fail_fast and result.verdict is Verdict.FAIL:
                break
    except KeyboardInterrupt:
        interrupted = True
    finally:
        resolver.close()
    missing = untested(vectors, results)
    code = exit_code((result.verdict for result in results), missing=missing, interrupted=interrupted)
    report = assemble_report(
        known,
        TargetId(name=who.name, version=who.version, base_url=options.target, claims=()),
        Selection(select=options.select, skip=options.skip, defects=options.defects),
        results,
        code,
        planned=len(vectors),
        missing=missing,
        interrupted=interrupted,
        notices=(Notice(kind="renamed", text=text) for text in renamed_in((*options.select, *options.skip), renames)),
        docs_url=docs_url,
    )
    return RunOutcome(report=report, code=code, missing=missing)


def lines(options: ResolverOptions) -> Iterator[bytes]:
    """The lines that a check would send. Raises UsageError for a pattern that matches nothing."""
    everything, renames = load(), Renames.of(packaged.load().requirements)
    vectors = select_vectors(everything.vectors, renames, select=options.select, skip=options.skip)
    yield protocol.start(everything.platform)
    for seq, vector in enumerate(vectors, 1):
        yield protocol.resolve(seq, vector)
    yield protocol.stop()


def untested(vectors: Sequence[AuthVector], results: Sequence[Result]) -> tuple[str, ...]:
    """Requirements with vectors that bind, of which none was judged because the resolver had stopped answering."""
    executed = {result.requirement for result in results if result.verdict in EXECUTED}
    blocked = dict.fromkeys(result.requirement for result in results if result.verdict is Verdict.BLOCKED)
    binding = {vector.requirement for vector in vectors if vector.asserted}
    return tuple(name for name in blocked if name in binding and name not in executed)


def _greeted(resolver: Resolver, options: ResolverOptions) -> Ready:
    try:
        return resolver.start()
    except NoUsableAnswerError as error:
        raise UnreachableError(f"{options.target} did not answer `start`: {error}.") from error


def _results(
    resolver: Resolver, vectors: Sequence[AuthVector], known: Reference, options: ResolverOptions, docs_url: str
) -> Iterator[Result]:
    rows = {row.id: row for row in known.requirements.values()}
    silent = 0
    for seq, vector in enumerate(vectors, 1):
        begun = time.monotonic()
        row = rows[vector.requirement]
        given: ResolverAnswer | NoUsableAnswerError | None = None
        if silent >= PATIENCE:
            reason = f"the resolver did not answer {PATIENCE} vectors in a row"
            judgement = Judgement(Verdict.BLOCKED, reason)
        else:
            given = _asked(resolver, seq, vector)
            silent = silent + 1 if isinstance(given, NoUsableAnswerError) else 0
            judgement = judge(vector, given, Level(row.level), strict=options.strict)
        seconds = time.monotonic() - begun
        yield _result(vector, row, judgement, seconds, given=given, seq=seq, options=options, docs_url=docs_url)


def _asked(resolver: Resolver, seq: int, vector: AuthVector) -> ResolverAnswer | NoUsableAnswerError:
    try:
        return resolver.ask(seq, vector)
    except NoUsableAnswerError as error:
        return error


def _result(
    vector: AuthVector,
    row: Requirement,
    judgement: Judgement,
    seconds: float,
    *,
    given: ResolverAnswer | NoUsableAnswerError | None,
    seq: int,
    options: ResolverOptions,
    docs_url: str,
) -> Result:
    kept = given is not None and judgement.verdict in KEPT
    line = protocol.resolve(seq, vector)
    return Result(
        id=vector_id(vector),
        requirement=vector.requirement,
        case=vector.case,
        level=Level(row.level),
        profile=row.profile,
        verdict=judgement.verdict,
        reason=judgement.reason,
        expected=judgement.expected,
        actual=judgement.actual,
        docs_url=docs_link(row.id, docs_url),
        exchanges=(_exchange(line, given, options),) if kept and given is not None else (),
        reproduce=Reproduce(
            curl=_curl(line, options.url) if kept and options.url else "",
            command=options.command_line(vector_id(vector)),
        ),
        duration_ms=round(seconds * 1000, 3),
    )


def _exchange(line: bytes, given: ResolverAnswer | NoUsableAnswerError, options: ResolverOptions) -> ReportedExchange:
    """The question and the answer."""
    sent, came = ("POST", "response") if options.url else ("standard input", "standard output")
    if isinstance(given, NoUsableAnswerError):
        body, broken = given.received.decode("utf-8", "replace"), str(given)
    else:
        body, broken = json.dumps(given.model_dump(mode="json", exclude_unset=True), ensure_ascii=False), None
    return ReportedExchange(
        request=Message(start=sent, headers=(), body=line.decode()),
        response=Message(start=came, headers=(), body=body, broken=broken),
        upstream=(),
    )


def _curl(line: bytes, url: str) -> str:
    body = shlex.quote(line.decode().rstrip("\n"))
    return f"curl -s {shlex.quote(url)} -H 'Content-Type: application/json' --data-binary {body}"


def _named(who: ResolverImplementation) -> str:
    return " ".join(part for part in (who.name, who.version, who.language) if part)
