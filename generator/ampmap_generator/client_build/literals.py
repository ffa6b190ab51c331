"""Object literals of minified JavaScript, read as text: which members one has at its own level. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

LONGEST: Final = 16_384
"""Characters of one literal; a longer one is not read."""
DEEPEST: Final = 24
"""Brackets in brackets of one literal; one that is deeper is not read."""

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*+"' r"|'(?:[^'\\\n]|\\.)*+'" r"|`(?:[^`\\]|\\.)*+`" r"|[{}()\[\],]", re.DOTALL)
_MEMBER = re.compile(r'\s*(?:"([^"\\\n]{1,100})"|\'([^\'\\\n]{1,100})\'|([\w$]{1,100}))\s*:\s*(.*)', re.DOTALL)
_TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*+)"|\'((?:[^\'\\\n]|\\.)*+)\'|`((?:[^`\\$]|\\.)*+)`', re.DOTALL)
_NUMBER = re.compile(r"(\d[\d_]{0,15}(?:\.\d{1,6})?)(?:[eE](\d{1,2}))?")


def members(text: str, start: int) -> dict[str, str] | None:
    """The members of the literal whose brace is at `start`, each with its value as text.

    None where no literal begins and ends there within `LONGEST` characters. Spreads, methods and computed names are
    left out.
    """
    found: dict[str, str] = {}
    for part in _parts(text, start):
        if part is None:
            return found
        if (member := _MEMBER.fullmatch(part)) is not None:
            found.setdefault(member[1] or member[2] or member[3], member[4].strip())
    return None


def arguments(text: str, start: int) -> list[str] | None:
    """The arguments of the call whose bracket is at `start`, as text; None where it does not end nearby."""
    found: list[str] = []
    for part in _parts(text, start, "("):
        if part is None:
            return found
        found.append(part.strip())
    return None


def _parts(text: str, start: int, opening: str = "{") -> Iterator[str | None]:
    """The parts between the commas of a literal or a call, and None when it ends."""
    if text[start : start + 1] != opening:
        return
    depth, since, end = 0, start + 1, min(len(text), start + LONGEST)
    for token in _TOKEN.finditer(text, start, end):
        sign = token[0]
        if sign in "{([":
            depth += 1
            if depth > DEEPEST:
                return
        elif sign in "})]":
            depth -= 1
            if depth == 0:
                yield text[since : token.start()]
                yield None
                return
        elif sign == "," and depth == 1:
            yield text[since : token.start()]
            since = token.end()


def text_value(value: str | None) -> str | None:
    """The text that a value is, where it is a plain one without escapes."""
    found = _TEXT.fullmatch(value) if value is not None and len(value) <= LONGEST else None
    if found is None:
        return None
    text = next(part for part in found.groups() if part is not None)
    return None if "\\" in text else text


def number_value(value: str | None) -> int | None:
    """The whole number that a value is, e.g. 200000 or 1e6."""
    found = _NUMBER.fullmatch(value) if value is not None and len(value) <= 40 else None
    if found is None:
        return None
    number = float(found[1].replace("_", "")) * 10.0 ** int(found[2] or 0)
    return int(number) if number.is_integer() and number < 1e12 else None
