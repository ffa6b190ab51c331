"""Faults of reading and writing events: forms that are not known, parts that are lost, time that is not kept."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import RoutedExchange
from ..upstream import UpstreamBrokenError
from .registry import defect
from .streaming import is_event_stream

Chunks: TypeAlias = AsyncIterator[bytes]
SCANNED = 65_536
"""Bytes of the longest line that some readers take."""
KEPT = 4 << 20
SECONDS = 0.8
"""How long a whole stream may take, where that is limited."""
QUEUED = 40
"""Chunks that are kept for a client that is not reading."""
SILENCE = 0.4
"""Seconds after which a sign of life is sent."""


def _streams(right: Behaviour, change: Callable[[RoutedExchange, Chunks], Chunks]) -> Behaviour:
    """Streams of events changed, everything else as it is."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        relayed = right.response_body(exchange, headers, given)
        async for chunk in change(exchange, relayed) if is_event_stream(headers) else relayed:
            yield chunk

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent.without("content-length") if is_event_stream(headers) else sent

    return replace(right, response_body=chunks, response_headers=lengthless)


def _each_event(right: Behaviour, change: Callable[[bytes], Iterable[bytes]]) -> Behaviour:
    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        async for event in _events(given):
            for part in change(event):
                yield part

    return _streams(right, changed)


def _each_data(right: Behaviour, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Behaviour:
    """Each JSON object changed; None drops its event."""

    def changed(event: bytes) -> Iterable[bytes]:
        found = re.search(rb"(?m)^data: (\{.*\})\r?$", event)
        if found is None:
            return (event,)
        made = change(json.loads(found[1]))
        return () if made is None else (event.replace(found[1], json.dumps(made, ensure_ascii=False).encode()),)

    return _each_event(right, changed)


async def _events(given: Chunks) -> Chunks:
    held: list[bytes] = []
    async for chunk in given:
        held.append(chunk)
        if b"\n" in chunk:
            *whole, rest = re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)", b"".join(held))
            held = [rest]
            for event in whole:
                yield event
    if rest := b"".join(held):
        yield rest


@defect("chunks-taken-for-events", breaks=("streaming.legal-forms",), seen_in="router-for-me/CLIProxyAPI#2492")
def chunks_taken_for_events(right: Behaviour) -> Behaviour:
    """Ends each chunk with a blank line, so that an event name that comes by itself loses its data."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        async for chunk in given:
            yield chunk if chunk.endswith((b"\n\n", b"\r\n\r\n")) else chunk.rstrip(b"\r\n") + b"\n\n"

    return _streams(right, changed)


@defect("space-required", breaks=("streaming.legal-forms",), seen_in="openclaw/openclaw#129905")
def space_required(right: Behaviour) -> Behaviour:
    """Reads `data: ` with a space alone, and skips lines without it."""
    return _each_event(right, lambda event: () if re.search(rb"(?m)^data:[^ ]", event) else (event,))


@defect("last-data-line-wins", breaks=("streaming.legal-forms",))
def last_data_line_wins(right: Behaviour) -> Behaviour:
    """Keeps the last line of data of an event that has several."""

    def changed(event: bytes) -> Iterable[bytes]:
        lines = event.splitlines(keepends=True)
        data = [line for line in lines if line.startswith(b"data:")]
        return (b"".join(line for line in lines if line not in data[:-1]),)

    return _each_event(right, changed)


@defect("characters-broken", breaks=("streaming.legal-forms",), seen_in="api7/aisix#111")
def characters_broken(right: Behaviour) -> Behaviour:
    """Decodes each chunk by itself, so that a character that was cut becomes a replacement mark."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        async for chunk in given:
            yield chunk.decode(errors="replace").encode()

    return _streams(right, changed)


@defect("cut-characters-abort", breaks=("streaming.legal-forms",), seen_in="xberg-io/liter-llm#152")
def cut_characters_abort(right: Behaviour) -> Behaviour:
    """Breaks the stream off at a character that was cut."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        async for chunk in given:
            try:
                yield chunk.decode().encode()
            except UnicodeDecodeError as error:
                raise UpstreamBrokenError(str(error)) from None

    return _streams(right, changed)


@defect("long-lines-dropped", breaks=("streaming.legal-forms",))
def long_lines_dropped(right: Behaviour) -> Behaviour:
    """Reads lines into a buffer of fixed size, and drops those that do not fit."""
    return _each_event(right, lambda event: () if len(event) > SCANNED else (event,))


@defect("length-kept-when-renamed", breaks=("streaming.legal-forms",), seen_in="envoyproxy/ai-gateway#2391")
def length_kept_when_renamed(right: Behaviour) -> Behaviour:
    """Sends the upstream's length with a stream that becomes longer by the model's other name."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        length = given.get("content-length")
        sent = right.response_headers(exchange, given)
        return sent.setting("Content-Length", length) if length and is_event_stream(given) else sent

    return replace(right, response_headers=headers)


@defect("unknown-events-dropped", breaks=("streaming.rare-forms",))
def unknown_events_dropped(right: Behaviour) -> Behaviour:
    """Passes on the events that it knows."""
    return _each_event(right, lambda event: () if b"event: ampmap." in event else (event,))


@defect("bare-comments-break", breaks=("streaming.rare-forms",), seen_in="coder/coder#28185")
def bare_comments_break(right: Behaviour) -> Behaviour:
    """Breaks a stream off at a comment without words."""

    def changed(event: bytes) -> Iterable[bytes]:
        if re.search(rb"(?m)^:\r?$", event):
            raise UpstreamBrokenError("an unknown line")
        return (event,)

    return _each_event(right, changed)


@defect("comments-dropped", breaks=("streaming.comments-relayed",))
def comments_dropped(right: Behaviour) -> Behaviour:
    """Reads events and writes them anew, without what stood between them."""
    return _each_event(right, lambda event: (re.sub(rb"(?m)^:.*\n", b"", event),))


@defect("thinking-leaves-holes", breaks=("streaming.well-formed",), seen_in="router-for-me/CLIProxyAPI@279cbbbb8")
def thinking_leaves_holes(right: Behaviour) -> Behaviour:
    """Drops blocks of thinking and keeps the numbers of those behind them."""

    def changed(data: dict[str, Any]) -> dict[str, Any] | None:
        is_block = str(data.get("type", "")).startswith("content_block_")
        return None if is_block and data.get("index") == 0 else data

    return _each_data(right, changed)


@defect("item-ids-change", breaks=("streaming.well-formed",), seen_in="BerriAI/litellm#19125")
def item_ids_change(right: Behaviour) -> Behaviour:
    """Gives each event of an item an id of its own."""

    def changed(data: dict[str, Any]) -> dict[str, Any] | None:
        return {**data, "item_id": f"msg_{data.get('sequence_number')}"} if "item_id" in data else data

    return _each_data(right, changed)


@defect("sequence-numbers-lost", breaks=("streaming.well-formed",), seen_in="BerriAI/litellm#28899")
def sequence_numbers_lost(right: Behaviour) -> Behaviour:
    """Builds events from the fields that it knows, without sequence_number."""
    return _each_data(right, lambda data: {key: value for key, value in data.items() if key != "sequence_number"})


@defect("completed-without-output", breaks=("streaming.well-formed",), seen_in="QuantumNous/new-api#4362")
def completed_without_output(right: Behaviour) -> Behaviour:
    """Ends a response with an empty output after its text was streamed."""

    def changed(data: dict[str, Any]) -> dict[str, Any] | None:
        if data.get("type") != "response.completed":
            return data
        return {**data, "response": {**data["response"], "output": []}}

    return _each_data(right, changed)


@defect("stop-without-start", breaks=("streaming.well-formed",), seen_in="decolua/9router#1779")
def stop_without_start(right: Behaviour) -> Behaviour:
    """Ends a message that it has not begun."""
    return _each_data(right, lambda data: None if data.get("type") == "message_start" else data)


@defect("big-streams-cut", breaks=("streaming.big",))
def big_streams_cut(right: Behaviour) -> Behaviour:
    """Passes on some megabytes and drops what follows."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        size = 0
        async for chunk in given:
            size += len(chunk)
            if size <= KEPT:
                yield chunk

    return _streams(right, changed)


def _collected_if(right: Behaviour, when: Callable[[RoutedExchange], bool]) -> Behaviour:
    async def changed(exchange: RoutedExchange, given: Chunks) -> Chunks:
        if not when(exchange):
            async for chunk in given:
                yield chunk
            return
        yield b"".join([chunk async for chunk in given])

    return _streams(right, changed)


@defect("mapped-streams-collected", breaks=("streaming.flushed",), seen_in="router-for-me/CLIProxyAPI@52d5fd1a6")
def mapped_streams_collected(right: Behaviour) -> Behaviour:
    """Writes the events of a mapped stream without ever flushing them."""
    return _collected_if(right, lambda exchange: exchange.mapped is not None)


@defect("events-held-back", breaks=("streaming.flushed",))
def events_held_back(right: Behaviour) -> Behaviour:
    """Gives each event out when the next one has come."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        held = b""
        async for chunk in given:
            if held:
                yield held
            held = chunk
        yield held

    return _streams(right, changed)


@defect("compressed-collected", breaks=("streaming.flushed-with-compression",), seen_in="Portkey-AI/gateway#1261")
def compressed_collected(right: Behaviour) -> Behaviour:
    """Lets the upstream compress a stream, and collects it then."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        relayed = right.response_body(exchange, headers, given)
        if is_event_stream(headers) and "content-encoding" in headers:
            yield b"".join([chunk async for chunk in relayed])
            return
        async for chunk in relayed:
            yield chunk

    return replace(right, response_body=chunks)


@defect("whole-stream-limited", breaks=("streaming.survives-silence",), seen_in="NVIDIA/OpenShell#641")
def whole_stream_limited(right: Behaviour) -> Behaviour:
    """Counts its time limit over the whole stream."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        begun = time.monotonic()
        async for chunk in given:
            if time.monotonic() - begun > SECONDS:
                raise UpstreamBrokenError("the stream took too long")
            yield chunk

    return _streams(right, changed)


@defect("sign-of-life-inside-event", breaks=("streaming.survives-silence",))
def sign_of_life_inside_event(right: Behaviour) -> Behaviour:
    """Sends a comment whenever it was quiet for a while, in the middle of an event too."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        following = asyncio.ensure_future(anext(given, None))
        try:
            while True:
                done, _ = await asyncio.wait((following,), timeout=SILENCE)
                if not done:
                    yield b": keep-alive\n\n"
                    continue
                chunk = following.result()
                if chunk is None:
                    return
                yield chunk
                following = asyncio.ensure_future(anext(given, None))
        finally:
            following.cancel()

    return _streams(right, changed)


@defect("slow-readers-miss", breaks=("streaming.slow-reader",))
def slow_readers_miss(right: Behaviour) -> Behaviour:
    """Drops what comes while the client is not reading."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUED)

        async def fill() -> None:
            try:
                async for chunk in given:
                    if not queue.full():
                        queue.put_nowait(chunk)
            finally:
                await queue.put(None)

        filling = asyncio.ensure_future(fill())
        try:
            while (chunk := await queue.get()) is not None:
                yield chunk
            await filling
        finally:
            filling.cancel()

    return _streams(right, changed)


@defect(
    "client-gone-ignored",
    breaks=(
        "streaming.client-gone",
        "streaming.client-gone-early",
        "streaming.client-gone-in-silence",
        "management.client-gone",
        "routing.client-gone",
        "clients.cancel",
    ),
)
def client_gone_ignored(right: Behaviour) -> Behaviour:
    """Continues the upstream call when the client has left."""
    return replace(right, ends_with_client=lambda _exchange: False)


@defect("terminator-invented", breaks=("streaming.nothing-invented",), seen_in="router-for-me/CLIProxyAPI#4296")
def terminator_invented(right: Behaviour) -> Behaviour:
    """Ends each stream with `[DONE]` where its upstream did not."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        last = b""
        async for chunk in given:
            last = chunk or last
            yield chunk
        if b"[DONE]" not in last:
            yield b"data: [DONE]\n\n"

    return _streams(right, changed)


@defect(
    "abort-blamed-on-client",
    breaks=("streaming.abort-is-the-servers-fault",),
    seen_in="router-for-me/CLIProxyAPI#3055",
)
def abort_blamed_on_client(right: Behaviour) -> Behaviour:
    """Reports a stream that broke off by an error which says that the request was wrong."""

    async def changed(_exchange: RoutedExchange, given: Chunks) -> Chunks:
        try:
            async for chunk in given:
                yield chunk
        except UpstreamBrokenError:
            error = {"type": "invalid_request_error", "message": "The stream is not complete."}
            yield b"\n\nevent: error\ndata: " + json.dumps({"type": "error", "error": error}).encode() + b"\n\n"

    return _streams(right, changed)


@defect("unframed-data-dropped", breaks=("streaming.bare-error-relayed",))
def unframed_data_dropped(right: Behaviour) -> Behaviour:
    """Relays events, and nothing else."""
    return _each_event(right, lambda event: (event,) if event.endswith((b"\n\n", b"\r\n\r\n")) else ())
