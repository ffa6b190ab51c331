"""Many calls at the same time, each with something of its own by which it is known again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from ...cases.cases import VariedCase
from ...observer import Reply
from ...probe.probe import Probe
from ...reference.types import Provider, find_call
from ...target.target import Target, Way
from ...wire.lockstep import Steps
from ...wire.messages import Exchange
from .streams import in_words

REPEATED = 3
"""Times that a marked stream has its mark."""

TOGETHER = 0.1
"""Seconds for which answers are kept back, so that several are on their way at once."""

WAYS: tuple[Way, ...] = ("local", "mapped", "elsewhere")

One = TypeVar("One")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Marked:
    """A call, and the word that is in its answer and in no other."""

    case: VariedCase
    mark: str


def marked_calls(case: VariedCase, probe: Probe, count: int) -> list[Marked]:
    """So many calls, each with a mark: of one provider after the other, on each of the ways that its models go."""
    cases = [
        replace(case, call=call, root=call.provider.roots[0], model=model, way=way)
        for way in WAYS
        for provider in probe.target.providers
        for call in (find_call(provider, reference=probe.reference),)
        for model in _models(way, provider, probe.target)[:1]
    ]
    return [Marked(cases[number % len(cases)], f"mark-{secrets.token_hex(8)}") for number in range(count)]


def _models(way: Way, provider: Provider, target: Target) -> list[str]:
    if way == "local":
        return [model.wire_id or model.id for model in target.models(provider)]
    if not target.goes(way, provider):
        return []
    return [name for name in target.other_models(provider) if (target.mapped(name) is None) == (way == "elsewhere")]


def at_once(work: Callable[[One], Made], given: Iterable[One]) -> list[Made]:
    """What `work` makes of each, all of them begun at the same time."""
    every = list(given)
    with ThreadPoolExecutor(len(every)) as pool:
        return list(pool.map(work, every))


def marked_reply(marked: Marked) -> Reply:
    """A stream in a few pieces, each of which has the call's mark."""
    return in_words([f"{marked.mark}.{number}" for number in range(REPEATED)])


def marked_answer(marked: Marked, probe: Probe) -> Exchange:
    """The exchange of a call without a stream, whose answer has its mark."""
    return probe.send(marked.case, replies=(replace(in_words([marked.mark]), delay=TOGETHER),))


def marked_stream(marked: Marked, probe: Probe) -> Exchange:
    """The exchange of a call whose every event has its mark."""
    return probe.send(marked.case, replies=(marked_reply(marked),))


def in_step(calls: list[Marked], probe: Probe) -> tuple[list[Exchange], Steps]:
    """Calls that run at the same time: no stream continues before every client has what was sent to it."""
    with Steps(len(calls)) as steps:
        return at_once(lambda one: probe.send_in_step(one.case, steps, marked_reply(one)), calls), steps
