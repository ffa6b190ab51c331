"""Answers that end for a reason which does not follow from their content, with usage that does not add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ...cases.cases import VariedCase
from ...dialects.bodies import dump
from ...observer import Reply
from ...probe.probe import Probe
from ...reference.types import StreamEvent
from ...target.target import Target
from .streams import frames_of, in_pieces, json_answer, stream_events, stream_reply

TOTALS = ("total_tokens", "totalTokenCount")
ODD_TOTAL = 100_003
"""A total that is the sum of no other numbers: vendors count what they do not list."""


@dataclass(frozen=True)
class Ends:
    """The reasons by which a dialect's answers end, beside the usual ones."""

    reasons: tuple[str, ...]
    put: Callable[[dict[str, Any], str], dict[str, Any]]
    """An object of an answer with a reason in the place that the dialect has for it."""


def _at(key: str) -> Callable[[dict[str, Any], str], dict[str, Any]]:
    return lambda data, reason: {**data, key: reason} if isinstance(data.get(key), str) else data


def _incomplete(data: dict[str, Any], reason: str) -> dict[str, Any]:
    """A response that ended early, and the event that says so."""
    if data.get("type") == "response.completed":
        return {**data, "type": "response.incomplete"}
    if data.get("object") == "response" and data.get("status") == "completed":
        return {**data, "status": "incomplete", "incomplete_details": {"reason": reason}}
    return data


ENDS = MappingProxyType(
    {
        "anthropic-messages": Ends(
            ("max_tokens", "stop_sequence", "pause_turn", "refusal", "model_context_window_exceeded"),
            _at("stop_reason"),
        ),
        "openai-chat": Ends(("length", "content_filter", "function_call"), _at("finish_reason")),
        "openai-responses": Ends(("max_output_tokens", "content_filter"), _incomplete),
        "gemini": Ends(
            ("MAX_TOKENS", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "MALFORMED_FUNCTION_CALL"),
            _at("finishReason"),
        ),
    }
)
"""Each dialect's, as its vendor documents them."""
MOST = max(len(ends.reasons) for ends in ENDS.values())


def has_ends(case: VariedCase, _target: Target) -> bool:
    """Calls of a model in a dialect whose reasons are known."""
    return case.call.dialect in ENDS and case.call.operation.metered


def ending(case: VariedCase, probe: Probe, reason: str) -> Reply:
    """The answer of a case's call, ended for this reason, as a stream where the case has one."""
    put = ENDS[case.call.dialect].put
    if not case.stream:
        return Reply(body=dump(_changed(json_answer(case, probe), reason, put)))
    events = [
        StreamEvent(event=_named(event, data), data=data)
        for event in stream_events(case, probe)
        for data in [_changed(event.data, reason, put)]
    ]
    return stream_reply(case, probe, in_pieces(frames_of(events, case, probe)))


def _named(event: StreamEvent, data: Any) -> str | None:
    """The event's name, which follows its type where the type was changed."""
    kind = data.get("type") if isinstance(data, dict) else None
    return kind if kind == "response.incomplete" and event.event else event.event


def _changed(data: Any, reason: str, put: Callable[[dict[str, Any], str], dict[str, Any]]) -> Any:
    if isinstance(data, list):
        return [_changed(item, reason, put) for item in data]
    if not isinstance(data, dict):
        return data
    inner = {name: ODD_TOTAL if name in TOTALS else _changed(value, reason, put) for name, value in data.items()}
    return put(inner, reason)
