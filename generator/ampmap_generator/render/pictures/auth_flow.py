"""The picture of a platform's steps, drawn from the spec. Pure.

Steps that one another's `after` orders stand below each other, joined by arrows; those that no source orders stand in
one frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...vendored.platforms import Platform, PlatformError, ResolutionStep
from .svg import NARROW, PADDING, Box, Canvas, Frame, Line, Style, figure

GAP = 22
"""Between two boxes, for an arrow."""


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


def flow_picture(platform: Platform) -> str:
    """The picture of a platform's steps, as wide as a phone."""
    canvas = Canvas(NARROW)
    found = blocks(platform.steps)
    for number, block in enumerate(found):
        if number:
            _arrow(canvas, canvas.height)
        _draw(canvas, block, platform.errors)
    steps = ". ".join(f"{step.title}: {step.does}" for block in found for chain in block.chains for step in chain)
    return figure(f"flow-{platform.id}", f"How {platform.about.display_name} chooses an auth mode", steps, canvas)


def _arrow(canvas: Canvas, y: float) -> None:
    canvas.arrow([(NARROW / 2, y - 1), (NARROW / 2, y + GAP)])


def _draw(canvas: Canvas, block: Block, errors: Mapping[str, PlatformError]) -> None:
    if not block.is_frame:
        canvas.box(0, canvas.height, NARROW - 2, _step(block.chains[0][0], errors))
        return
    top = canvas.height
    canvas.text(NARROW / 2, top + 17, "no source orders these", Style.NOTE, "middle")
    for chain in block.chains:
        for place, step in enumerate(chain):
            if place:
                _arrow(canvas, canvas.height)
            y = canvas.height + (0 if place else PADDING / 2)
            canvas.box(PADDING, y, NARROW - 2 - 2 * PADDING, _step(step, errors))
    canvas.rectangle(Frame(0, top, NARROW - 2, canvas.height - top + PADDING), "am-frame")


def _step(step: ResolutionStep, errors: Mapping[str, PlatformError]) -> Box:
    ends = tuple(Line(f"✕ {_told(errors[name])}", Style.END) for name in step.errors)
    return Box((Line(step.title, Style.TITLE), Line(step.looks_at), *ends))


def _told(error: PlatformError) -> str:
    """The code of an error, else its message, else its id."""
    for text in (error.code, error.message):
        if text not in (None, "unknown"):
            return str(text)
    return error.id
