"""How a stream tells its client of an error: by class and message, whatever else the event holds. Raises Violation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..errors import Violation
from ..reference.types import StreamEvent
from ..wire.messages import Exchange
from ..wire.sse import Event, decode_body, events

CLASSES = ("type", "code", "status")
"""The fields in which the dialects name the class of an error."""


def assert_no_clean_end(exchange: Exchange, in_band_error: StreamEvent | None) -> None:
    """A stream that broke off upstream is broken for the client too, or ends with an error of the dialect.

    That is its error event, or its last event if that says that the answer failed. A mark of the end may stand behind
    it, for clients do not read on.
    """
    response = exchange.response
    came = [each for each in events(decode_body(response.headers, response.body)) if isinstance(each.json(), dict)]
    told = bool(came) and (
        _failed_answer(came[-1].json()) is not None
        or (in_band_error is not None and is_error_of(in_band_error, came[-1]))
    )
    if response.broken is not None or told or response.status >= 500:
        return
    saying, wanted = "a stream that was cut off looks complete", "a broken transfer or an error event at the end"
    seen, code = f"status {response.status}, {len(came)} events and a clean end", "clean-end"
    if came and own_error_of(came[-1:]) is not None:
        saying, wanted = (
            "the error at the end of a stream is not one that SDKs of the dialect read",
            _form(in_band_error),
        )
        name = f"an event `{came[-1].name}`" if came[-1].name else "an event without a name"
        seen, code = f"{name} with {_fields(came[-1])}", "unread-error-event"
    raise Violation(saying, expected=wanted, actual=seen, code=code)


def is_error_of(template: StreamEvent, event: Event) -> bool:
    """Whether an event is an error of the dialect that has `template`: the same name, a class, and a message."""
    data, wanted = event.json(), template.data
    if not isinstance(data, dict) or not isinstance(wanted, dict) or event.name != (template.event or ""):
        return False
    if "type" in wanted and data.get("type") != wanted["type"]:
        return False
    inner = data.get("error")
    if "error" in wanted and not isinstance(inner, dict):
        return False
    error = inner if isinstance(inner, dict) else data
    classes = [name for name in CLASSES if error.get(name) is not None]
    return bool(classes) and isinstance(error.get("message"), str)


def own_error_of(came: Iterable[Event]) -> Any:
    """The data of the first event that reports an error, or None; of an answer that failed, the answer."""
    for event in came:
        data = event.json()
        if (failed := _failed_answer(data)) is not None:
            return failed
        if isinstance(data, dict) and (event.name == "error" or data.get("error") or data.get("type") == "error"):
            return data
    return None


def _failed_answer(data: Any) -> dict[str, Any] | None:
    """The answer in an event, if it says itself that it failed and why: Responses ends so."""
    answer = data.get("response") if isinstance(data, dict) else None
    if not isinstance(answer, dict) or answer.get("status") != "failed":
        return None
    error = answer.get("error")
    return answer if isinstance(error, dict) and isinstance(error.get("message"), str) else None


def _fields(event: Event) -> str:
    """What an event holds, without its values: they may hold ids."""
    data = event.json()
    if not isinstance(data, dict):
        return "data that is not a JSON object"
    inner = data.get("error")
    names = [*data, *(f"error.{name}" for name in (inner if isinstance(inner, dict) else ()))]
    return f"the fields {', '.join(map(str, names))}"


def _form(template: StreamEvent | None) -> str:
    if template is None:
        return "a broken transfer"
    name = f"an event `{template.event}`" if template.event else "an event without a name"
    return f"{name} like {json.dumps(template.data)}"
