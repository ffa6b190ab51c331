"""The picture of a platform's steps, as SVG drawn from the spec. Pure.

Steps that one another's `after` orders stand below each other, joined by arrows; those that no source orders stand in
one frame.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from .vendored.platforms import Platform, PlatformError, ResolutionStep

WIDTH, MARGIN, PADDING, GAP = 340, 8, 12, 22
LINE, TITLE_LINE = 15, 18
CHARACTERS = {False: 47, True: 44}
"""Characters of small text on one line of a box; fewer in a frame."""

STYLE = """\
svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
.paper { fill: #fff; } text { fill: #1d2733; } .title { font-weight: 600; font-size: 14px; }
.box { fill: #eef6f6; stroke: #00796b; } .frame { fill: none; stroke: #5f6b76; stroke-dasharray: 4 3; }
.end { font: 11px ui-monospace, monospace; fill: #a3260f; } .caption { font-style: italic; fill: #4a5560; }
.arrow { stroke: #4a5560; fill: none; } .head { fill: #4a5560; }
@media (prefers-color-scheme: dark) {
 .paper { fill: #1e2129; } text { fill: #e6e9ee; } .box { fill: #20343a; stroke: #4db6ac; }
 .frame { stroke: #97a1ad; } .end { fill: #ff9b85; } .caption { fill: #b3bcc7; }
 .arrow { stroke: #b3bcc7; } .head { fill: #b3bcc7; }
}"""


@dataclass(frozen=True)
class Block:
    """Steps that stand together: one, or several that no source orders, each with those that follow it alone."""

    chains: tuple[tuple[ResolutionStep, ...], ...]

    @property
    def is_frame(self) -> bool:
        """Whether there is more than one chain."""
        return len(self.chains) > 1


def blocks(steps: Mapping[str, ResolutionStep]) -> tuple[Block, ...]:
    """The steps from first to last. Raises ValueError when they wait for one another."""
    left, done, found = dict(steps), set[str](), list[Block]()
    while left:
        ready = [step for step in left.values() if set(step.after) <= done]
        ready.sort(key=lambda step: step.tier == "daemon")
        if not ready:
            raise ValueError(f"steps wait for one another: {', '.join(left)}")
        chains = tuple(_chain(step, ready, left.values()) for step in ready)
        found.append(Block(chains))
        done |= {step.id for chain in chains for step in chain}
        left = {name: step for name, step in left.items() if name not in done}
    return tuple(found)


def _chain(
    first: ResolutionStep, ready: list[ResolutionStep], left: Iterable[ResolutionStep]
) -> tuple[ResolutionStep, ...]:
    """A step of a frame with the steps that wait for it and nothing else; what waits for a lone step is a block."""
    if len(ready) == 1:
        return (first,)
    following = [step for step in left if step.after == (first.id,)]
    return (first, *following)


def flow_svg(platform: Platform) -> str:
    """The picture of a platform's steps, as wide as a phone, with colours for light and dark."""
    drawing = _Drawing(platform.errors)
    found = blocks(platform.steps)
    for number, block in enumerate(found):
        if number:
            drawing.arrow(WIDTH // 2)
        drawing.block(block)
    height = drawing.y + MARGIN
    title = f"How {platform.about.display_name} chooses an auth mode"
    steps = ". ".join(f"{step.title}: {step.does}" for block in found for chain in block.chains for step in chain)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-labelledby="title description">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="description">{escape(steps)}</desc>',
            f"<style>\n{STYLE}\n</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>',
            *drawing.parts,
            "</svg>\n",
        )
    )


class _Drawing:
    """Shapes from the top down; `y` is where the next one begins."""

    def __init__(self, errors: Mapping[str, PlatformError]) -> None:
        self.parts: list[str] = []
        self.y = MARGIN
        self._errors = errors

    def arrow(self, x: int) -> None:
        end = self.y + GAP
        self.parts.append(f'<path class="arrow" d="M{x} {self.y}V{end - 5}"/>')
        self.parts.append(f'<path class="head" d="M{x - 4} {end - 7}h8l-4 7z"/>')
        self.y = end

    def block(self, block: Block) -> None:
        if not block.is_frame:
            self._box(block.chains[0][0], MARGIN, framed=False)
            return
        top = self.y
        self.y += TITLE_LINE
        self._text(WIDTH // 2, self.y, "no source orders these", "caption", anchor="middle")
        self.y += PADDING // 2
        for number, chain in enumerate(block.chains):
            self.y += PADDING // 2 if number else 0
            for place, step in enumerate(chain):
                if place:
                    self.arrow(WIDTH // 2)
                self._box(step, MARGIN + PADDING, framed=True)
        self.y += PADDING
        size = f'width="{WIDTH - 2 * MARGIN}" height="{self.y - top}"'
        self.parts.append(f'<rect class="frame" x="{MARGIN}" y="{top}" {size} rx="6"/>')

    def _box(self, step: ResolutionStep, x: int, *, framed: bool) -> None:
        limit = CHARACTERS[framed]
        small = _wrapped(step.looks_at, limit)
        ends = [line for name in step.errors for line in _wrapped(f"✕ {_told(self._errors[name])}", limit - 3)]
        height = PADDING + TITLE_LINE + LINE * (len(small) + len(ends)) + PADDING // 2
        size = f'width="{WIDTH - 2 * x}" height="{height}"'
        self.parts.append(f'<rect class="box" x="{x}" y="{self.y}" {size} rx="6"/>')
        place = self.y + PADDING + 6
        self._text(x + PADDING, place, step.title, "title")
        for line, style in (*((line, "") for line in small), *((line, "end") for line in ends)):
            place += LINE
            self._text(x + PADDING, place, line, style)
        self.y += height

    def _text(self, x: int, y: int, text: str, style: str, anchor: str = "") -> None:
        attributes = f' class="{style}"' if style else ""
        attributes += f' text-anchor="{anchor}"' if anchor else ""
        self.parts.append(f'<text x="{x}" y="{y}"{attributes}>{escape(text, quote=False)}</text>')


def _wrapped(text: str, limit: int) -> list[str]:
    return textwrap.wrap(text, limit, break_on_hyphens=False)


def _told(error: PlatformError) -> str:
    """The code of an error, else its message, else its id."""
    for text in (error.code, error.message):
        if text not in (None, "unknown"):
            return str(text)
    return error.id
