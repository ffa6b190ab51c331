"""Values of the reference as Markdown: text, code, and the three states of a field."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cache

from ..code_span import code
from ..vendored.base import Json
from .json_text import compact

__all__ = ["NONE", "UNKNOWN", "Code", "Table", "code", "codes", "link", "prose", "value_text"]

NONE = "*none*"
UNKNOWN = "*not stated by the sources*"

_CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_SPECIAL = re.compile(r"([\\*_{}\[\]#|`])")
_BLOCK_MARK = re.compile(r"^(\d*)([.)+!-])")
"""What may begin a list or an admonition at the start of a line."""


@dataclass(frozen=True)
class Table:
    """A table whose cells are Markdown already."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Code:
    """A block of code under a title; a folded one is shown on demand."""

    title: str
    language: str
    text: str
    folded: bool = False


def prose(text: str) -> str:
    """Plain text as Markdown on one line: code spans stay, nothing else is markup."""
    text = " ".join(text.split())
    parts, end = [], 0
    for span in _CODE_SPAN.finditer(text):
        parts += [_plain(text[end : span.start()]), code(span[2].strip())]
        end = span.end()
    return _BLOCK_MARK.sub(r"\1\\\2", "".join([*parts, _plain(text[end:])]))


def _plain(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", text)


def codes(texts: tuple[str, ...]) -> str:
    """Code spans with commas between them; NONE for an empty list."""
    return ", ".join(code(text) for text in texts) or NONE


def value_text(value: Json) -> str:
    """A value in a line of text, with different words for `None` and `"unknown"`.

    A field that is absent has no value to show: its line is left out by the caller.
    """
    if value is None or value in ([], (), {}):
        return NONE
    if value == "unknown":
        return UNKNOWN
    if isinstance(value, str):
        return prose(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list | tuple) and not any(isinstance(item, dict) for item in value):
        return "; ".join(value_text(item) for item in value)
    return code(compact(value))


@cache
def _relative(page: str, folder: str) -> str:
    return posixpath.relpath(page, folder)


def link(text: str, target: str, here: str) -> str:
    """A Markdown link from page `here` to `target`, a page or page#anchor; `text` is Markdown."""
    page, hash_sign, place = target.partition("#")
    relative = "" if page == here and place else _relative(page, posixpath.dirname(here) or ".")
    return f"[{text}]({relative}{hash_sign}{place})"
