"""JSON as text: on one line, for reading, and with a fact a line. Pure."""

from __future__ import annotations

import json
from typing import Any

from ..vendored.base import Json


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


def _safe(value: Json) -> str:
    # The vendored module holds the data in a raw Python string: three quotes in a row would end it.
    return compact(value).replace("'''", "''\\u0027")
