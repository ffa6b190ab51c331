"""What an SDK must make of the observer's answers, by dialect."""

from __future__ import annotations

import json
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from ...cases.cases import CallCase
from ...observer import Reply
from ...probe.probe import Probe
from ...reference.types import StreamEvent
from ..support.rich_streams import ARGUMENTS, rich_events
from ..support.streams import frames_of, in_pieces, json_answer
from .protocol import TOOL

TEXT_AT: MappingProxyType[str, tuple[str | int, ...]] = MappingProxyType(
    {
        "anthropic-messages": ("content", 0, "text"),
        "openai-chat": ("choices", 0, "message", "content"),
        "openai-responses": ("output", 0, "content", 0, "text"),
        "gemini": ("candidates", 0, "content", "parts", 0, "text"),
    }
)
"""Where an answer's text is."""
ANSWERED_IN = ("tool_use_id", "tool_call_id", "call_id")
"""The fields that name the call of which a request brings the result."""
GEMINI_RESULTS = ("functionResponse", "function_response")
"""Google's SDK writes it in one way or the other, by its version."""
ADDED: MappingProxyType[str, tuple[dict[str, Any], dict[str, Any]]] = MappingProxyType(
    {"cerebras": ({"system_fingerprint": "fp_example"}, {"type": "function"})}
)
"""Fields that the SDK of a provider insists on: of a chunk, and of each part of a tool call in one."""


def text_of(case: CallCase, probe: Probe) -> str:
    """The text of the observer's normal answer."""
    found: Any = json_answer(case, probe)
    for step in TEXT_AT[case.call.dialect]:
        found = found[step]
    return str(found)


def tool_reply(case: CallCase, probe: Probe) -> Reply:
    """An answer that calls the tool: in the stream among thinking, text and other calls; else one call alone."""
    if case.stream:
        events = [_with_added(event, case.provider.id) for event in rich_events(case, case.model)]
        return Reply(pieces=in_pieces(frames_of(events, case, probe)))
    answer = {**json_answer(case, probe), **_CALLING[case.call.dialect]}
    return Reply(body=json.dumps(answer, ensure_ascii=False).encode())


def tool_calls(case: CallCase) -> tuple[tuple[str | None, str, Any], ...]:
    """Id, name and arguments of each call in `tool_reply`. Gemini's calls have no id."""
    ids: Iterable[str | None] = _IDS[case.call.dialect][case.stream]
    return tuple((id_, TOOL, json.loads(ARGUMENTS)) for id_ in ids)


def answered(body: Any) -> tuple[str, ...]:
    """The ids of the calls of which a request brings the results, in order; of Gemini's the tool's name."""
    return tuple(_answered(body))


def _with_added(event: StreamEvent, provider: str) -> StreamEvent:
    of_chunk, of_call = ADDED.get(provider, ({}, {}))
    if not isinstance(event.data, dict):
        return event
    data: dict[str, Any] = json.loads(json.dumps({**event.data, **of_chunk}))
    for choice in data.get("choices", ()):
        for call in choice["delta"].get("tool_calls", ()):
            call.update(of_call)
    return StreamEvent(event=event.event, data=data)


def _answered(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        is_result = value.get("type") != "function_call"
        yield from (value[name] for name in ANSWERED_IN if is_result and name in value)
        yield from (value[name]["name"] for name in GEMINI_RESULTS if name in value)
        for item in value.values():
            yield from _answered(item)
    elif isinstance(value, list):
        for item in value:
            yield from _answered(item)


_FUNCTION = {"name": TOOL, "arguments": ARGUMENTS}
_CALLING: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "anthropic-messages": {
            "content": [{"type": "tool_use", "id": "toolu_example1", "name": TOOL, "input": json.loads(ARGUMENTS)}],
            "stop_reason": "tool_use",
        },
        "openai-chat": {
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [{"id": "call_example0", "type": "function", "function": _FUNCTION}],
                    },
                    "finish_reason": "tool_calls",
                }
            ],
        },
        "openai-responses": {
            "output": [
                {
                    "id": "fc_example1",
                    "type": "function_call",
                    "status": "completed",
                    "call_id": "call_example1",
                    **_FUNCTION,
                }
            ],
        },
        "gemini": {
            "candidates": [
                {
                    "content": {
                        "role": "model",
                        "parts": [{"functionCall": {"name": TOOL, "args": json.loads(ARGUMENTS)}}],
                    },
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
        },
    }
)
_IDS: MappingProxyType[str, tuple[tuple[str | None, ...], tuple[str | None, ...]]] = MappingProxyType(
    {
        "anthropic-messages": (("toolu_example1",), ("toolu_example1", "toolu_example2")),
        "openai-chat": (("call_example0",), ("call_example0", "call_example1")),
        "openai-responses": (("call_example1",), ("call_example1", "call_example2")),
        "gemini": ((None,), (None,)),
    }
)
"""The ids of the calls in an answer that is whole, and of those in a stream."""
