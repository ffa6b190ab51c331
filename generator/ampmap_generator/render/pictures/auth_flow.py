"""The picture of a platform's steps, drawn from the spec. Pure.

Steps that one another's `after` orders stand below each other, joined by arrows; those that no source orders stand in
one frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...vendored.platforms import Platform, PlatformError, ResolutionStep
from .boxes import Box, Line, Style, box, figure, listed, text


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
    """The picture of a platform's steps, one below the other."""
    found = blocks(platform.steps)
    shown = [_drawn(block, platform.errors) for block in found]
    steps = ". ".join(f"{step.title}: {step.does}" for block in found for chain in block.chains for step in chain)
    title = f"How {platform.about.display_name} chooses an auth mode"
    return figure("am-flow", title, steps, listed("am-chain", shown, "ol"))


def _drawn(block: Block, errors: Mapping[str, PlatformError]) -> str:
    if not block.is_frame:
        return box(_step(block.chains[0][0], errors))
    chains = [listed("am-chain", [box(_step(step, errors)) for step in chain], "ol") for chain in block.chains]
    note = text(Line("no source orders these", Style.NOTE))
    return f'<div class="am-frame">{note}\n{listed("am-unordered", chains)}\n</div>'


def _step(step: ResolutionStep, errors: Mapping[str, PlatformError]) -> Box:
    ends = tuple(Line(f"✕ {_error_name(errors[name])}", Style.END) for name in step.errors)
    return Box((Line(step.title, Style.TITLE), Line(step.looks_at), *ends))


def _error_name(error: PlatformError) -> str:
    """The code of an error, else its message, else its id."""
    for words in (error.code, error.message):
        if words not in (None, "unknown"):
            return str(words)
    return error.id
