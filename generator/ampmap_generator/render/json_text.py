"""JSON as text: on one line, for reading, and with a fact a line. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..vendored.base import Json

DRAFT = "https://json-schema.org/draft/2020-12/schema"
"""The dialect of every JSON Schema that is written."""


def compact(value: Json) -> str:
    """JSON as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def indent(value: Json) -> str:
    """JSON for reading."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def indent_file(value: Json) -> bytes:
    """A file of JSON for reading."""
    return f"{indent(value)}\n".encode()


def data_lines(data: dict[str, Any]) -> str:
    """The data as JSON with one fact per line, so that a change of one fact is a change of one line."""
    lines = ["{"]
    for number, (key, value) in enumerate(data.items()):
        comma = "," if number < len(data) - 1 else ""
        if isinstance(value, dict) and all(isinstance(inner, dict) for inner in value.values()):
            entries = [f"{_safe(name)}:{_safe(inner)}" for name, inner in value.items()]
            lines += [f"{_safe(key)}:{{", ",\n".join(entries), "}" + comma]
        else:
            lines.append(f"{_safe(key)}:{_safe(value)}{comma}")
    return "\n".join([*lines, "}"])


def short_lines(value: Json, width: int) -> str:
    """The value as JSON in lines of at most `width` characters, to be read once its line ends are taken away.

    What fits stands on one line, and else each of its members on lines of its own, so that a change of one field
    changes one line. A long text continues on the next line, before one of its spaces where that is possible: no line
    ends with a space, which editors like to remove.
    """
    return "\n".join(_short_lines(value, width))


def _short_lines(value: Json, width: int, before: str = "", after: str = "") -> Iterator[str]:
    text = f"{before}{_safe(value)}{after}"
    if len(text) <= width or not (value and isinstance(value, dict | list)):
        yield from _cut(text, width)
        return
    if isinstance(value, dict):
        brackets, members = "{}", [(f"{_safe(key)}:", each) for key, each in value.items()]
    else:
        brackets, members = "[]", [("", each) for each in value]
    yield from _cut(f"{before}{brackets[0]}", width)
    for number, (lead, member) in enumerate(members, 1):
        yield from _short_lines(member, width, lead, "," if number < len(members) else "")
    yield f"{brackets[1]}{after}"


def _cut(text: str, width: int) -> Iterator[str]:
    while len(text) > width:
        spaces = (place for place in range(width, width // 2, -1) if text[place] == " " and text[place - 1] != " ")
        end = len(text[: next(spaces, width)].rstrip()) or width
        yield text[:end]
        text = text[end:]
    yield text


def _safe(value: Json) -> str:
    # The vendored module holds the data in a raw Python string: three quotes in a row would end it.
    return compact(value).replace("'''", "''\\u0027")
