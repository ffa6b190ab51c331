"""Between values and what templates name: one table each way, for parts, tools and usage. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..wire.json_text import loads
from .values import Image, Part, Text, Thinking, ToolCall, ToolResult, Usage

UNSIGNED: Final = "RXhhbXBsZQ=="
"""Stands for the signature of what was thought, where a dialect demands one and there is none."""


def values_of(part: Part) -> dict[str, Any]:
    """What templates may name of a part."""
    match part:
        case Text(text):
            return {"text": text}
        case Thinking(text, signature):
            return {"text": text, "signature": signature or UNSIGNED}
        case Image(media_type, data, url):
            return {"media_type": media_type, "data": data, "url": url}
        case ToolCall(name, arguments, id_):
            whole = arguments if isinstance(arguments, str) else compact(arguments)
            return {"id": id_, "name": name, "arguments": arguments, "arguments_text": whole}
        case ToolResult(text, id_, name):
            return {"id": id_, "name": name, "text": text}


def call_of(values: Mapping[str, Any]) -> ToolCall:
    """The call of a tool that templates found."""
    return ToolCall(values["name"], arguments_of(values), values.get("id"))


def arguments_of(values: Mapping[str, Any]) -> Any:
    """The arguments of a call: an object, none at all as an empty one, or the text itself where it is invalid JSON."""
    if "arguments" in values:
        return values["arguments"]
    text: str = values.get("arguments_text") or ""
    try:
        return loads(text) if text.strip() else {}
    except ValueError:
        return text


def result_of(values: Mapping[str, Any]) -> ToolResult:
    """The result of a call that templates found."""
    text = values["text"] if "text" in values else compact(values["result"])
    return ToolResult(text, values.get("id"), values.get("name"))


def usage_values(usage: Usage) -> dict[str, int]:
    """What templates may name of a usage."""
    return {
        "input": usage.input,
        "cached": usage.cached,
        "uncached": usage.input - usage.cached,
        "output": usage.output,
        "reasoning": usage.reasoning,
        "spoken": usage.output - usage.reasoning,
        "total": usage.input + usage.output,
    }


def usage_of(values: Mapping[str, int]) -> Usage | None:
    """The usage that templates found; None where they found neither side of it."""
    cached, reasoning = values.get("cached", 0), values.get("reasoning", 0)
    asked = values["input"] if "input" in values else values["uncached"] + cached if "uncached" in values else None
    told = values["output"] if "output" in values else values.get("spoken", 0) + reasoning
    return None if asked is None else Usage(asked, told, cached, reasoning)


def compact(data: Any) -> str:
    """JSON in one line, letters as they are."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
