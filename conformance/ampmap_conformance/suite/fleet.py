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
from .streams import Frames, in_pieces

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


def marked_stream(marked: Marked, probe: Probe, *, gap: float) -> Exchange:
    """The exchange of a call whose every event has its mark, with so many seconds between two of them."""
    return probe.send(marked.case, replies=(Reply(pieces=in_pieces(marked_frames(marked, probe), gap=gap)),))


def marked_frames(marked: Marked, probe: Probe) -> Frames:
    """The events of a stream, each with the call's mark."""
    how = framing(probe.reference, marked.case.call)
    events = [
        StreamEvent(event=e.event, data={**e.data, "x_mark": marked.mark} if isinstance(e.data, dict) else e.data)
        for e in stream_data(marked.case.call, marked.case.model)
    ]
    return [framed(event, how) for event in events]


def most_together(exchanges: Iterable[Exchange]) -> int:
    """How many of these answers were on their way to the client at the same time, at most."""
    times = []
    for exchange in exchanges:
        chunks = exchange.response.chunks
        times += [(exchange.begun + chunks[0].at, 1), (exchange.begun + chunks[-1].at, -1)] if chunks else []
    running = most = 0
    for _, change in sorted(times):
        running += change
        most = max(most, running)
    return most
