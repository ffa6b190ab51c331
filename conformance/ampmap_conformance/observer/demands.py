"""What the observer answers to a request that demands something of its answer: a call of a tool, or JSON. Pure."""

from __future__ import annotations

from typing import Any

from ..dialects.bodies import dump
from ..dialects.samples import sample
from ..meanings import Codec, Completion, Finish, Text, ToolCall, Usage

CALL = "call_example0001"
USAGE = Usage(input=9, output=4)


def demanded(codec: Codec, body: dict[str, Any]) -> Completion | None:
    """The answer that a request demands, or None where any would do."""
    demands = codec.demands(body)
    if demands.tool_call:
        offered = codec.tools(body)
        tool = next((tool for tool in offered if demands.tool in (None, tool.name)), None)
        if tool is None:
            return None
        arguments = sample(tool.parameters) or {}
        return Completion("", (ToolCall(tool.name, arguments, CALL),), Finish.TOOL_CALLS, USAGE)
    if demands.json:
        value = {} if demands.schema is None else sample(demands.schema)
        return Completion("", (Text(dump(value).decode()),), Finish.STOP, USAGE)
    return None


def usage_frames(codec: Codec, said: Completion) -> list[bytes]:
    """The events by which a stream that says this tells its usage, where the dialect leaves that to the request."""
    plain = codec.render_stream(said, usage=False)
    return [frame for frame in codec.render_stream(said, usage=True) if frame not in plain]
