"""An upstream's answer in another dialect as one in the client's: whole, as an error, or event by event."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from ..dialects import bodies
from ..meanings import Codec, Completion, Failure, FrameWriter
from ..reference.types import ErrorShape
from ..wire.messages import Headers, media_type
from ..wire.sse import events
from .exchange import RoutedExchange, UpstreamFailure
from .headers import answer_coding
from .rewriting import event_lines, unpacked
from .translating import Dialogue
from .upstream import StreamedAnswer, UpstreamBrokenError, UpstreamFailedError

Chunks: TypeAlias = AsyncIterator[bytes]
Told: TypeAlias = Callable[[RoutedExchange, Completion], Completion]

EVENTS = "text/event-stream"
OF_BODY = ("content-length", "content-encoding", "content-type", "etag", "content-digest", "repr-digest")
"""Headers that describe the bytes of one body."""


def told(_exchange: RoutedExchange, completion: Completion) -> Completion:
    """What the client is told, given what the upstream said, or said so far: the same."""
    return completion


async def answering(dialogue: Dialogue, answer: StreamedAnswer, told: Told) -> StreamedAnswer:
    """The upstream's answer in the client's dialect.

    Raises UpstreamFailedError where a whole answer breaks off or says nothing.
    """
    coding = answer_coding(answer.headers)
    if 300 <= answer.status < 400 or coding not in ("gzip", "identity"):
        return answer
    chunks = unpacked(answer.chunks) if coding == "gzip" else answer.chunks
    if answer.status >= 400:
        return _as_json(answer, _error(dialogue, answer.status, await _whole(chunks)))
    client, upstream = dialogue.translation.client, dialogue.translation.upstream
    streams = media_type(answer.headers.get("content-type")) == EVENTS
    if streams and dialogue.said.stream:
        return _as_stream(dialogue, answer, _frames(dialogue, chunks, told))
    completion = await _collected(upstream, chunks) if streams else _read(upstream, await _whole(chunks))
    if completion.failure is not None:
        raise UpstreamFailedError(UpstreamFailure.UNREADABLE)
    completion = told(dialogue.exchange, completion)
    if dialogue.said.stream:
        return _as_stream(dialogue, answer, _each(_writer(dialogue).end(completion)))
    return _as_json(answer, bodies.dump(client.render_answer(completion)))


async def _frames(dialogue: Dialogue, chunks: Chunks, told: Told) -> Chunks:
    """The frames of the client's stream, each as soon as the upstream's events tell it.

    Raises UpstreamBrokenError where the upstream's stream lacks its end: the client must not take it for whole.
    """
    upstream, writer, ended = dialogue.translation.upstream, _writer(dialogue), False
    reader = upstream.stream_reader()
    async for lines in event_lines(chunks):
        for event in events(b"".join(lines)):
            reader.take(event)
        completion = told(dialogue.exchange, reader.streamed.completion)
        if ended:
            continue
        ended = reader.streamed.ends > 0 or reader.streamed.completion.failure is not None
        if frames := writer.end(completion) if ended else writer.grow(completion) if completion.model else []:
            yield b"".join(frames)
    if not ended:
        completion = told(dialogue.exchange, reader.streamed.completion)
        if upstream.table.stream.end.none is None or completion.finish is None:
            raise UpstreamBrokenError("the stream has no end")
        yield b"".join(writer.end(completion))


async def _collected(codec: Codec, chunks: Chunks) -> Completion:
    reader = codec.stream_reader()
    for event in events(await _whole(chunks)):
        reader.take(event)
    streamed = reader.streamed
    if streamed.completion.finish is None and streamed.completion.failure is None:
        raise UpstreamFailedError(UpstreamFailure.UNREACHABLE)
    return streamed.completion


def _read(codec: Codec, body: bytes) -> Completion:
    completion = codec.read_answer(_json(body))
    if completion.finish is None and not completion.parts and completion.usage is None:
        raise UpstreamFailedError(UpstreamFailure.UNREADABLE)
    return completion


def _error(dialogue: Dialogue, status: int, body: bytes) -> bytes:
    """The upstream's error in the shape of the called provider; an upstream may have another shape than its dialect."""
    upstream, reference = dialogue.translation.upstream, dialogue.exchange.config.reference
    shapes: list[ErrorShape] = [upstream.shape, *reference.error_shapes.values()]
    read = (upstream.read_error(status, _json(body), shape) for shape in shapes)
    failure = next(filter(None, read), Failure(f"The upstream answered with status {status}."))
    return bodies.error_body(dialogue.shape, status, failure.message)


def _writer(dialogue: Dialogue) -> FrameWriter:
    return dialogue.translation.client.stream_writer(usage=dialogue.said.stream_usage, shape=dialogue.shape)


def _as_stream(dialogue: Dialogue, answer: StreamedAnswer, frames: Chunks) -> StreamedAnswer:
    """An event stream; one JSON array where the dialect sends that unless the query asks for events."""
    switch = dialogue.place.match.call.operation.stream
    wanted = set(parse_qsl(switch.query or "")) if switch is not None else set()
    if wanted <= set(parse_qsl(dialogue.exchange.incoming.query)):
        kind = dialogue.translation.client.framing.content_type
        return replace(answer, headers=_typed(answer.headers, kind), chunks=frames)
    return replace(answer, headers=_typed(answer.headers, "application/json"), chunks=_array(frames))


async def _array(frames: Chunks) -> Chunks:
    """The data of a stream's events as one JSON array, piece by piece."""
    begun = False
    async for piece in frames:
        for event in events(piece):
            yield (b"," if begun else b"[") + event.data.encode() + b"\r\n"
            begun = True
    yield b"]" if begun else b"[]"


async def _each(frames: list[bytes]) -> Chunks:
    for frame in frames:
        yield frame


async def _whole(chunks: Chunks) -> bytes:
    try:
        return b"".join([chunk async for chunk in chunks])
    except UpstreamBrokenError:
        raise UpstreamFailedError(UpstreamFailure.UNREACHABLE) from None


def _as_json(answer: StreamedAnswer, body: bytes) -> StreamedAnswer:
    headers = _typed(answer.headers, "application/json").setting("Content-Length", str(len(body)))
    return replace(answer, headers=headers, chunks=_each([body]))


def _typed(headers: Headers, kind: str) -> Headers:
    return headers.without(*OF_BODY).adding(("Content-Type", kind))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
