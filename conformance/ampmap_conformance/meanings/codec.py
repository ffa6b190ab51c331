"""One dialect as a table of meanings: what writes and reads its requests, answers and streams. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..dialects.bodies import error_words, frame
from ..reference.types import Endpoint, ErrorShape, Meanings, Reference, StreamFraming, found
from ..wire.json_text import loads
from ..wire.sse import Event, events
from .answers import Answers, read_failure
from .requests import Requests
from .stream_reading import Streamed, StreamForms, StreamReader
from .stream_writing import Pieces, StreamWriter, in_one, in_two
from .values import Completion, Conversation, Demands, Failure, Said, Tool

UNKNOWN_STATUS = 500
"""The status of a failure in a stream that does not tell its own."""


class Codec:
    """Writes and reads one dialect. Immutable, so that threads can share it."""

    def __init__(self, reference: Reference, table: Meanings) -> None:
        endpoints: Mapping[Any, Endpoint] = reference.endpoints
        framing = endpoints[table.id].streaming
        if framing is None:
            raise LookupError(f"{table.id} has no streams")
        self.dialect: str = table.id
        self.operation: str = table.operation
        self.framing: StreamFraming = framing
        self.shape: ErrorShape = reference.error_shapes[table.error_shape]
        """The shape of the errors of the dialect's own vendor."""
        self.table = table
        self._requests = Requests(table)
        self._answers = Answers(table)
        self._stream_forms = StreamForms(table)

    def carries(self, said: Said) -> bool:
        """Whether a request of the dialect has a place for a part."""
        return self._requests.carries(said)

    def render_request(self, conversation: Conversation) -> dict[str, Any]:
        """The body that says this; what the path says is not in it, and what has no place is left out."""
        return self._requests.render(conversation)

    def read_request(self, body: Any, *, model: str = "", stream: bool = False) -> Conversation:
        """What a body says; `model` and `stream` are what the path says of them."""
        return self._requests.read(body, model=model, stream=stream)

    def render_answer(self, completion: Completion) -> dict[str, Any]:
        """The body that says this. A failure is not in it: it is an error in a provider's own shape."""
        return self._answers.render(completion)

    def read_answer(self, body: Any) -> Completion:
        """What the body of an answer says that is not an error."""
        return self._answers.read(body)

    def read_error(self, status: int, body: Any, shape: ErrorShape | None = None) -> Failure | None:
        """What an error says, in `shape` or the vendor's own; None where it is not of that shape."""
        return read_failure(shape or self.shape, status, body)

    def render_stream(
        self,
        completion: Completion,
        *,
        usage: bool = True,
        pieces: Pieces = in_two,
        shape: ErrorShape | None = None,
    ) -> list[bytes]:
        """The frames of the stream that says this, terminator included.

        `usage` says whether the request asked for the usage. A failure comes after the parts and ends the stream; its
        type and code are those of `shape`, or of the vendor's own, for its status.
        """
        return self.stream_writer(usage=usage, pieces=pieces, shape=shape).end(completion)

    def asks_for_usage(self, body: Any) -> bool:
        """Whether a request asks that the stream tells the usage, in dialects that leave that to the request."""
        return any(found(form, body) for form in self.table.request.stream_usage.forms)

    def demands(self, body: Any) -> Demands:
        """What a request demands of its answer."""
        return self._requests.demands(body)

    def tools(self, body: Any) -> tuple[Tool, ...]:
        """The tools that a request offers."""
        return self._requests.tools(body)

    def stream_writer(
        self, *, usage: bool = True, pieces: Pieces = in_one, shape: ErrorShape | None = None
    ) -> FrameWriter:
        """What writes one stream while it becomes known what it says; arguments as for `render_stream`."""
        writer = StreamWriter(self.table, self._answers, usage=usage, pieces=pieces)
        return FrameWriter(writer, self.framing, shape or self.shape)

    def read_stream(self, body: bytes) -> Streamed:
        """What the events of a stream say, as far as it came. One JSON array of them is a stream as well."""
        reader = self.stream_reader()
        for event in _array(body) if body[:1] == b"[" else events(body):
            reader.take(event)
        return reader.streamed

    def stream_reader(self) -> StreamReader:
        """What reads one stream of the dialect, event by event."""
        return StreamReader(self._stream_forms, self._answers)


class FrameWriter:
    """Writes one stream as bytes: what it is given says each time all that is known so far."""

    def __init__(self, writer: StreamWriter, framing: StreamFraming, shape: ErrorShape) -> None:
        self._writer, self._framing, self._shape = writer, framing, shape

    def grow(self, completion: Completion) -> list[bytes]:
        """The frames for what is new."""
        return [frame(event, self._framing) for event in self._writer.grow(completion)]

    def end(self, completion: Completion) -> list[bytes]:
        """The frames for the rest and the end, or for the rest and the failure."""
        failure = completion.failure
        if failure is not None:
            status = failure.status or UNKNOWN_STATUS
            words = error_words(self._shape, status)
            type_, code = failure.type or words["type"], failure.code or words["code"]
            completion = replace(completion, failure=replace(failure, status=status, type=type_, code=code))
        return [frame(event, self._framing) for event in self._writer.end(completion)]


def _array(body: bytes) -> list[Event]:
    try:
        items: list[Any] = loads(body)
    except ValueError:  # it has not come to its end
        return []
    return [Event("", json.dumps(item)) for item in items]


def codecs(reference: Reference) -> dict[str, Codec]:
    """The codecs of all dialects whose meanings the reference has, by dialect."""
    return {str(id_): Codec(reference, table) for id_, table in reference.meanings.items()}
