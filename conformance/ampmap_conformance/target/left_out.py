"""What a client of an edition asks for and a target does not serve, and what that breaks. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..reference.types import CORE_CLAIM, AgentMode, Reference
from .target import Target

VARIANT = ":"
"""In the name of a mode that is a variant (`bolt:main`); a user chooses among the plain ones."""


@dataclass(frozen=True)
class LeftOut:
    """One thing that a target does not serve."""

    core: bool
    """Whether a client does not start, or one of the modes among which a user chooses does not work."""
    text: str
    """What is not served, and what that breaks, in a sentence."""
    management: bool = False
    """Whether it is Amp's own calls."""


def core_providers(reference: Reference) -> frozenset[str]:
    """The providers of the plain modes, among which a user of the edition chooses, by id."""
    return frozenset(mode.provider for mode in reference.agent_modes.values() if _is_chosen(mode))


def left_out(target: Target) -> tuple[LeftOut, ...]:
    """What the target does not serve, what is core first."""
    found = (*_management(target), *_providers(target))
    return tuple(sorted(found, key=lambda one: not one.core))


def _management(target: Target) -> tuple[LeftOut, ...]:
    if target.claims(CORE_CLAIM):
        return ()
    routes = target.reference.management.values()
    calls = [(route.paths[0], call.without) for route in routes for call in route.calls.values() if call.without]
    if calls:
        path, without = calls[0]
        breaks = f"without `{path}`: {without.rstrip('.')}"
    else:
        breaks = "the client does not sign in, and keeps no threads"
    paths = ", ".join(f"`{route.paths[0]}`" for route in routes if route.level == "api" and route.documented)
    return (LeftOut(core=True, text=f"the target does not serve Amp's own calls ({paths}): {breaks}", management=True),)


def _providers(target: Target) -> tuple[LeftOut, ...]:
    reference = target.reference
    served = {provider.id for provider in target.providers}
    lacking = [one for one in reference.providers.values() if one.via_proxy and one.id not in served]
    found = []
    for provider in lacking:
        modes = [mode for mode in reference.agent_modes.values() if mode.provider == provider.id]
        tools = [tool.display_name for tool in reference.tools.values() if tool.provider == provider.id]
        chosen = [mode.name for mode in modes if _is_chosen(mode)]
        users = [_listed("mode", chosen or [mode.name for mode in modes]), _listed("tool", tools)]
        used = " and ".join(filter(None, users))
        if used:
            verb = "go" if len(chosen or modes) + len(tools) > 1 else "goes"
            text = f"{used} {verb} to {provider.id}, which this target does not serve"
            found.append(LeftOut(core=bool(chosen), text=text))
    return tuple(found)


def _listed(kind: str, names: list[str]) -> str:
    if not names:
        return ""
    told = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{kind}{'' if len(names) == 1 else 's'} {told}"


def _is_chosen(mode: AgentMode) -> bool:
    return VARIANT not in mode.name
