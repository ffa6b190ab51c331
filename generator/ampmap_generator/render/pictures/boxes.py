"""Pictures as HTML: boxes of text in lists, which the browser lays out. Pure.

What a picture shows has a class, and `finder.css` says how it looks, where it stands and which arrows lead to it, on a
phone and in a wide window, in light and in dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Final

_SLASH: Final = re.compile(r"(?<=/)(?=[^/])")


class Style(StrEnum):
    """What a line of text is."""

    TITLE = "am-title"
    TEXT = "am-text"
    CODE = "am-code"
    NOTE = "am-note"
    END = "am-end"


@dataclass(frozen=True)
class Line:
    """A paragraph of a box."""

    text: str
    style: Style = Style.TEXT


@dataclass(frozen=True)
class Box:
    """A titled box. `kind` is a class of its look beside `am-box`; `href` makes it a link."""

    lines: tuple[Line, ...]
    kind: str = ""
    href: str = ""


def text(line: Line) -> str:
    """A line by itself. A path may be broken behind its slashes; the backticks of a fact's text mark nothing here."""
    words = escape(line.text.replace("`", ""), quote=False)
    if line.style is Style.CODE:
        words = _SLASH.sub("<wbr/>", words)
    return f'<span class="{line.style}">{words}</span>'


def box(shown: Box) -> str:
    """A box with its lines below one another."""
    lines = "".join(map(text, shown.lines))
    looks = f"am-box {shown.kind}".strip()
    if shown.href:
        return f'<a class="{looks}" href="{escape(shown.href)}">{lines}</a>'
    return f'<div class="{looks}">{lines}</div>'


def listed(kind: str, items: Iterable[str], tag: str = "ul") -> str:
    """A list of what is HTML already. An item of the form `<li ...` stands as it is."""
    inner = "\n".join(item if item.startswith("<li") else f"<li>{item}</li>" for item in items)
    return f'<{tag} class="{kind}">\n{inner}\n</{tag}>'


def figure(kind: str, title: str, description: str, content: str) -> str:
    """A picture as a block of a Markdown page; `title` and `description` are for readers who do not see it."""
    words = f"<strong>{escape(title, quote=False)}</strong> {escape(description.replace('`', ''), quote=False)}"
    return "\n".join(
        (
            '<figure class="am-picture">',
            f'<figcaption class="am-hidden">{words}</figcaption>',
            f'<div class="{kind}">',
            content,
            "</div>",
            "</figure>",
        )
    )
