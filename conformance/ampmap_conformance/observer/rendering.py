"""What a scripted meaning looks like in the form of the request that arrived. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..dialects.bodies import dump
from ..meanings import Codec, Completion, Text, by_word
from ..wire.sse import events
from .script import End, Form, Pieces, Reply


@dataclass(frozen=True, slots=True)
class Asked:
    """The form of the answer that a request asks for."""

    codec: Codec
    model: str
    """The model that it names."""
    stream: bool
    usage: bool
    """Whether it asks a stream for the usage."""
    as_array: bool
    """Whether it asks for a stream as one JSON array."""

    @property
    def form(self) -> Form:
        """Dialect and kind of the answer."""
        return Form(self.codec.dialect, self.stream)


def rendered(reply: Reply, asked: Asked, codecs: Mapping[str, Codec]) -> Reply:
    """The reply with its meaning as bytes of the form that is asked for; the same where it has bytes of this form.

    Bytes of another form that say nothing stay as they are.
    """
    if reply.says is not None:
        return replace(_written(reply, _named(reply.says, asked), asked), says=None)
    raw = b"".join(data for _, data in reply.pieces) if reply.pieces is not None else reply.body
    if not raw or reply.form in (None, asked.form) or reply.form.dialect not in codecs:
        return reply
    said = _read(codecs[reply.form.dialect], raw, stream=reply.form.stream)
    if said is None:
        return reply
    gap = max((delay for delay, _ in (reply.pieces or ())[1:]), default=0.0)
    written = _written(reply, said, asked)
    parts = tuple((gap if place else delay, data) for place, (delay, data) in enumerate(written.pieces or ()))
    whole = reply.end is not End.CLEAN and reply.stop_after is not None
    return replace(written, pieces=parts, stop_after=len(parts) if whole else reply.stop_after)


def _named(said: Completion, asked: Asked) -> Completion:
    return said if said.model else replace(said, model=asked.model)


def _read(codec: Codec, raw: bytes, *, stream: bool) -> Completion | None:
    if stream:
        reader = codec.stream_reader()
        for event in events(raw):
            reader.take(event)
        said = reader.streamed.completion
    else:
        try:
            said = codec.read_answer(json.loads(raw))
        except ValueError:
            return None
    return said if said.parts or said.finish or said.failure or said.model else None


def _written(reply: Reply, said: Completion, asked: Asked) -> Reply:
    if not asked.stream:
        whole: Pieces = ((0.0, dump(asked.codec.render_answer(said))),)
        return replace(reply, body=None, pieces=whole)
    frames = _grouped(said, asked) if reply.by_word else _frames(said, asked)
    parts = _as_array(frames) if asked.as_array else frames
    return replace(reply, body=None, pieces=tuple((0.0, data) for data in parts))


def _frames(said: Completion, asked: Asked) -> list[bytes]:
    """One event each; a completion that does not tell why it ends is only begun."""
    if said.finish is None and said.failure is None:
        return asked.codec.stream_writer(usage=asked.usage).grow(said)
    return asked.codec.render_stream(said, usage=asked.usage)


def _grouped(said: Completion, asked: Asked) -> list[bytes]:
    """What leads to each word of the first text, and then the rest."""
    writer, groups, so_far = asked.codec.stream_writer(usage=asked.usage), list[bytes](), ""
    at = next((place for place, part in enumerate(said.parts) if isinstance(part, Text)), len(said.parts))
    words = [word for part in said.parts[at : at + 1] if isinstance(part, Text) for word in by_word(part.text)]
    for word in words:
        so_far += word
        groups.append(b"".join(writer.grow(replace(said, parts=(*said.parts[:at], Text(so_far))))))
    return [*groups, b"".join(writer.end(said))]


def _as_array(frames: list[bytes]) -> list[bytes]:
    chunks: list[Any] = [event.json() for event in events(b"".join(frames))]
    return [(b"," if place else b"[") + dump(chunk) + b"\r\n" for place, chunk in enumerate(chunks)] + [b"]"]
