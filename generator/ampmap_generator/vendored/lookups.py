"""The names of a reference as mappings, so that a lookup does not search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, TypeVar

from .base import ProviderId
from .catalogue import AgentMode, HostedMode, Model, Tool
from .reference import Reference
from .spelling import folded, models_of_release

_Found = TypeVar("_Found")
_Spellings: TypeAlias = Callable[[Model], Iterable[str]]

_AS_WRITTEN: Final[tuple[_Spellings, ...]] = (
    lambda model: (f"{model.provider}/{model.id}",),
    lambda model: (model.id,),
    lambda model: (model.wire_id or "", *model.aliases),
)
_FOLDED: Final[tuple[_Spellings, ...]] = (
    lambda model: map(folded, (model.id, f"{model.provider}/{model.id}", model.wire_id or "")),
    lambda model: map(folded, (model.display_name, *model.aliases)),
    lambda model: models_of_release(folded(model.id)),
    lambda model: models_of_release(folded(model.display_name)),
)


class Lookups:
    """What each spelling of a name means. Where two facts of a kind have one, the first of them has it."""

    def __init__(self, reference: Reference) -> None:
        modes, models = reference.agent_modes.values(), reference.models.values()
        self.modes: Mapping[str, AgentMode] = _first((mode, (mode.name, mode.id)) for mode in modes)
        """By name (`bolt:main`) and id (`bolt-main`)."""
        self.folded_modes: Mapping[str, AgentMode] = _first(
            (mode, (folded(mode.name), folded(mode.id))) for mode in modes
        )
        self.hosted_modes: Mapping[str, HostedMode] = _first(
            (mode, (mode.name.casefold(),)) for mode in reference.hosted_modes.values()
        )
        """By name without case."""
        self.tools: Mapping[str, Tool] = _first(
            (tool, (folded(tool.id), folded(tool.display_name))) for tool in reference.tools.values()
        )
        """By id and display name, folded."""
        self.providers: Mapping[str, ProviderId] = _first(
            (key, map(folded, (key, provider.display_name, *provider.aliases)))
            for key, provider in reference.providers.items()
        )
        """By id, display name and alias, folded."""
        served: dict[str, list[Model]] = {}
        for model in models:
            served.setdefault(model.provider, []).append(model)
        self._served = {provider: tuple(found) for provider, found in served.items()}
        self._as_written = [_all(models, spellings) for spellings in _AS_WRITTEN]
        self._folded = [_all(models, spellings) for spellings in _FOLDED]

    def models_of(self, provider: str) -> tuple[Model, ...]:
        """The models of a provider, in the order of the reference."""
        return self._served.get(provider, ())

    def as_written(self, name: str, provider: str | None = None) -> list[Model]:
        """The models that have this name as it is: as `provider/id`, else as id, else as wire id or alias."""
        return self._best(self._as_written, name, provider)

    def models(self, name: str, provider: str | None = None) -> list[Model]:
        """The models that a name may mean: as it is written, else in any case, else without kind and date of release.

        With `provider`, its models alone.
        """
        return self.as_written(name, provider) or self._best(self._folded, folded(name), provider)

    @staticmethod
    def _best(tiers: Iterable[Mapping[str, list[Model]]], name: str, provider: str | None) -> list[Model]:
        for tier in tiers:
            if found := [model for model in tier.get(name, ()) if provider in (None, model.provider)]:
                return found
        return []


def _first(named: Iterable[tuple[_Found, Iterable[str]]]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for each, names in named:
        for name in names:
            if name:
                found.setdefault(name, each)
    return found


def _all(models: Iterable[Model], spellings: _Spellings) -> dict[str, list[Model]]:
    found: dict[str, list[Model]] = {}
    for model in models:
        for name in dict.fromkeys(spellings(model)):
            if name:
                found.setdefault(name, []).append(model)
    return found


class _Same:
    """A reference as a key: it is equal to itself alone, since comparing its facts costs more than a lookup saves."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference

    def __hash__(self) -> int:
        return id(self.reference)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.reference is self.reference


@lru_cache(maxsize=16)
def _made(key: _Same) -> Lookups:
    return Lookups(key.reference)


def lookups(reference: Reference) -> Lookups:
    """The names of a reference, made once for each of the references that are in use."""
    return _made(_Same(reference))
