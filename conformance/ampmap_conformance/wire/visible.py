"""Shows characters that would act on a terminal, or change the order of what is read, as escapes. Pure."""

from __future__ import annotations

import re

ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line end
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction of writing
    "\u200b\u2028\u2029\ufeff\ufff9-\ufffb"  # no width, and other ends of a line
    "\ud800-\udfff]"  # halves of surrogate pairs, which no encoding has
)


def visible(text: str) -> str:
    """The text with an escape, as Python writes it, in place of each character that would act."""
    return ACTING.sub(_escape, text)


def in_one_line(text: str) -> str:
    """The same with escapes for tabs and line ends, too."""
    return visible(text).replace("\t", "\\t").replace("\n", "\\n")


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
