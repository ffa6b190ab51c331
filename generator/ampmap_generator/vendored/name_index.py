"""What the facts of a reference are called, looked up without searching through all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Final, TypeVar

from .base import ProviderId
from .catalogue import AgentMode, HostedMode, Model, Tool
from .reference import Reference

_T = TypeVar("_T")

_RELEASE: Final = re.compile(r"(?:-(?:instruct|preview|latest|exp))*(?:-\d{2}-\d{4}|-\d{4,8})?$")
"""What the id of a release adds to the name of its model: kind of release and date."""


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """The name without case and punctuation: `Claude Sonnet 4.5` and `claude-sonnet-4-5` are one."""
    return "-".join(re.findall(r"[^\W_]+", name.casefold()))


def names_of_release(release: str) -> Iterator[str]:
    """The names of models, folded, of which an id, folded, may be a release; the id itself first."""
    yield release
    yield from (release[: dash.start()] for dash in re.finditer("-", release) if _RELEASE.match(release, dash.start()))


class ModelIndex:
    """Models by their names, the most exact names apart from the others."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)

    def exact(self, name: str) -> list[Model]:
        """The models that are called so as it is written: by `provider/id`, else id, else wire id or alias."""
        return next((found[name] for found in self._exact if name in found), [])

    def matches(self, name: str) -> Iterator[list[Model]]:
        """What a name may mean, the most exact first: as it is, then in other case, then without the release."""
        yield self.exact(name)
        if wanted := folded(name):
            yield from (found.get(wanted, []) for found in self._folded)

    @cached_property
    def _exact(self) -> tuple[Mapping[str, list[Model]], ...]:
        return (
            _all_by_name((f"{m.provider}/{m.id}", m) for m in self.models),
            _all_by_name((m.id, m) for m in self.models),
            _all_by_name((name, m) for m in self.models for name in (m.wire_id, *m.aliases) if name is not None),
        )

    @cached_property
    def _folded(self) -> tuple[Mapping[str, list[Model]], ...]:
        ids = _all_by_name(
            (folded(name), m) for m in self.models for name in (m.id, f"{m.provider}/{m.id}", m.wire_id or "") if name
        )
        return (
            ids,
            _all_by_name((folded(name), m) for m in self.models for name in (m.display_name, *m.aliases)),
            _all_by_name((name, m) for m in self.models for name in names_of_release(folded(m.id))),
            _all_by_name((name, m) for m in self.models for name in names_of_release(folded(m.display_name))),
        )


class NameIndex:
    """What every fact of a reference is called; each part is made when it is first asked."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.models = ModelIndex(reference.models.values())

    def models_of(self, provider: str) -> ModelIndex:
        """The models of a provider by their names."""
        return self._by_provider.get(provider) or ModelIndex(())

    @cached_property
    def modes(self) -> Mapping[str, AgentMode]:
        """Agent modes by name and id, as they are written."""
        return _first_by_name(
            (name, mode) for mode in self.reference.agent_modes.values() for name in (mode.name, mode.id)
        )

    @cached_property
    def folded_modes(self) -> Mapping[str, AgentMode]:
        """The same, by the names as `folded` has them."""
        return _first_by_name((folded(name), mode) for name, mode in self.modes.items())

    @cached_property
    def hosted_modes(self) -> Mapping[str, HostedMode]:
        """Modes that Amp's servers lead, by name without case."""
        return _first_by_name((mode.name.casefold(), mode) for mode in self.reference.hosted_modes.values())

    @cached_property
    def folded_tools(self) -> Mapping[str, Tool]:
        """Tools by id and display name, folded."""
        tools = self.reference.tools.values()
        return _first_by_name((folded(name), tool) for tool in tools for name in (tool.id, tool.display_name))

    @cached_property
    def folded_providers(self) -> Mapping[str, ProviderId]:
        """Ids of providers by id, display name and aliases, folded."""
        providers = self.reference.providers.items()
        return _first_by_name((folded(name), key) for key, p in providers for name in (key, p.display_name, *p.aliases))

    @cached_property
    def _by_provider(self) -> Mapping[str, ModelIndex]:
        return {
            provider: ModelIndex(models)
            for provider, models in _all_by_name((m.provider, m) for m in self.models.models).items()
        }


def name_index(reference: Reference) -> NameIndex:
    """The index of a reference, made once and kept with it."""
    own = vars(reference)
    kept: NameIndex | None = own.get(_KEPT)  # no field: what compares and dumps references does not see it
    if kept is None or kept.reference is not reference:  # a copy has that of what it is a copy of
        kept = own[_KEPT] = NameIndex(reference)
    return kept


_KEPT: Final = "_name_index"


def _all_by_name(named: Iterable[tuple[str, _T]]) -> dict[str, list[_T]]:
    """Everything by each of its names, in order; what has a name twice is there once."""
    found: dict[str, list[_T]] = {}
    for name, one in named:
        having = found.setdefault(name, [])
        if not having or having[-1] is not one:
            having.append(one)
    return found


def _first_by_name(named: Iterable[tuple[str, _T]]) -> dict[str, _T]:
    """The first that has each name."""
    found: dict[str, _T] = {}
    for name, one in named:
        found.setdefault(name, one)
    return found
