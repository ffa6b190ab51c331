"""Faults that lose single kinds of events, and streams that last."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import RoutedExchange
from ..upstream import UpstreamBrokenError
from .registry import defect
from .streaming import is_event_stream

LASTING = 5.0
"""Seconds that a whole call may take, where that is limited."""


def _each_event(
    right: Behaviour, change: Callable[[bytes], Iterable[bytes]], *, keeps_unfinished: bool = True
) -> Behaviour:
    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in right.response_body(exchange, headers, given):
            if not is_event_stream(headers):
                yield chunk
                continue
            *whole, rest = re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)", rest + chunk)
            for event in whole:
                for part in change(event):
                    yield part
        if rest and keeps_unfinished:
            yield rest

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent.without("content-length") if is_event_stream(headers) else sent

    return replace(right, response_body=chunks, response_headers=lengthless)


def _dropping(right: Behaviour, drops: Callable[[dict[str, Any]], bool]) -> Behaviour:
    def changed(event: bytes) -> Iterable[bytes]:
        found = re.search(rb"(?m)^data: ?(\{.*\})\r?$", event)
        return () if found is not None and drops(json.loads(found[1])) else (event,)

    return _each_event(right, changed)


@defect("text-events-dropped", breaks=("streaming.rare-forms",))
def text_events_dropped(right: Behaviour) -> Behaviour:
    """Drops events whose data is neither JSON nor the word for the end."""

    def changed(event: bytes) -> Iterable[bytes]:
        found = re.search(rb"(?m)^data: ?(.*?)\r?$", event)
        return (event,) if found is None or found[1][:1] in (b"{", b"[", b"") else ()

    return _each_event(right, changed)


@defect(
    "unfinished-events-dropped",
    breaks=("streaming.unterminated-last-event",),
    also=("streaming.*",),
    seen_in="earendil-works/pi#8996",
)
def unfinished_events_dropped(right: Behaviour) -> Behaviour:
    """Relays an event when its blank line has come, and drops what has none."""
    return _each_event(right, lambda event: (event,), keeps_unfinished=False)


@defect("unicode-lines-split", breaks=("streaming.legal-forms",), seen_in="Soju06/codex-lb#1010")
def unicode_lines_split(right: Behaviour) -> Behaviour:
    """Ends lines of a stream at every character that Unicode calls a line separator."""

    def changed(event: bytes) -> Iterable[bytes]:
        lines = event.decode(errors="surrogateescape").splitlines()
        known = [line for line in lines if re.match(r"(?:data|event|id|retry)?:", line) or not line]
        return ("".join(f"{line}\n" for line in known).encode(errors="surrogateescape"),)

    return _each_event(right, changed)


@defect("choiceless-events-dropped", breaks=("streaming.every-kind-of-event",), seen_in="diegosouzapw/OmniRoute#9750")
def choiceless_events_dropped(right: Behaviour) -> Behaviour:
    """Treats an event without choices as empty, and loses its usage."""
    return _dropping(right, lambda data: data.get("choices") == [])


@defect("signatures-dropped", breaks=("streaming.every-kind-of-event",))
def signatures_dropped(right: Behaviour) -> Behaviour:
    """Relays the deltas that it knows, without the signature of thinking."""

    def drops(data: dict[str, Any]) -> bool:
        delta = data.get("delta")
        return isinstance(delta, dict) and delta.get("type") == "signature_delta"

    return _dropping(right, drops)


def _limiting_lines(right: Behaviour, limit: int) -> Behaviour:
    """`right`, but a stream with an event of more than so many bytes is broken off there."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        length = 0
        async for chunk in right.response_body(exchange, headers, given):
            length = len(chunk.rpartition(b"\n")[2]) + (0 if b"\n" in chunk else length)
            if is_event_stream(headers) and length > limit:
                raise UpstreamBrokenError("a line is too long")
            yield chunk

    return replace(right, response_body=chunks)


@defect("lines-of-64-kb", breaks=("streaming.long-events", "streaming.legal-forms"))
def lines_of_64_kb(right: Behaviour) -> Behaviour:
    """Reads a stream with a reader of lines that takes 64 KB, the default of its language."""
    return _limiting_lines(right, 1 << 16)


@defect("lines-of-1-mb", breaks=("streaming.long-events",), also=("streaming.big",))
def lines_of_1_mb(right: Behaviour) -> Behaviour:
    """Reads a stream with a reader of lines that takes 1 MB."""
    return _limiting_lines(right, 1 << 20)


@defect("lines-of-8-mb", breaks=("streaming.long-events",))
def lines_of_8_mb(right: Behaviour) -> Behaviour:
    """Reads a stream with a reader of lines that takes 8 MB."""
    return _limiting_lines(right, 8 << 20)


@defect("long-calls-cut", breaks=("streaming.outlasts-limits",), seen_in="pydantic/logfire#1882")
def long_calls_cut(right: Behaviour) -> Behaviour:
    """Ends every call after some seconds, whether it makes progress or not."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        begun = time.monotonic()
        async for chunk in right.response_body(exchange, headers, given):
            if time.monotonic() - begun > LASTING:
                raise UpstreamBrokenError("the call took too long")
            yield chunk

    return replace(right, response_body=chunks)
