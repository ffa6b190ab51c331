"""The code frame of a finding: one line of the file with a caret line below it."""

from __future__ import annotations

import re
import unicodedata

WIDEST = 120
"""Columns of source text that a frame shows; a longer line is cut around the place."""

LINE_BREAK = re.compile(r"\r\n|\r|\n")


def split_lines(text: str) -> list[str]:
    """Lines as a YAML parser counts them; `str.splitlines` knows more line breaks than YAML does."""
    return LINE_BREAK.split(text)


def printable(text: str) -> str:
    """`text` with each character that would move or colour the terminal replaced by one visible one."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for c in text)


def shorten(text: str, limit: int = 60) -> str:
    """`text` made printable and at most `limit` characters long, for use within a message."""
    return printable(text if len(text) <= limit else text[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}")


def code_frame(line: str, number: int, column: int, length: int, message: str) -> list[str]:
    """Two lines of text: the source line with its number, and carets with `message` below the place.

    `column` is 1-based and counts characters, as `length` does; both are clipped to the line.
    """
    start = min(column - 1, len(line))
    length = max(1, min(length, len(line) - start))
    if len(line) > WIDEST:
        cut = max(0, min(start - WIDEST // 4, len(line) - WIDEST))
        line, start = line[cut : cut + WIDEST], start - cut
        length = min(length, WIDEST - start) or 1
    line = printable(line)
    margin = f"  {number} | "
    before, marked = line[:start], line[start : start + length]
    carets = "^" * max(1, _width(marked))
    return [f"{margin}{line}".rstrip(), f"{' ' * (len(margin) + _width(before))}{carets} {message}"]


def _width(text: str) -> int:
    """Columns that a terminal uses for `text`."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
