"""Answers of a dialect as one body: a completion written as JSON, and what such JSON says. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from ..dialects.bodies import merged
from ..reference.types import ErrorShape, Meanings, Place, filled, found
from .building import Body
from .requests import add_meaning
from .rows import Row, Rows
from .values import Completion, Failure, Finish, Part, Text, Thinking, ToolCall
from .wording import call_of, usage_of, usage_values, values_of

ROWS: Final[dict[type, str]] = {Thinking: "thinking", Text: "text", ToolCall: "tool_call"}
"""The row of the table for each kind of part."""


class Answers:
    """Writes and reads the answers of one dialect."""

    def __init__(self, table: Meanings) -> None:
        self._table = table.answer
        places = {name: getattr(table.answer, name) for name in type(table.answer).model_fields}
        self._places: dict[str, Place] = {name: place for name, place in places.items() if isinstance(place, Place)}
        forms = {name: place.forms for name, place in self._places.items()}
        self._rows = Rows(forms, snake_case=table.snake_case)

    def render(self, completion: Completion) -> dict[str, Any]:
        """The body that says this, without a failure; what the dialect has no place for is left out."""
        body = Body()
        add_meaning(body, self._places["model"], {"model": completion.model})
        for index, part in enumerate(completion.parts):
            if (name := ROWS.get(type(part))) is not None:
                add_meaning(body, self._places[name], {**values_of(part), "index": index})
        if completion.finish is not None:
            add_meaning(body, self._places[completion.finish.value], {})
        if completion.usage is not None:
            add_meaning(body, self._places["usage"], usage_values(completion.usage))
        result: dict[str, Any] = merged(self._table.frame or {}, body.json())
        return result

    def item(self, part: Part, index: int) -> Any:
        """A part as it stands in the list of an answer, at this index among the parts."""
        place = self._places[ROWS[type(part)]]
        item = filled(place.written or place.forms[0], {**values_of(part), "index": index})
        while isinstance(item, dict):
            (item,) = item.values()
        return item[0]

    def read(self, body: Any) -> Completion:
        """What a body says that does not tell an error."""
        rows = self._rows.find(body)
        parts = tuple(part for row in rows for part in _parts(row))
        usage: dict[str, int] = {}
        for row in rows:
            usage |= row.values if row.name == "usage" else {}
        models = [row.values["model"] for row in rows if row.name == "model"]
        return Completion(
            model=models[0] if models else "",
            parts=parts,
            finish=finish_of({row.name for row in rows}, parts),
            usage=usage_of(usage),
        )


def _parts(row: Row) -> list[Part]:
    match row.name:
        case "thinking":
            return [Thinking(row.values["text"], row.values.get("signature"))]
        case "text":
            return [Text(row.values["text"])] if row.values["text"] else []
        case "tool_call":
            return [call_of(row.values)]
    return []


def finish_of(names: Collection[str], parts: Collection[Part]) -> Finish | None:
    """Why an answer ends; where a dialect has one word for two reasons, calls of tools decide."""
    told = [finish for finish in Finish if finish.value in names]
    if Finish.TOOL_CALLS in told and len(told) > 1:
        called = any(isinstance(part, ToolCall) for part in parts)
        told = [Finish.TOOL_CALLS] if called else [finish for finish in told if finish is not Finish.TOOL_CALLS]
    return told[0] if told else None


def read_failure(shape: ErrorShape, status: int, body: Any) -> Failure | None:
    """What an error of a provider's own shape says; None where it is not of this shape."""
    seen = found(_lenient(shape.body), body, literals=False)
    return failure_of(seen[0].values, status) if seen else None


def _lenient(template: Any) -> Any:
    """An error's template in which only the message must be there: what the sources do not state is null."""
    if isinstance(template, dict):
        return {key: _lenient(part) for key, part in template.items()}
    if isinstance(template, list | tuple):
        return [_lenient(part) for part in template]
    return re.sub(r"\{(?!message\})([a-z_]+)\}", r"{\1?}", template) if isinstance(template, str) else template


def failure_of(values: Mapping[str, Any], status: int | None) -> Failure:
    """The failure that templates found."""
    told = values.get("status", status)
    return Failure(values["message"], told, values.get("type"), values.get("code"))
