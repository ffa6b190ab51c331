"""Faults of a crowded proxy in what its clients get."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TypeAlias

from ...wire.messages import Headers
from ..behaviour import Behaviour, Chunks
from ..defects.streaming import is_event_stream
from ..exchange import RoutedExchange
from .crowd import Crowd, under_load

Changed: TypeAlias = Callable[[Chunks, Crowd], Chunks]


def _changing(right: Behaviour, changed: Changed, *, streams: bool) -> Behaviour:
    """`right`, with streams, or whole answers, changed."""
    crowd = Crowd()

    def body(exchange: RoutedExchange, headers: Headers, chunks: Chunks) -> Chunks:
        relayed = right.response_body(exchange, headers, chunks)
        return changed(relayed, crowd) if crowd.is_there and is_event_stream(headers) is streams else relayed

    return replace(crowd.counting(right), response_body=body)


@under_load(
    "answers-swapped-under-load", breaks=("tenancy.answers-stay-with-their-calls",), also=("routing.answer-relayed",)
)
def answers_swapped(right: Behaviour) -> Behaviour:
    """Keeps whole answers in one place for all calls until they are complete, so that crowded clients get others'."""
    kept: dict[int, bytes] = {}

    async def swapped(chunks: Chunks, crowd: Crowd) -> AsyncIterator[bytes]:
        body = b"".join([chunk async for chunk in chunks])
        if crowd.is_there:
            kept[len(body)], body = body, kept.get(len(body), body)
        yield body

    return _changing(right, swapped, streams=False)


@under_load(
    "stream-events-to-another-under-load",
    breaks=("tenancy.no-cross-talk",),
    also=("routing.stream-relayed",),
)
def events_to_another(right: Behaviour) -> Behaviour:
    """Passes the events of all streams through one buffer, from which a crowded client takes another's event."""
    buffer: list[bytes] = []

    async def mixed(chunks: Chunks, crowd: Crowd) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            if crowd.is_there:
                buffer.append(chunk)
                yield buffer.pop(0) if len(buffer) > 1 else chunk
            else:
                yield chunk

    return _changing(right, mixed, streams=True)


@under_load("events-lost-under-load", breaks=("routing.stream-relayed",))
def events_lost(right: Behaviour) -> Behaviour:
    """Drops what comes for a stream while other streams are busy: its queue has one place."""

    async def thinned(chunks: Chunks, crowd: Crowd) -> AsyncIterator[bytes]:
        place = 0
        async for chunk in chunks:
            place += 1
            if place != 2 or not crowd.is_there:
                yield chunk

    return _changing(right, thinned, streams=True)


@under_load("events-reordered-under-load", breaks=("routing.stream-relayed",))
def events_reordered(right: Behaviour) -> Behaviour:
    """Hands the events of a stream to several workers, which overtake each other when the proxy is crowded."""

    async def overtaking(chunks: Chunks, crowd: Crowd) -> AsyncIterator[bytes]:
        waiting: bytes | None = None
        began = False
        async for chunk in chunks:
            if began and waiting is None and crowd.is_there:
                waiting = chunk
                continue
            began = True
            yield chunk
            if waiting:
                yield waiting
                waiting = b""
        if waiting:
            yield waiting

    return _changing(right, overtaking, streams=True)


@under_load("streams-cut-under-load", breaks=("routing.stream-relayed",))
def streams_cut(right: Behaviour) -> Behaviour:
    """Ends a stream behind its first events, as if it were complete, when the proxy is crowded."""

    async def cut(chunks: Chunks, crowd: Crowd) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            yield chunk
            if crowd.is_there:
                return

    return _changing(right, cut, streams=True)


@under_load("answers-truncated-under-load", breaks=("routing.answer-relayed",))
def answers_truncated(right: Behaviour) -> Behaviour:
    """Ends a whole answer in its middle, as if it were complete, when the proxy is crowded."""
    crowd = Crowd()

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        own = right.response_headers(exchange, given)
        return own.without("content-length") if crowd.is_there else own

    async def halved(chunks: Chunks) -> AsyncIterator[bytes]:
        body = b"".join([chunk async for chunk in chunks])
        yield body[: len(body) // 2]

    def body(exchange: RoutedExchange, given: Headers, chunks: Chunks) -> Chunks:
        relayed = right.response_body(exchange, given, chunks)
        return halved(relayed) if crowd.is_there and not is_event_stream(given) else relayed

    return replace(crowd.counting(right), response_headers=headers, response_body=body)


@under_load(
    "answer-headers-of-another-under-load",
    breaks=("tenancy.answers-stay-with-their-calls", "tenancy.no-cross-talk"),
)
def answer_headers_of_another(right: Behaviour) -> Behaviour:
    """Writes the headers of all answers into one object, so that a crowded client gets those of another's answer."""
    crowd = Crowd()
    latest: dict[str, str] = {}

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        own = right.response_headers(exchange, given)
        found = [(name, latest.get(name.lower(), value) if crowd.is_there else value) for name, value in own]
        latest.update({name.lower(): value for name, value in own if name.lower().startswith("x-")})
        return Headers(tuple(found))

    return replace(crowd.counting(right), response_headers=headers)
