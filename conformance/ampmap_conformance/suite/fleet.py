"""Many calls at the same time, each with something of its own by which it is known again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from ..bodies import frame as framed
from ..bodies import framing, stream_data
from ..cases import VariedCase
from ..messages import Exchange
from ..observer import Reply
from ..probe import Probe
from ..reference.types import StreamEvent, find_call
from ..steps import Steps
from .streams import in_pieces

REPEATED = 3
"""Times that the first event of a marked stream is sent, so that every stream has some."""

One = TypeVar("One")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Marked:
    """A call, and the word that stands in its answer and in nobody else's."""

    case: VariedCase
    mark: str


def everybodys(case: VariedCase, probe: Probe, count: int) -> list[Marked]:
    """So many calls, of one provider after the other, each with a mark."""
    calls = [
        find_call(probe.reference, provider) for provider in probe.target.providers if probe.target.models(provider)
    ]
    made = []
    for number in range(count):
        call = calls[number % len(calls)]
        model = probe.target.models(call.provider)[0]
        own = replace(case, call=call, root=call.provider.roots[0], model=model.wire_id or model.id)
        made.append(Marked(own, f"mark-{secrets.token_hex(8)}"))
    return made


def at_once(work: Callable[[One], Made], given: Iterable[One]) -> list[Made]:
    """What `work` makes of each, all of them begun at the same time."""
    every = list(given)
    with ThreadPoolExecutor(len(every)) as pool:
        return list(pool.map(work, every))


def marked_reply(marked: Marked, probe: Probe) -> Reply:
    """A stream in a few pieces, each event of which has the call's mark."""
    how = framing(probe.reference, marked.case.call)
    first, *others = (
        StreamEvent(event=e.event, data={**e.data, "x_mark": marked.mark} if isinstance(e.data, dict) else e.data)
        for e in stream_data(marked.case.call, marked.case.model)
    )
    rest = b"".join(framed(event, how) for event in others)
    return Reply(pieces=in_pieces([*[framed(first, how)] * REPEATED, rest]))


def marked_stream(marked: Marked, probe: Probe) -> Exchange:
    """The exchange of a call whose every event has its mark."""
    return probe.send(marked.case, replies=(marked_reply(marked, probe),))


def in_step(calls: list[Marked], probe: Probe) -> tuple[list[Exchange], Steps]:
    """Calls that run at the same time: no stream goes on before every client has what was sent to it."""
    with Steps(len(calls)) as steps:
        return at_once(lambda one: probe.send_in_step(one.case, steps, marked_reply(one, probe)), calls), steps
