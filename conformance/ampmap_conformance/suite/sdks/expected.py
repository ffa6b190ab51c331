"""What an SDK must make of the observer's answers, by dialect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ...cases.cases import CallCase
from ...observer import Reply
from ...probe.probe import Probe
from ..support.rich_streams import RICH, rich_reply
from ..support.streams import json_answer

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


def text_of(case: CallCase, probe: Probe) -> str:
    """The text of the observer's normal answer."""
    found: Any = json_answer(case, probe)
    for step in TEXT_AT[case.call.dialect]:
        found = found[step]
    return str(found)


def tool_reply(case: CallCase) -> Reply:
    """An answer that calls the tool: in the stream among thinking, text and other calls; else one call alone."""
    return rich_reply() if case.stream else Reply(says=replace(RICH, parts=RICH.calls[:1]))


def tool_calls(case: CallCase) -> tuple[tuple[str | None, str, Any], ...]:
    """Id, name and arguments of each call in `tool_reply`."""
    return tuple((call.id, call.name, call.arguments) for call in RICH.calls[: None if case.stream else 1])


def answered(body: Any) -> tuple[str, ...]:
    """The ids of the calls of which a request brings the results, in order; the name of the tool for one without id."""
    return tuple(_answered(body))


def _answered(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        is_result = value.get("type") != "function_call"
        yield from (value[name] for name in ANSWERED_IN if is_result and name in value)
        yield from (value[name].get("id") or value[name]["name"] for name in GEMINI_RESULTS if name in value)
        for item in value.values():
            yield from _answered(item)
    elif isinstance(value, list):
        for item in value:
            yield from _answered(item)
