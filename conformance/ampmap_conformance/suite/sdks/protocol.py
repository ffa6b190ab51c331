"""The calls that every SDK can make, by the same names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from .wire import Line

TOOL = "Read"
"""The tool that SDKs offer: it is the one that the scripted answers call."""
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}, "n": {"type": "integer"}}}
DESCRIPTION = "Reads a file."
RESULT = "The file is empty."
MOST_TOKENS = 16


@dataclass(frozen=True)
class Settings:
    """How an SDK's client is made."""

    line: Line
    base_url: str
    key: str
    headers: dict[str, str]
    retries: int
    timeout: float
    """Seconds."""


@dataclass(frozen=True)
class SdkAnswer:
    """A whole answer as the SDK gives it."""

    text: str
    model: str | None


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool as the SDK gives it. Gemini's have no id."""

    id: str | None
    name: str
    arguments: Any


@dataclass(frozen=True)
class Streaming:
    """A stream that is being read. `texts` raises what the SDK raises."""

    texts: Iterator[str]
    close: Callable[[], None]


class Adapter(Protocol):
    """An SDK's client for one way to ask for answers. Every call raises what the SDK raises."""

    tells_stream_errors: bool
    """Whether reading a stream raises for an error inside it; otherwise the error is an event, or is passed over."""

    def plain(self, model: str, text: str) -> SdkAnswer:
        """A whole answer."""
        ...

    def stream(self, model: str, text: str) -> Streaming:
        """An answer that comes in parts."""
        ...

    def count_tokens(self, model: str, text: str) -> int:
        """How many tokens a question has."""
        ...

    def models(self) -> tuple[str, ...]:
        """The ids of the models that are listed, first page."""
        ...

    def ask(self, model: str, text: str, *, stream: bool) -> tuple[ToolCall, ...]:
        """A question to which tools are offered; the calls of the answer."""
        ...

    def answer(self, model: str, text: str) -> SdkAnswer:
        """The same conversation, with its tool calls answered by `RESULT`."""
        ...

    def error_names(self, status: int) -> tuple[str, ...]:
        """The classes of which one must be among those of the error for an answer of that status."""
        ...

    def status_of(self, error: Exception) -> int | None:
        """The status that an error names."""
        ...

    def body_of(self, error: Exception) -> Any:
        """The body that an error holds, as JSON; None where it is not JSON."""
        ...

    def header_of(self, error: Exception, name: str) -> str | None:
        """A header of the answer that an error holds."""
        ...

    def is_own(self, error: Exception) -> bool:
        """Whether it is of the SDK's own kind."""
        ...

    def is_timeout(self, error: Exception) -> bool:
        """Whether it says that nothing came in time."""
        ...
