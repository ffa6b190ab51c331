"""A text as a code span of Markdown. Pure."""

from __future__ import annotations

import re


def code(text: str) -> str:
    """A code span on one line, fenced with more backticks than the text holds; words for an empty text."""
    text = " ".join(text.split())
    if not text:
        return "*empty*"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
