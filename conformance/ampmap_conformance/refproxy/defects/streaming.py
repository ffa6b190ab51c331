"""Faults of streaming."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import RoutedExchange
from ..upstream import UpstreamBrokenError
from .registry import defect

FOREVER = 60.0
"""Seconds for which a call is left open: longer than any client of the kit waits."""


def is_event_stream(headers: Headers) -> bool:
    """Whether an answer is a stream of events."""
    return (headers.get("content-type") or "").startswith("text/event-stream")


@defect(
    "abort-as-clean-end",
    breaks=("streaming.upstream-abort-not-ended-cleanly", "clients.stream-cut"),
    seen_in="router-for-me/CLIProxyAPI#4296",
    also=("streaming.stalled-not-ended-cleanly",),
)
def abort_as_clean_end(right: Behaviour) -> Behaviour:
    """Ends the client's stream cleanly when the upstream broke off, so that half an answer looks whole."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
        except UpstreamBrokenError:
            return

    return replace(right, response_body=chunks)


@defect(
    "client-left-waiting",
    breaks=("streaming.upstream-abort-not-ended-cleanly", "errors.truncation-reaches-client"),
    seen_in="HA7CH/ai-native-company#15",
    also=("streaming.stalled-not-ended-cleanly",),
)
def client_left_waiting(right: Behaviour) -> Behaviour:
    """Leaves the client's answer open when the upstream broke off: the client waits until it gives up by itself."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
        except UpstreamBrokenError:
            await asyncio.sleep(FOREVER)

    return replace(right, response_body=chunks)


@defect("terminator-dropped", breaks=("routing.stream-relayed",))
def terminator_dropped(right: Behaviour) -> Behaviour:
    """Holds the last event back: the stream has no end that a client can see."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        held: bytes | None = None
        async for chunk in _events(right.response_body(exchange, headers, given), headers):
            if held is not None:
                yield held
            held = chunk
        if held is not None and not is_event_stream(headers):
            yield held

    return replace(right, response_body=chunks)


def _each_event(right: Behaviour, given_out: Callable[[int, bytes], tuple[bytes, ...]]) -> Behaviour:
    """`right`, with what a function makes of each event of a stream, by its number from 1."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        number = 0
        async for chunk in _events(right.response_body(exchange, headers, given), headers):
            number += 1
            for event in given_out(number, chunk) if is_event_stream(headers) else (chunk,):
                yield event

    return replace(right, response_body=chunks)


@defect("events-doubled", breaks=("routing.stream-relayed",), also=("fallback.no-retry-after-first-byte",))
def events_doubled(right: Behaviour) -> Behaviour:
    """Gives out each event when it comes, and once more when it looks at what it has."""
    return _each_event(right, lambda _, event: (event, event))


@defect("second-event-lost", breaks=("routing.stream-relayed",))
def second_event_lost(right: Behaviour) -> Behaviour:
    """Looks at the second event to learn what kind of stream it is, and does not give it out."""
    return _each_event(right, lambda number, event: () if number == 2 else (event,))


@defect("stream-buffered", breaks=("routing.stream-relayed", "clients.stream"), seen_in="Portkey-AI/gateway#290")
def stream_buffered(right: Behaviour) -> Behaviour:
    """Collects the stream and hands it out as one JSON document."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield b"".join([chunk async for chunk in right.response_body(exchange, headers, given)])

    def renamed(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return relayed.setting("Content-Type", "application/json") if is_event_stream(given) else relayed

    return replace(right, response_body=chunks, response_headers=renamed)


@defect("event-names-dropped", breaks=("routing.stream-relayed", "clients.stream"))
def event_names_dropped(right: Behaviour) -> Behaviour:
    """Re-frames events with their data alone."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for event in _events(right.response_body(exchange, headers, given), headers):
            named = event.startswith(b"event:") and is_event_stream(headers)
            yield event.partition(b"\n")[2] if named else event

    return replace(right, response_body=chunks)


@defect(
    "in-band-error-dropped",
    breaks=("streaming.in-band-error-relayed", "clients.stream-error"),
    seen_in="zyycn/codex-proxy-rs#90",
)
def in_band_error_dropped(right: Behaviour) -> Behaviour:
    """Drops events that it does not know, the error after a good beginning among them."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for event in _events(right.response_body(exchange, headers, given), headers):
            if not (is_event_stream(headers) and (b'"error":{' in event or b'"type":"error"' in event)):
                yield event

    return replace(right, response_body=chunks)


async def _events(chunks: AsyncIterator[bytes], headers: Headers) -> AsyncIterator[bytes]:
    """Whole events of a stream; other bodies in the chunks in which they arrived."""
    end = b"\r\n\r\n" if headers.get("content-type") == "text/event-stream" else b"\n\n"
    rest = b""
    async for chunk in chunks:
        if not is_event_stream(headers):
            yield chunk
            continue
        *whole, rest = (rest + chunk).split(end)
        for event in whole:
            yield event + end
    if rest:
        yield rest
