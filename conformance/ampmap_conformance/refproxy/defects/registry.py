"""What a defect is, and the list that the theme modules fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..behaviour import Behaviour

Change = Callable[[Behaviour], Behaviour]


@dataclass(frozen=True, slots=True)
class Defect:
    """A switchable fault of the reference proxy."""

    id: str
    summary: str
    """What the faulty proxy does, in a sentence."""
    breaks: tuple[str, ...]
    """Requirements that a proxy with this fault violates."""
    also: tuple[str, ...]
    """Requirements, or patterns of them (`routing.*`), that may notice as well because of what the fault leads to.

    `*` is for a fault with a memory: what a call comes to depends on those before it.
    """
    seen_in: str | None
    """Where a real proxy did it: `owner/repo#number` or `owner/repo@commit`; None where no thread is known."""
    variant: str | None
    """The unusual proxy that has the fault; None for the usual one. A rule that speaks only of proxies of a kind, by
    their target file, is broken by one of that kind."""
    change: Change = field(repr=False)


REGISTRY: dict[str, Defect] = {}


def defect(
    id_: str,
    *,
    breaks: tuple[str, ...],
    also: tuple[str, ...] = (),
    seen_in: str | None = None,
    variant: str | None = None,
    registry: dict[str, Defect] = REGISTRY,
) -> Callable[[Change], Change]:
    """Register a function that makes a behaviour faulty; its docstring is the summary."""

    def register(change: Change) -> Change:
        if id_ in registry:
            raise ValueError(f"two defects are called {id_}")
        summary = " ".join((change.__doc__ or "").split())
        registry[id_] = Defect(id_, summary, breaks, also, seen_in, variant, change)
        return change

    return register
