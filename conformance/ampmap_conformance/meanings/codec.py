"""One dialect as a table of meanings: what writes and reads its requests, answers and streams. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..dialects.bodies import error_words, frame
from ..reference.types import Endpoint, ErrorShape, Meanings, Reference, StreamFraming
from .answers import Answers, read_failure
from .requests import Requests
from .streams import Pieces, StreamReader, Streams, in_two
from .values import Completion, Conversation, Failure, Said

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
        self._streams = Streams(table, self._answers)

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
        failure = completion.failure
        if failure is not None:
            status = failure.status or UNKNOWN_STATUS
            words = error_words(shape or self.shape, status)
            failure = replace(
                failure, status=status, type=failure.type or words["type"], code=failure.code or words["code"]
            )
        events = self._streams.render(replace(completion, failure=failure), usage=usage, pieces=pieces)
        return [frame(event, self.framing) for event in events]

    def stream_reader(self) -> StreamReader:
        """What reads one stream of the dialect, event by event."""
        return self._streams.reader()


def codecs(reference: Reference) -> dict[str, Codec]:
    """The codecs of all dialects whose meanings the reference has, by dialect."""
    return {str(id_): Codec(reference, table) for id_, table in reference.meanings.items()}
