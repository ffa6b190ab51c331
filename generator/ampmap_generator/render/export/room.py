"""Models that a test leaves out of a configuration, so that it sees mappings and the fallback to Amp. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .shapes import Plan, ProviderPlan

FEWEST = 3
"""Models that a provider must have, of which one is mapped, one left to Amp, and one served."""


@dataclass(frozen=True)
class Mapping:
    """Calls for `start` get the model `to` instead; with `is_pattern`, `start` is a regular expression."""

    start: str
    to: str
    is_pattern: bool = False


@dataclass(frozen=True)
class Room:
    """What a proxy with mappings and fallback does not serve itself."""

    mappings: tuple[Mapping, ...] = ()
    absent: tuple[str, ...] = ()
    """Models that it does not have: a pattern matches them, or they are left to Amp's servers."""


def make_room(plan: Plan) -> tuple[Plan, Room]:
    """The plan with fewer models, and what becomes of those that are missing.

    Of a provider with enough models the last is left to Amp's servers, and the one before it is mapped to the first.
    Each provider also has a pattern, for models of a name that it never had.
    """
    providers, mappings, absent = [], [], []
    for provider in plan.providers:
        ids = [name for _, name in provider.models]
        if not ids:
            providers.append(provider)
            continue
        old = f"example-old-{provider.id}-"
        mappings.append(Mapping(rf"^{old}\d+$", ids[0], is_pattern=True))
        absent.append(f"{old}7")
        if len(ids) >= FEWEST:
            *_, mapped, left = ids
            mappings.append(Mapping(mapped, ids[0]))
            absent.append(left)
            providers.append(_without(provider, {mapped, left}))
        else:
            providers.append(provider)
    return replace(plan, providers=tuple(providers)), Room(tuple(mappings), tuple(absent))


def _without(provider: ProviderPlan, names: set[str]) -> ProviderPlan:
    return replace(provider, models=tuple(pair for pair in provider.models if pair[1] not in names))
