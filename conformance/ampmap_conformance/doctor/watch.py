"""Small calls through a proxy whose upstreams are the observer: whether they arrive, and whether a stream is held back.

The observer answers them, so that they cost nothing. Where the first one is answered with success and does not arrive,
the proxy has other upstreams, and no further call is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..cases.axes import expand
from ..cases.cases import CallCase
from ..errors import KitFaultError, NoAnswerError, Violation
from ..meanings import Completion, Text, Usage
from ..observer import Reply
from ..probe.context import RunContext
from ..probe.probe import Probe
from ..reference.types import Reference, Requirement
from ..report.facts import in_one_line
from ..report.model import Server
from ..report.remedies import Recogniser, remedy_of
from ..target.target import Target
from ..wire.lockstep import Steps
from ..wire.messages import Exchange
from .findings import Finding, State, Topic
from .pointing import variable

PATIENCE = 1.0
"""Seconds without anything new after which a stream is taken to be held back."""
WORDS = "Each word of this answer is an event of its own."
FLUSHED = "streaming.flushed"
"""The requirement that a proxy breaks which holds streams back."""
NO_OBSERVER = "none: a run sees the client's side alone"


def no_observer() -> tuple[Finding, ...]:
    """What to say where no observer is named."""
    remedy = (
        "point the upstreams to one and name its URL by `--observer`, or under `observer` in the target file;"
        " `ampmap-conformance target init` prints the lines"
    )
    return (
        Finding(Topic.OBSERVER, State.NOTE, NO_OBSERVER, remedy),
        not_streamed("a stream of a real upstream would cost money", Topic.OBSERVER),
    )


def not_asked(why: str, see: Topic) -> tuple[Finding, ...]:
    """What to say where the calls would show nothing."""
    return Finding(Topic.OBSERVER, State.UNKNOWN, f"not asked: {why}", f"see {see}"), not_streamed(why, see)


def not_streamed(why: str, see: Topic) -> Finding:
    """What to say where no stream was asked for."""
    return Finding(Topic.STREAMING, State.UNKNOWN, f"not asked: {why}", f"see {see}")


def watched(context: RunContext) -> tuple[Finding, ...]:
    """Makes the calls, and says what came of them."""
    seen_server = Recogniser(context.reference.remedies)
    arrived = _arrived(context, seen_server)
    if arrived.state is State.WRONG:
        return arrived, not_streamed("the calls do not reach the observer", Topic.OBSERVER)
    return arrived, _streamed(context, seen_server)


def _arrived(context: RunContext, recogniser: Recogniser) -> Finding:
    """Whether a call of each provider shows at the observer, the first one alone."""
    cases = _cases(context.target, "provider")
    came: list[str] = []
    for case in cases:
        exchange = _sent(Probe(context), case)
        name = case.provider.id
        if exchange is not None:
            recogniser.see(exchange)
        if exchange is not None and exchange.upstream:
            came.append(name)
        elif exchange is not None and 200 <= exchange.response.status < 300:
            seen = f"a call of {name} succeeded and did not arrive at the observer; it may have been charged for"
            return Finding(Topic.OBSERVER, State.WRONG, seen, _point(context))
    lost = [case.provider.id for case in cases if case.provider.id not in came]
    if not came:
        return Finding(Topic.OBSERVER, State.WRONG, "no call arrived at the observer", _point(context))
    seen = f"calls of {', '.join(came)} arrive"
    if lost:
        return Finding(
            Topic.OBSERVER, State.NOTE, f"{seen}, those of {', '.join(lost)} do not", _point(context, lost[0])
        )
    return Finding(Topic.OBSERVER, State.OK, seen)


def _sent(probe: Probe, case: CallCase) -> Exchange | None:
    try:
        return probe.send(case)
    except (NoAnswerError, KitFaultError):
        return None


def _streamed(context: RunContext, recogniser: Recogniser) -> Finding:
    """Whether the client has each event before the next but one is sent, in the first stream that is served."""
    said = Completion(model="", parts=(Text(WORDS),), usage=Usage(input=9, output=11))
    for case in _streams(context.target):
        with Steps(patience=PATIENCE) as steps:
            try:
                exchange = Probe(context).send_in_step(case, steps, Reply(says=said, by_word=True))
            except (NoAnswerError, KitFaultError, Violation):
                continue
        if not exchange.upstream or not 200 <= exchange.response.status < 300:
            continue
        how = f"a stream of {case.provider.id}"
        if steps.stalled:
            seen = f"buffered: {how} came only when all of it had been sent"
            return Finding(Topic.STREAMING, State.WRONG, seen, _unbuffered(context.reference, recogniser.server))
        return Finding(
            Topic.STREAMING, State.OK, f"not buffered: each event of {how} came before the next but one was sent"
        )
    return Finding(Topic.STREAMING, State.UNKNOWN, "no call for a stream was served", "see providers")


def _unbuffered(reference: Reference, server: Server | None) -> str:
    """What to change so that streams are not held back: the lines of the server, else what holds for every one."""
    remedy = remedy_of(FLUSHED, server, reference)
    return "send each piece on as it comes" if remedy is None else in_one_line(remedy)


def _point(context: RunContext, name: str = "") -> str:
    """Where to point an upstream to; one URL is enough, the others differ in the name."""
    if context.observer is None:
        return ""
    provider = next(one for one in context.target.providers if name in (one.id, ""))
    example = variable(context.observer.url, provider)
    return f"point the upstreams to the observer, for example {example}, and check that the proxy can reach it"


def _cases(target: Target, *axes: str) -> Sequence[CallCase]:
    row = Requirement.model_construct(id="doctor", for_each=axes)
    return [case for case in expand(row, target) if isinstance(case, CallCase)]


def _streams(target: Target) -> Sequence[CallCase]:
    """A stream of each provider that has them."""
    cases = _cases(target, "provider")
    return [replace(case, stream=True) for case in cases if case.call.operation.stream is not None]
