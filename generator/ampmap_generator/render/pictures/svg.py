"""Pictures as SVG: measured text, boxes and arrows on a canvas that grows downwards. Pure.

A picture stands in the text of its page, so that it takes the page's colours, in light and in dark: what it shows has a
class, and `finder.css` says what the class looks like. Where that is missing, all has the colour of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from typing import Final

NARROW: Final = 344
"""Width of a picture for a phone of 360 pixels, in pixels."""
WIDE: Final = 760
"""Width of a picture for the text column of a desktop, in pixels."""
PADDING: Final = 12
"""Between a box and its text."""
GAP: Final = 26
"""Between two boxes, for an arrow."""
HEAD: Final = 7
"""Length of an arrow's head."""


class Style(StrEnum):
    """What a line of text is; its size in pixels and its height on the page are in `_SIZES`."""

    TITLE = "am-title"
    TEXT = "am-text"
    CODE = "am-code"
    NOTE = "am-note"
    END = "am-end"


_SIZES: Final = {
    Style.TITLE: (14, 20),
    Style.TEXT: (13, 18),
    Style.CODE: (12, 17),
    Style.NOTE: (12, 17),
    Style.END: (12, 17),
}
_MONO: Final = frozenset({Style.CODE, Style.END})
_WIDTHS: Final = {0.28: "iljftrI.,:;'|![]() `", 0.36: '-"/', 0.62: "ABCDEFGHKLNOPQRSTUVXYZ→_", 0.88: "mwMW@%—"}
_EM: Final = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_BREAKS: Final = re.compile(r"(?<=[/:?&_.-])(?=[^/:?&_.-])")
"""Where a word that is too long for its line may be broken: behind a mark."""


@dataclass(frozen=True)
class Line:
    """A paragraph of a box; it is wrapped to the box's width."""

    text: str
    style: Style = Style.TEXT


@dataclass(frozen=True)
class Box:
    """A titled box. `kind` is a class of its look beside `am-box`; `href` makes it a link."""

    lines: tuple[Line, ...]
    kind: str = ""
    href: str = ""


@dataclass(frozen=True)
class Frame:
    """Where a box stands on the canvas."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Half way down."""
        return self.y + self.height / 2


def measure(text: str, style: Style = Style.TEXT) -> float:
    """About how wide a text is, in pixels, and rather too wide: fonts differ from reader to reader."""
    size, _ = _SIZES[style]
    if style in _MONO:
        return len(text) * size * 0.62
    bold = 1.07 if style is Style.TITLE else 1.0
    return sum(_EM.get(letter, 0.57) for letter in text) * size * bold


def wrap(text: str, width: float, style: Style = Style.TEXT) -> list[str]:
    """The lines of a text, each at most `width` pixels wide; a word that is wider is broken, best at a mark."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, width, style):
        if line and measure(line + piece.rstrip(), style) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str, width: float, style: Style) -> Iterable[str]:
    """What may not be parted of a text: words, and of words that are too wide for a line their parts."""
    for word in re.findall(r"\S+\s*", text):
        if measure(word.rstrip(), style) <= width:
            yield word
            continue
        for part in _BREAKS.split(word):
            while measure(part, style) > width:
                fitting = max(
                    1, next(n for n in range(len(part), 0, -1) if n == 1 or measure(part[:n], style) <= width)
                )
                yield part[:fitting]
                part = part[fitting:]  # noqa: PLW2901 - what is left of it
            yield part


def height_of(lines: Sequence[Line], width: float) -> float:
    """How high a box of this width with these lines is."""
    rows = sum(_SIZES[line.style][1] * len(wrap(line.text, width - 2 * PADDING, line.style)) for line in lines)
    return rows + 2 * PADDING - 4


@dataclass
class Canvas:
    """Shapes on a sheet of this width; the sheet is as high as what stands on it."""

    width: float
    parts: list[str] = field(default_factory=list)
    height: float = 0

    def text(self, x: float, y: float, text: str, style: Style = Style.TEXT, at: str = "start", kind: str = "") -> None:
        """A line of text whose base line is at `y`; `at` says which of its ends, or its middle, is at `x`."""
        size, _ = _SIZES[style]
        anchor = "" if at == "start" else f' text-anchor="{at}"'
        place = f'x="{_number(x)}" y="{_number(y)}" font-size="{size}"'
        looks = f"{style} {kind}".strip()
        words = escape(text, quote=False)
        self.parts.append(f'<text class="{looks}" {place} fill="currentColor"{anchor}>{words}</text>')
        self._reach(y + 4)

    def box(self, x: float, y: float, width: float, box: Box, height: float | None = None) -> Frame:
        """A box of at least the height that its text needs; returns where it stands."""
        frame = Frame(x, y, width, max(height or 0, height_of(box.lines, width)))
        if box.href:
            self.parts.append(f'<a href="{escape(box.href)}">')
        self.rectangle(frame, f"am-box {box.kind}".strip())
        place = y + PADDING - 4
        for line in box.lines:
            size, step = _SIZES[line.style]
            for row in wrap(line.text, width - 2 * PADDING, line.style):
                self.text(x + PADDING, place + size + 1, row, line.style)
                place += step
        if box.href:
            self.parts.append("</a>")
        return frame

    def rectangle(self, frame: Frame, kind: str) -> None:
        """A bare rectangle."""
        size = f'width="{_number(frame.width)}" height="{_number(frame.height)}" rx="6"'
        at = f'x="{_number(frame.x)}" y="{_number(frame.y)}"'
        self.parts.append(f'<rect class="{kind}" {at} {size} fill="none" stroke="currentColor"/>')
        self._reach(frame.bottom)

    def line(self, points: Sequence[tuple[float, float]], kind: str = "") -> None:
        """A line through points."""
        way = " ".join(f"{'L' if index else 'M'}{_number(x)} {_number(y)}" for index, (x, y) in enumerate(points))
        looks = f"am-line {kind}".strip()
        self.parts.append(f'<path class="{looks}" d="{way}" fill="none" stroke="currentColor"/>')
        self._reach(max(y for _, y in points))

    def arrow(self, points: Sequence[tuple[float, float]], kind: str = "") -> None:
        """A line with a head at its end; the last two points lie beside or above each other."""
        (x, y), (end_x, end_y) = points[-2:]
        across = end_y == y
        step = HEAD if (end_x if across else end_y) > (x if across else y) else -HEAD
        neck = (end_x - step, end_y) if across else (end_x, end_y - step)
        self.line([*points[:-1], neck], kind)
        half = HEAD * 0.6
        corners = (
            [(neck[0], neck[1] - half), (neck[0], neck[1] + half)]
            if across
            else [(neck[0] - half, neck[1]), (neck[0] + half, neck[1])]
        )
        shape = " ".join(f"{_number(a)},{_number(b)}" for a, b in [*corners, (end_x, end_y)])
        self.parts.append(f'<polygon class="{f"am-head {kind}".strip()}" points="{shape}" fill="currentColor"/>')
        self._reach(end_y)

    def svg(self, name: str, title: str, description: str, kind: str = "") -> str:
        """The picture; `name` is unique on its page, `title` and `description` are for readers who do not see it."""
        width, height = _number(self.width), _number(self.height + 2)
        looks = f"am-svg {kind}".strip()
        role = "group" if any(part.startswith("<a ") for part in self.parts) else "img"
        return "\n".join(
            (
                f'<svg class="{looks}" xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {width} {height}" '
                f'width="{width}" height="{height}" role="{role}" aria-labelledby="{name}-title {name}-desc">',
                f'<title id="{name}-title">{escape(title, quote=False)}</title>',
                f'<desc id="{name}-desc">{escape(description, quote=False)}</desc>',
                *self.parts,
                "</svg>",
            )
        )

    def _reach(self, y: float) -> None:
        self.height = max(self.height, y + 1)


def figure(name: str, title: str, description: str, narrow: Canvas, wide: Canvas | None = None) -> str:
    """A picture as a block of a Markdown page: one drawing, or one for phones and one for wider windows."""
    drawings = [narrow.svg(f"{name}-narrow" if wide else name, title, description, "am-narrow" if wide else "")]
    if wide is not None:
        drawings.append(wide.svg(f"{name}-wide", title, description, "am-wide"))
    return "\n".join(('<figure class="am-picture">', *drawings, "</figure>"))


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
