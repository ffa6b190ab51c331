"""Requests of a dialect: a conversation as a body, and what a body says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from ..dialects.bodies import merged
from ..reference.types import Meanings, Place
from .building import Body, fits
from .rows import Row, Rows
from .values import Conversation, Demands, Image, Said, Side, Text, Thinking, Tool, ToolCall, ToolResult
from .wording import call_of, result_of, values_of

SYSTEM_BREAK: Final = "\n\n"
"""What stands between several texts of the system when they are read as one."""

_ROWS: Final[dict[tuple[type, Side], str]] = {
    (Text, Side.USER): "user_text",
    (Image, Side.USER): "user_image",
    (ToolResult, Side.USER): "tool_result",
    (Thinking, Side.ASSISTANT): "assistant_thinking",
    (Text, Side.ASSISTANT): "assistant_text",
    (ToolCall, Side.ASSISTANT): "tool_call",
}
"""The row of the table for each kind of part."""


_DEMANDS: Final = ("any_tool", "forced_tool", "answer_json", "answer_schema")
"""The rows of the table for what a request demands of its answer."""


class Requests:
    """Writes and reads the requests of one dialect."""

    def __init__(self, table: Meanings) -> None:
        self._table = table.request
        places = {name: getattr(table.request, name) for name in type(table.request).model_fields}
        self._places: dict[str, Place] = {name: place for name, place in places.items() if isinstance(place, Place)}
        forms = {name: place.forms for name, place in self._places.items()}
        self._rows = Rows(forms, snake_case=table.snake_case)
        demands = {name: forms[name] for name in _DEMANDS}
        self._demand_rows = Rows(demands, snake_case=table.snake_case)
        self._tool_rows = Rows({"tool": forms["tool"]}, snake_case=table.snake_case)

    def carries(self, said: Said) -> bool:
        """Whether the dialect has a place for a part."""
        name = _ROWS.get((type(said.part), said.side))
        return name is not None and bool(self._places[name].forms)

    def render(self, conversation: Conversation) -> dict[str, Any]:
        """The body that says this; what the dialect has no place for is left out, the path's part is not in it."""
        body = Body()
        self._add(body, "model", {"model": conversation.model})
        if conversation.stream:
            self._add(body, "stream", {})
        if conversation.stream and conversation.stream_usage:
            self._add(body, "stream_usage", {})
        if conversation.limit is not None:
            self._add(body, "limit", {"limit": conversation.limit})
        if conversation.system is not None:
            self._add(body, "system", {"text": conversation.system})
        for tool in conversation.tools:
            values = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
            self._add(body, "tool", values)
        for row, told in _demanded(conversation.demands):
            self._add(body, row, told)
        names: dict[str | None, str] = {}
        for said in conversation.said:
            values = values_of(said.part)
            if isinstance(said.part, ToolCall):
                names[said.part.id] = said.part.name
            if isinstance(said.part, ToolResult):
                values["name"] = said.part.name or names.get(said.part.id) or said.part.id
            if (name := _ROWS.get((type(said.part), said.side))) is not None:
                self._add(body, name, values)
        result: dict[str, Any] = merged(self._table.frame or {}, body.json())
        return result

    def read(self, body: Any, *, model: str = "", stream: bool = False) -> Conversation:
        """What a body says. `model` and `stream` are what the path says of them."""
        found = self._rows.find(body)
        first = {row.name: row for row in reversed(found)}
        system = SYSTEM_BREAK.join(row.values["text"] for row in found if row.name == "system")
        return Conversation(
            model=first["model"].values["model"] if "model" in first else model,
            said=tuple(_said(found)),
            system=system or None,
            tools=tuple(_tool(row) for row in found if row.name == "tool"),
            demands=_demands(first),
            limit=first["limit"].values["limit"] if "limit" in first else None,
            stream=stream or "stream" in first,
            stream_usage="stream_usage" in first,
        )

    def demands(self, body: Any) -> Demands:
        """What a body demands of its answer; the rest of it is not read."""
        return _demands({row.name: row for row in reversed(self._demand_rows.find(body))})

    def tools(self, body: Any) -> tuple[Tool, ...]:
        """The tools that a body offers; the rest of it is not read."""
        return tuple(_tool(row) for row in self._tool_rows.find(body))

    def _add(self, body: Body, name: str, values: dict[str, Any]) -> None:
        add_meaning(body, self._places[name], values)


def add_meaning(body: Body, place: Place, values: dict[str, Any]) -> None:
    """Write a meaning in the first form for which there are values; nothing where no form has them."""
    ways = place.forms if place.written is None else (place.written, *place.forms)
    template = next((way for way in ways if fits(way, values)), None)
    if template is not None:
        body.add(template, values)


def _said(found: list[Row]) -> list[Said]:
    said: list[Said] = []
    names: dict[str | None, str] = {}
    for row in found:
        match row.name:
            case "user_text":
                said.append(Said(Side.USER, Text(row.values["text"])))
            case "user_image":
                values = (row.values.get(name) for name in ("media_type", "data", "url"))
                said.append(Said(Side.USER, Image(*values)))
            case "tool_result":
                result = result_of(row.values)
                _add_result(said, replace(result, name=result.name or names.get(result.id) or None))
            case "assistant_thinking":
                thinking = Thinking(row.values["text"], row.values.get("signature"))
                said.append(Said(Side.ASSISTANT, thinking))
            case "assistant_text":
                said.append(Said(Side.ASSISTANT, Text(row.values["text"])))
            case "tool_call":
                call = call_of(row.values)
                names |= {} if call.id is None else {call.id: call.name}
                said.append(Said(Side.ASSISTANT, call))
    return said


def _add_result(said: list[Said], result: ToolResult) -> None:
    """Several texts of one result are one result."""
    before = said[-1].part if said else None
    if isinstance(before, ToolResult) and before.id is not None and before.id == result.id:
        said[-1] = Said(Side.USER, ToolResult(before.text + result.text, result.id, result.name))
    else:
        said.append(Said(Side.USER, result))


def _demands(first: Mapping[str, Row]) -> Demands:
    """What a request demands, given the first row of each name."""
    tool = first["forced_tool"].values["name"] if "forced_tool" in first else None
    schema = first["answer_schema"].values["schema"] if "answer_schema" in first else None
    calls, json = not first.keys().isdisjoint(_DEMANDS[:2]), not first.keys().isdisjoint(_DEMANDS[2:])
    return Demands(tool_call=calls, tool=tool, json=json, schema=schema)


def _demanded(demands: Demands) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that say what a request demands, each with its values."""
    if demands.tool is not None:
        yield "forced_tool", {"name": demands.tool}
    elif demands.tool_call:
        yield "any_tool", {}
    if demands.schema is not None:
        yield "answer_schema", {"schema": demands.schema}
    elif demands.json:
        yield "answer_json", {}


def _tool(row: Row) -> Tool:
    return Tool(row.values["name"], row.values.get("description"), row.values.get("parameters"))
