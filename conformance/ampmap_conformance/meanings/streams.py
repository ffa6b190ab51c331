"""Streams of a dialect: a completion as events, and what events say, one after the other. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..dialects.bodies import merged
from ..reference.types import Meanings, Step, StreamEvent, filled, found, placeholders
from ..wire.sse import Event
from .answers import ROWS, Answers, failure_of, finish_of
from .rows import Row, Rows
from .values import Completion, Failure, Finish, Part, Text, Thinking, ToolCall, Usage
from .wording import arguments_of, usage_of, usage_values, values_of

Pieces = Callable[[str], Sequence[str]]
"""How a text is cut into the pieces that a stream sends."""


def in_two(text: str) -> tuple[str, ...]:
    """A text in two pieces, cut behind a word where it has several."""
    cut = text.find(" ", len(text) // 3) + 1 or len(text) // 2
    return tuple(piece for piece in (text[:cut], text[cut:]) if piece)


class Streams:
    """Writes and reads the streams of one dialect."""

    def __init__(self, table: Meanings, answers: Answers) -> None:
        self._table = table.stream
        self._answers = answers
        self._asks_for_usage = bool(table.request.stream_usage.forms)
        steps = {name: getattr(table.stream, name) for name in type(table.stream).model_fields}
        self._steps: dict[str, Step] = {name: step for name, step in steps.items() if isinstance(step, Step)}
        self._rows = Rows({name: step.forms for name, step in self._steps.items()}, snake_case=table.snake_case)
        self._wholes = [
            event.data for step in self._steps.values() for event in step.events if "answer" in placeholders(event.data)
        ]

    def render(self, completion: Completion, *, usage: bool = True, pieces: Pieces = in_two) -> list[StreamEvent]:
        """The events that say this. `usage` says whether the request asked for it, where the dialect leaves it open.

        A failure of the completion comes after its parts and ends the stream.
        """
        return list(self._events(completion, usage or not self._asks_for_usage, pieces))

    def _events(self, completion: Completion, usage: bool, pieces: Pieces) -> Iterator[StreamEvent]:
        numbers = iter(range(1 << 30))
        told = usage_values(completion.usage or Usage(0, 0))
        same = {"model": completion.model, **told}

        def step(name: str, /, **values: Any) -> Iterator[StreamEvent]:
            for event in self._steps[name].events:
                frame = self._table.frame if self._steps[name].framed else None
                yield _event(event, frame or {}, {**same, **values, "sequence": next(numbers)})

        yield from step("start")
        calls = 0
        for index, part in enumerate(part for part in completion.parts if type(part) in ROWS):
            yield from self._part(step, part, index, calls, pieces)
            calls += isinstance(part, ToolCall)
        if completion.failure is not None:
            yield from step("error", **dataclasses.asdict(completion.failure))
            return
        if completion.finish is not None:
            yield from step(completion.finish.value, answer=self._answers.render(completion))
        if usage and completion.usage is not None:
            yield from step("usage")
        yield from step("end")

    def _part(
        self, step: Callable[..., Iterator[StreamEvent]], part: Part, index: int, place: int, pieces: Pieces
    ) -> Iterator[StreamEvent]:
        name, values = ROWS[type(part)], values_of(part)
        piece = "arguments_text" if isinstance(part, ToolCall) else "text"
        values |= {"index": index, "place": place, "whole": values[piece], "item": self._answers.item(part, index)}
        yield from step(f"{name}_start", **values)
        for text in pieces(values[piece]):
            yield from step(name, **{**values, piece: text})
        yield from step(f"{name}_end", **values)

    def reader(self) -> StreamReader:
        """What reads one stream."""
        return StreamReader(self._rows, self._wholes, self._answers)


def _event(event: StreamEvent, frame: Mapping[str, Any], values: Mapping[str, Any]) -> StreamEvent:
    framed = merged(dict(frame), event.data) if isinstance(event.data, dict) else event.data
    return StreamEvent(event=event.event, data=filled(framed, values))


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

    def __init__(self, rows: Rows, wholes: Sequence[Any], answers: Answers) -> None:
        self._rows, self._wholes, self._answers = rows, wholes, answers
        self._parts: list[_Growing] = []
        self._names: set[str] = set()
        self._usage: dict[str, int] = {}
        self._model = ""
        self._failure: Failure | None = None
        self._ends = 0
        self._whole: Completion | None = None

    def take(self, event: Event) -> None:
        """Read the next event. What is not understood says nothing."""
        data = _data(event)
        for row in self._rows.find(data):
            self._names.add(row.name)
            _TAKE.get(row.name, StreamReader._ignore)(self, row)
        for template in self._wholes:
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


def _data(event: Event) -> Any:
    try:
        return event.json()
    except ValueError:
        return event.data
