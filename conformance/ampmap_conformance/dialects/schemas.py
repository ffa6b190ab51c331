"""Whether a message of a dialect is what the reference says: one judge for the target's messages and for the kit's own.

The schemas are JSON Schema 2020-12, as `Operation` and `ErrorShape` hold them. An operation without one is not judged.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..reference.types import Call, Endpoint, ErrorShape, Reference
from ..wire.redaction import NONCE_BYTES
from ..wire.sse import events

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

REMEMBERED = 4096
"""Bodies whose verdict is kept: the kit's own are few, and differ in their nonce alone."""
LARGEST = 16_384
"""Bytes of a body beyond which its verdict is not kept."""


class Schemas:
    """The schemas of a reference, compiled when they are first needed. Safe to share among threads.

    Every method gives the first problem as a phrase, or None.
    """

    def __init__(self, reference: Reference) -> None:
        self._endpoints: dict[str, Endpoint] = {str(id_): one for id_, one in reference.endpoints.items()}
        self._lock = threading.Lock()
        self._validators: dict[tuple[str, ...], Validator | None] = {}
        self._known: dict[tuple[tuple[str, ...], bytes], str | None] = {}

    def request(self, call: Call, body: bytes) -> str | None:
        """The body of a request of `call`."""
        return self._judged(call, "request", body, lambda: call.operation.request_schema)

    def response(self, call: Call, body: bytes) -> str | None:
        """The body of an answer to `call` that is not a stream."""
        return self._judged(call, "response", body, lambda: call.operation.response_schema)

    def array(self, call: Call, body: bytes) -> str | None:
        """A stream of `call` in its other form: one JSON array of what the events would hold."""
        return self._judged(call, "array", body, lambda: {"type": "array", "items": call.operation.event_schema or {}})

    def error(self, shape: ErrorShape, body: bytes) -> str | None:
        """The body of an error in a provider's own shape."""
        key = ("", shape.id, "error")
        return self._remembered(key, body, lambda: self._problem(key, body, lambda: shape.body_schema))

    def stream(self, call: Call, body: bytes) -> str | None:
        """A whole stream of `call`: every event, their framing, and that there are any."""
        return self._remembered((call.dialect, call.id, "stream"), body, lambda: self._stream(call, body))

    def _stream(self, call: Call, body: bytes) -> str | None:
        how = self._endpoints[call.dialect].streaming
        found = events(body)
        if not found:
            return "the stream has no events"
        key = (call.dialect, call.id, "event")
        for number, event in enumerate(found, start=1):
            if how is not None and event.data in how.text_data:
                continue
            if how is not None and how.event_line == "required" and not event.name:
                return f"event {number} has no name"
            problem = self._problem(key, event.data.encode(), lambda: call.operation.event_schema)
            if problem:
                return f"event {number}: {problem}"
        return None

    def _judged(self, call: Call, kind: str, body: bytes, schema: Callable[[], Any]) -> str | None:
        key = (call.dialect, call.id, kind)
        return self._remembered(key, body, lambda: self._problem(key, body, schema))

    def _remembered(self, key: tuple[str, ...], body: bytes, judge: Callable[[], str | None]) -> str | None:
        if len(body) > LARGEST:
            return judge()
        known = (key, NONCE_BYTES.sub(b"", body))
        with self._lock:
            if known in self._known:
                return self._known[known]
        found = judge()
        with self._lock:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[known] = found
        return found

    def _problem(self, key: tuple[str, ...], body: bytes, schema: Callable[[], Any]) -> str | None:
        validator = self._validator(key, schema)
        return None if validator is None else _first_problem(validator, body)

    def _validator(self, key: tuple[str, ...], schema: Callable[[], Any]) -> Validator | None:
        with self._lock:
            if key not in self._validators:
                self._validators[key] = self._compiled(key[0], schema())
            return self._validators[key]

    def _compiled(self, dialect: str, schema: Any) -> Validator | None:
        if schema is None:
            return None
        from jsonschema import Draft202012Validator

        return Draft202012Validator(self._endpoints[dialect].standalone(schema) if dialect else schema)


def _first_problem(validator: Validator, body: bytes) -> str | None:
    try:
        data = json.loads(body)
    except ValueError:
        return "the body is not valid JSON"
    from jsonschema.exceptions import best_match

    error = best_match(validator.iter_errors(data))
    if error is None:
        return None
    return f"{_place(error.absolute_path)}: {error.message}"


def _place(path: Iterable[str | int]) -> str:
    return ".".join(str(step) for step in path) or "the body"
