"""The minimal bodies of the reference, filled in: requests, answers, streams and errors as bytes.

Every function is pure. JSON is written compactly and in UTF-8, so that a non-ASCII letter is a
letter on the wire and not an escape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..reference.types import Call, Endpoint, ErrorShape, Reference, StatusRow, StreamEvent, StreamFraming

FINISH_KEYS = frozenset({"finish_reason", "finishReason", "stop_reason"})

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def fill(template: Any, **values: str | int | None) -> Any:
    """`template` with `{name}` replaced by `values` in every string.

    A string that is nothing but a placeholder takes the value with its type, so `None` becomes
    null; `{status}` always becomes an int there. Names without a value stay as they are, which
    leaves braces that belong to the text alone.
    """
    if isinstance(template, dict):
        return {key: fill(item, **values) for key, item in template.items()}
    if isinstance(template, list | tuple):
        return [fill(item, **values) for item in template]
    if not isinstance(template, str):
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    if whole and whole[1] in values:
        value = values[whole[1]]
        return int(value) if whole[1] == "status" and value is not None else value
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), template)


def dump(data: Any) -> bytes:
    """JSON as this package writes it: compact, non-ASCII kept."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def merged(base: Any, extra: Any) -> Any:
    """`base` with `extra` laid over it: objects by key, lists of one length by place, the rest replaced."""
    if isinstance(base, dict) and isinstance(extra, dict):
        return {**base, **{key: merged(base.get(key), item) for key, item in extra.items()}}
    if isinstance(base, list) and isinstance(extra, list | tuple) and len(base) == len(extra):
        return [merged(ours, theirs) for ours, theirs in zip(base, extra, strict=True)]
    return base if extra is None else extra


def listed_model(reference: Reference, provider: str) -> str:
    """The model that an answer names when the request names none: the provider's first in the reference."""
    served = (model.wire_id or model.id for model in reference.models.values() if model.provider == provider)
    return next(served, "example-model")


def framing(reference: Reference, call: Call) -> StreamFraming:
    """How the call's dialect frames its streams. Raises LookupError when the dialect has none."""
    endpoints: Mapping[Any, Endpoint] = reference.endpoints
    found = endpoints[call.dialect].streaming
    if found is None:
        raise LookupError(f"{call.dialect} has no streams")
    return found


def request_body(call: Call, model: str, text: str, *, stream: bool) -> bytes:
    """The smallest valid request; empty for calls without a body.

    `stream` sets the stream field of dialects that switch in the body and leaves it out when
    false; the others switch by `Call.path`.
    """
    if call.operation.request is None:
        return b""
    body = fill(call.operation.request, model=model, text=text)
    switch = call.operation.stream
    if stream and switch is not None and switch.by == "body":
        body = {**body, switch.field or "stream": True}
    return dump(body)


def response_body(call: Call, model: str) -> bytes:
    """The smallest valid answer, with the fields that only this provider adds; empty for calls that have none."""
    if call.operation.response is None:
        return b""
    extras: Mapping[Any, Any] = call.provider.response_extras
    return dump(fill(merged(call.operation.response, extras.get(call.id)), model=model))


def stream_data(call: Call, model: str) -> list[StreamEvent]:
    """The events of a minimal complete stream, filled in, with the provider's extras in the last finishing one."""
    events = [StreamEvent(event=event.event, data=fill(event.data, model=model)) for event in call.operation.events]
    finishing = [place for place, event in enumerate(events) if _finishes(event.data)]
    if finishing and call.provider.final_chunk_extras is not None:
        last = events[finishing[-1]]
        extras = fill(call.provider.final_chunk_extras, model=model)
        events[finishing[-1]] = StreamEvent(event=last.event, data=merged(last.data, extras))
    return events


def stream_frames(call: Call, model: str, how: StreamFraming) -> list[bytes]:
    """A minimal complete stream, one server-sent event per element; `how` comes from `framing`."""
    return [frame(event, how) for event in stream_data(call, model)]


def stream_array(call: Call, model: str) -> list[bytes]:
    """The same stream as one JSON array in pieces: what a dialect sends when it is asked for no event stream."""
    chunks = [event.data for event in stream_data(call, model)]
    return [(b"," if place else b"[") + dump(chunk) + b"\r\n" for place, chunk in enumerate(chunks)] + [b"]"]


def in_band_error_frame(
    call: Call, how: StreamFraming, message: str = "Overloaded.", status: int = 503, *, other: bool = False
) -> bytes:
    """How an error looks once the stream has begun, in its documented form or the `other` one that servers send.

    Raises LookupError if the sources do not state it.
    """
    event = call.operation.other_in_band_error if other else call.operation.in_band_error
    if event is None:
        raise LookupError(f"{call.provider.id} {call.id} has no known in-band error")
    data = fill(event.data, message=message, status=status)
    return frame(StreamEvent(event=event.event, data=data), how)


def frame(event: StreamEvent, how: StreamFraming) -> bytes:
    """One server-sent event as bytes."""
    data = event.data.encode() if isinstance(event.data, str) else dump(event.data)
    head = f"event: {event.event}{how.newline}".encode() if event.event and how.event_line != "none" else b""
    newline = how.newline.encode()
    return head + b"data: " + data + newline + newline


def error_body(shape: ErrorShape, status: int, message: str) -> bytes:
    """An error of `status` in a provider's own form. A type or code that the sources do not state is null."""
    return dump(fill(shape.body, status=status, message=message, **error_words(shape, status)))


def error_words(shape: ErrorShape, status: int) -> dict[str, str | None]:
    """The `type` and `code` of an error of `status`; None for what the sources do not state."""
    return {field: _stated_value(shape, status, field) for field in ("type", "code")}


def _stated_value(shape: ErrorShape, status: int, field: str) -> str | None:
    rows: list[StatusRow] = []
    if status in shape.statuses:
        rows.append(shape.statuses[status])
    default = shape.default.get("5xx" if status >= 500 else "4xx")
    if default is not None:
        rows.append(default)
    for row in rows:
        value = getattr(row, field)
        if field in row.model_fields_set and value != "unknown":
            return None if value is None else str(value)
    return None


def _finishes(data: Any) -> bool:
    if isinstance(data, dict):
        return any((key in FINISH_KEYS and item is not None) or _finishes(item) for key, item in data.items())
    return isinstance(data, list) and any(_finishes(item) for item in data)
