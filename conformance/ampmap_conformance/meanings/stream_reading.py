"""Reads a stream of a dialect, event by event. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ..reference.types import Meanings, found, placeholders
from ..wire.sse import Event
from .answers import Answers, failure_of, finish_of
from .rows import Row, Rows
from .steps import steps_of
from .values import Completion, Failure, Finish, Part, Text, Thinking, ToolCall
from .wording import arguments_of, usage_of


class StreamForms:
    """How the events of a dialect are read: made once, used by the readers of all its streams."""

    def __init__(self, table: Meanings) -> None:
        steps = steps_of(table)
        self.rows = Rows({name: step.forms for name, step in steps.items()}, snake_case=table.snake_case)
        events = [event.data for step in steps.values() for event in step.events]
        self.wholes = tuple(data for data in events if "answer" in placeholders(data))
        """The events that hold the whole answer once more."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """What the events of a stream say."""

    completion: Completion
    ends: int
    """How many terminators came."""
    whole: Completion | None
    """The answer that the last event holds once more, in dialects that send it."""


@dataclass(slots=True)
class _Growing:
    """A part of which pieces came."""

    kind: str
    index: int | None
    values: dict[str, Any] = field(default_factory=dict)


class StreamReader:
    """Reads one stream, event by event."""

    def __init__(self, forms: StreamForms, answers: Answers) -> None:
        self._forms, self._answers = forms, answers
        self._parts: list[_Growing] = []
        self._names: set[str] = set()
        self._usage: dict[str, int] = {}
        self._model = ""
        self._failure: Failure | None = None
        self._ends = 0
        self._whole: Completion | None = None

    def take(self, event: Event) -> None:
        """Read the next event. What is not understood says nothing."""
        data = event.json()
        for row in self._forms.rows.find(data):
            self._names.add(row.name)
            _TAKE.get(row.name, StreamReader._ignore)(self, row)
        for template in self._forms.wholes:
            for finding in found(template, data):
                self._whole = self._answers.read(finding.values["answer"])

    @property
    def streamed(self) -> Streamed:
        """What the events said so far."""
        parts = tuple(part for growing in self._parts for part in _grown(growing))
        finish: Finish | None = finish_of(self._names, parts)
        completion = Completion(self._model, parts, finish, usage_of(self._usage), self._failure)
        return Streamed(completion, self._ends, self._whole)

    def _start(self, row: Row) -> None:
        self._model = self._model or row.values["model"]

    def _told_usage(self, row: Row) -> None:
        self._usage |= row.values

    def _end(self, _row: Row) -> None:
        self._ends += 1

    def _error(self, row: Row) -> None:
        self._failure = self._failure or failure_of(row.values, None)

    def _piece(self, row: Row) -> None:
        kind = row.name.removesuffix("_start").removesuffix("_end")
        growing = self._growing(kind, row.values.get("index"), begins=row.name == "tool_call_start")
        for name, value in row.values.items():
            if name in ("text", "arguments_text"):
                growing.values[name] = growing.values.get(name, "") + value
            elif name != "index":
                growing.values[name] = value

    def _growing(self, kind: str, index: int | None, *, begins: bool) -> _Growing:
        """The part that a piece belongs to: the one of its index, or the last one of its kind, or a new one."""
        same = [one for one in self._parts if one.kind == kind and one.index == index]
        if same and (index is not None or (self._parts[-1].kind == kind and not begins)):
            return same[-1]
        growing = _Growing(kind, index)
        self._parts.append(growing)
        return growing

    def _ignore(self, _row: Row) -> None:
        """A reason for the end is in the names."""


_TAKE: Final[dict[str, Callable[[StreamReader, Row], None]]] = {
    "start": StreamReader._start,
    "usage": StreamReader._told_usage,
    "end": StreamReader._end,
    "error": StreamReader._error,
    **{
        f"{kind}{moment}": StreamReader._piece
        for kind in ("thinking", "text", "tool_call")
        for moment in ("_start", "", "_end")
    },
}


def _grown(growing: _Growing) -> list[Part]:
    values = growing.values
    if growing.kind == "tool_call":
        if values.get("arguments_text"):
            values = {name: value for name, value in values.items() if name != "arguments"}
        return [ToolCall(values.get("name", ""), arguments_of(values), values.get("id"))]
    text = values.get("text", "")
    if not text:
        return []
    return [Thinking(text, values.get("signature"))] if growing.kind == "thinking" else [Text(text)]
