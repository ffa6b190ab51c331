"""What a model call says, in no dialect: the conversation of the request and the completion of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, TypeAlias

Json: TypeAlias = Any


@unique
class Side(StrEnum):
    """Who says a part of a conversation. The results of tools are on the user's side."""

    USER = "user"
    ASSISTANT = "assistant"


@unique
class Finish(StrEnum):
    """Why an answer ends."""

    STOP = "stop"
    """It is complete."""
    TOOL_CALLS = "tool_calls"
    """Tools are to be called."""
    LENGTH = "length"
    """A limit of tokens was reached."""
    FILTERED = "filtered"
    """Its content may not be shown."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the user or of the model."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the model thought. The signature belongs to one vendor, so it is not compared."""

    text: str
    signature: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: its media type and base64 text, or its address."""

    media_type: str | None = None
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool. `arguments` are an object, or a text where what came is not valid JSON."""

    name: str
    arguments: Json
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call of a tool gave. `id` is that of the call, `name` that of the tool where the call is known."""

    text: str
    id: str | None = None
    name: str | None = None


Part: TypeAlias = Text | Thinking | Image | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Said:
    """One part of a conversation and who says it."""

    side: Side
    part: Part


def user(*parts: Part) -> tuple[Said, ...]:
    """Parts on the user's side."""
    return tuple(Said(Side.USER, part) for part in parts)


def assistant(*parts: Part) -> tuple[Said, ...]:
    """Parts on the model's side."""
    return tuple(Said(Side.ASSISTANT, part) for part in parts)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may call; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str | None = None
    parameters: Json = None


@dataclass(frozen=True, slots=True)
class Demands:
    """What a request demands of its answer."""

    tool_call: bool = False
    """Whether the model must call a tool."""
    tool: str | None = None
    """The name of the tool that the model must call."""
    json: bool = False
    """Whether the answer must be JSON."""
    schema: Json = None
    """The JSON Schema that the answer must fit."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a request says. It does not say where one turn ends and the next begins, because dialects differ in that."""

    model: str
    said: tuple[Said, ...]
    system: str | None = None
    tools: tuple[Tool, ...] = ()
    demands: Demands = Demands()
    limit: int | None = None
    """The most tokens that the answer may have."""
    stream: bool = False
    stream_usage: bool = False
    """Whether the stream is to tell the usage, where the dialect leaves that to the request."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call."""

    input: int
    """All of the request, also those from a cache."""
    output: int
    """All of the answer, also those of the thinking."""
    cached: int = 0
    """Those of `input` that came from a cache."""
    reasoning: int = 0
    """Those of `output` that the model thought with."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, as an answer or in a stream. `type` and `code` are the vendor's own words."""

    message: str
    status: int | None = None
    type: str | None = None
    code: str | int | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What an answer says: parts in their order, why it ends, and what it cost."""

    model: str
    parts: tuple[Part, ...] = ()
    finish: Finish | None = Finish.STOP
    usage: Usage | None = None
    failure: Failure | None = None

    @property
    def text(self) -> str:
        """All its text."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def thinking(self) -> str:
        """All that the model thought."""
        return "".join(part.text for part in self.parts if isinstance(part, Thinking))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls of tools, in their order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))
