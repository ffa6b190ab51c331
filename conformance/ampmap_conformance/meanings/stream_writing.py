"""Writes a stream of a dialect: all at once, or as far as what it says is known. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..dialects.bodies import merged
from ..reference.types import Meanings, StreamEvent, filled
from .answers import ROWS, Answers
from .steps import steps_of
from .values import Completion, Part, ToolCall, Usage
from .wording import usage_values, values_of

Pieces = Callable[[str], Sequence[str]]
"""How a text is cut into the pieces that a stream sends."""


def in_two(text: str) -> tuple[str, ...]:
    """A text in two pieces, cut behind a word where it has several."""
    cut = text.find(" ", len(text) // 3) + 1 or len(text) // 2
    return tuple(piece for piece in (text[:cut], text[cut:]) if piece)


def in_one(text: str) -> tuple[str, ...]:
    """A text as one piece; none for an empty one."""
    return (text,) if text else ()


def by_word(text: str) -> tuple[str, ...]:
    """A text in its words, each with the spaces behind it."""
    return tuple(re.findall(r"\S+\s*|^\s+", text))


class StreamWriter:
    """Writes one stream. What it is given says each time all that is known so far, and never takes anything back.

    Text and thinking are written as they grow. A call of a tool is written whole, when something else follows it or the
    answer ends, since only then no more of it can come. `usage` says whether the request asked for the usage; it counts
    only in dialects that leave that to the request.
    """

    def __init__(self, table: Meanings, answers: Answers, *, usage: bool, pieces: Pieces) -> None:
        self._frame = table.stream.frame or {}
        self._steps = steps_of(table)
        self._answers = answers
        self._usage = usage or not table.request.stream_usage.forms
        self._pieces = pieces
        self._sequence = 0
        self._begun = False
        self._closed = 0
        """How many parts are written whole."""
        self._calls = 0
        """How many of them are calls of tools."""
        self._written: int | None = None
        """How many characters of the next part are written; None before it begins."""

    def grow(self, completion: Completion) -> list[StreamEvent]:
        """What can be written of what is known so far, and was not written before."""
        return list(self._growth(completion, ended=False))

    def end(self, completion: Completion) -> list[StreamEvent]:
        """The rest: why the answer ends, its usage and the terminator; or, for a failure, the error alone."""
        return [*self._growth(completion, ended=True), *self._end(completion)]

    def _growth(self, completion: Completion, *, ended: bool) -> Iterator[StreamEvent]:
        if not self._begun:
            self._begun = True
            yield from self._step("start", completion)
        parts = [part for part in completion.parts if type(part) in ROWS]
        while self._closed < len(parts):
            part, later = parts[self._closed], parts[self._closed + 1 :]
            calls = isinstance(part, ToolCall)
            whole = ended or any(not (calls and isinstance(other, ToolCall)) for other in later)
            if calls and not whole:
                return
            yield from self._part(completion, part)
            if not whole:
                return
            yield from self._close(completion, part)

    def _part(self, completion: Completion, part: Part) -> Iterator[StreamEvent]:
        """What is new of a part: its beginning, and the pieces of its text."""
        name, values = ROWS[type(part)], self._values(part)
        text: str = values["whole"]
        if self._written is None:
            self._written = 0
            yield from self._step(f"{name}_start", completion, values)
        for piece in self._pieces(text[self._written :]):
            yield from self._step(name, completion, {**values, _TEXT[name]: piece})
        self._written = len(text)

    def _close(self, completion: Completion, part: Part) -> Iterator[StreamEvent]:
        yield from self._step(f"{ROWS[type(part)]}_end", completion, self._values(part))
        self._closed += 1
        self._calls += isinstance(part, ToolCall)
        self._written = None

    def _end(self, completion: Completion) -> Iterator[StreamEvent]:
        if completion.failure is not None:
            yield from self._step("error", completion, dataclasses.asdict(completion.failure))
            return
        if completion.finish is not None:
            yield from self._step(completion.finish.value, completion, {"answer": self._answers.render(completion)})
        if self._usage and completion.usage is not None:
            yield from self._step("usage", completion)
        yield from self._step("end", completion)

    def _values(self, part: Part) -> dict[str, Any]:
        values = values_of(part)
        item = self._answers.item(part, self._closed)
        whole = values[_TEXT[ROWS[type(part)]]]
        return {**values, "index": self._closed, "place": self._calls, "whole": whole, "item": item}

    def _step(
        self, name: str, completion: Completion, values: Mapping[str, Any] | None = None
    ) -> Iterator[StreamEvent]:
        step, told = self._steps[name], usage_values(completion.usage or Usage(0, 0))
        for event in step.events:
            known = {"model": completion.model, **told, **(values or {}), "sequence": self._sequence}
            framed = merged(self._frame, event.data) if step.framed and isinstance(event.data, dict) else event.data
            yield StreamEvent(event=event.event, data=filled(framed, known))
            self._sequence += 1


_TEXT = {"thinking": "text", "text": "text", "tool_call": "arguments_text"}
"""The placeholder that holds a piece of each kind of part."""
