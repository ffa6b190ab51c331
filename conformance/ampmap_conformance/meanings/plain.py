"""Completions as plain data and back, for the control API of an observer in another process."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from .values import Completion, Failure, Finish, Image, Part, Text, Thinking, ToolCall, ToolResult, Usage

_KINDS: Final[dict[str, type[Part]]] = {
    "text": Text,
    "thinking": Thinking,
    "image": Image,
    "tool_call": ToolCall,
    "tool_result": ToolResult,
}


def to_plain(completion: Completion) -> dict[str, Any]:
    """A completion as JSON values."""
    names = {kind: name for name, kind in _KINDS.items()}
    return {
        "model": completion.model,
        "parts": [{"kind": names[type(part)], **dataclasses.asdict(part)} for part in completion.parts],
        "finish": completion.finish,
        "usage": completion.usage and dataclasses.asdict(completion.usage),
        "failure": completion.failure and dataclasses.asdict(completion.failure),
    }


def from_plain(data: dict[str, Any]) -> Completion:
    """The reverse of `to_plain`. Raises ValueError, KeyError or TypeError for anything else."""
    return Completion(
        model=data["model"],
        parts=tuple(_part(dict(part)) for part in data["parts"]),
        finish=None if data["finish"] is None else Finish(data["finish"]),
        usage=None if data["usage"] is None else Usage(**data["usage"]),
        failure=None if data["failure"] is None else Failure(**data["failure"]),
    )


def _part(data: dict[str, Any]) -> Part:
    return _KINDS[data.pop("kind")](**data)
