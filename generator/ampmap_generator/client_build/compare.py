"""What came and went between an edition and a build. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Literal, TypeAlias

from ..vendored.base import Json
from ..vendored.catalogue import Header
from ..vendored.reference import Reference
from .facts import BuildFacts, FoundModel

Named: TypeAlias = Literal["models", "modes", "headers", "methods", "paths"]


@unique
class Kind(StrEnum):
    """Kinds of facts, in the order in which they are shown."""

    BASE_PATH = "base path"
    MODEL = "model"
    LIMITS = "limits"
    MODE = "mode"
    HEADER = "header"
    METHOD = "method"
    PATH = "path"


@unique
class Change(StrEnum):
    """How a fact of the build differs from the edition."""

    CAME = "came"
    WENT = "went"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that the build and the edition do not have alike."""

    kind: Kind
    change: Change
    name: str
    before: str | None = None
    """What the edition states, where both know the fact."""
    after: str | None = None

    def as_json(self) -> dict[str, Json]:
        """The difference as JSON values."""
        return {
            "kind": self.kind.value,
            "change": self.change.value,
            "name": self.name,
            "before": self.before,
            "after": self.after,
        }


def provider_of(model: FoundModel, reference: Reference) -> str | None:
    """The edition's provider of a row of the build's catalogue, whose name for it may be another; None for a new one.

    A row of which the edition states that it is listed under another provider is that row.
    """
    for known in reference.models.values():
        if known.id == model.id and known.listed_as == model.provider:
            return known.provider
    for provider in reference.providers.values():
        if model.provider in provider.aliases:
            return provider.id
    return model.provider if model.provider in reference.providers else None


def compare(facts: BuildFacts, reference: Reference) -> tuple[Difference, ...]:
    """The differences, by kind and name."""
    found = [*_base_paths(facts, reference), *_headers(facts, reference), *_management(facts, reference)]
    if reference.providers:
        found += _models(facts, reference)
    found += _modes(facts, reference)
    order = list(Kind)
    return tuple(sorted(found, key=lambda each: (order.index(each.kind), each.change, each.name)))


def _base_paths(facts: BuildFacts, reference: Reference) -> Iterator[Difference]:
    stated = {each.base_path for each in reference.providers.values() if each.via_proxy and each.base_path}
    yield from _came_and_went(Kind.BASE_PATH, set(facts.base_paths), stated)


def _models(facts: BuildFacts, reference: Reference) -> Iterator[Difference]:
    found = {f"{provider_of(model, reference) or model.provider}/{model.id}": model for model in facts.models}
    yield from _came_and_went(Kind.MODEL, set(found), set(reference.models) | _named(reference, "models"))
    for name in sorted(found.keys() & reference.models.keys()):
        limits, read = reference.models[name].limits, found[name]
        before = limits_in_words(limits.context, limits.output) if limits else None
        after = limits_in_words(read.context, read.output)
        if after is not None and before != after:
            yield Difference(Kind.LIMITS, Change.CHANGED if before else Change.CAME, name, before, after)


def limits_in_words(context: int | None, output: int | None) -> str | None:
    """E.g. `200,000 in the window, 32,000 out`; None where neither is known."""
    parts = [f"{context:,} in the window"] if context is not None else []
    parts += [f"{output:,} out"] if output is not None else []
    return ", ".join(parts) or None


def _modes(facts: BuildFacts, reference: Reference) -> Iterator[Difference]:
    stated: dict[str, tuple[str, ...]] = {mode.name: (mode.model,) for mode in reference.agent_modes.values()}
    stated |= {mode.name: mode.models for mode in reference.hosted_modes.values()}
    found = {mode.name: mode.models for mode in facts.modes}
    yield from _came_and_went(Kind.MODE, set(found), set(stated) | _named(reference, "modes"))
    for name in sorted(found.keys() & stated.keys()):
        if found[name] and set(found[name]) != set(stated[name]):
            yield Difference(Kind.MODE, Change.CHANGED, name, ", ".join(stated[name]), ", ".join(found[name]))


def _headers(facts: BuildFacts, reference: Reference) -> Iterator[Difference]:
    stated = {header.name.lower() for known in reference.headers.values() for header in known.headers}
    stated |= {name.lower() for name in _named(reference, "headers")}
    sent = {header.name.lower() for header in sent_headers(reference)}
    for name in facts.headers:
        if name.lower() not in stated:
            yield Difference(Kind.HEADER, Change.CAME, name)
    for name in sorted(sent):
        if name.startswith(("x-", "anthropic-")) and name not in facts.quoted:
            yield Difference(Kind.HEADER, Change.WENT, name)


def sent_headers(reference: Reference) -> Iterator[Header]:
    """What the edition's client sends by itself."""
    for known in reference.headers.values():
        if known.role == "client-sends":
            yield from known.headers


def _management(facts: BuildFacts, reference: Reference) -> Iterator[Difference]:
    calls = {call.path for route in reference.management.values() for call in route.calls.values()}
    stated = {path.partition("?")[2] for path in calls if path.startswith("/api/internal?")}
    yield from _came_and_went(Kind.METHOD, set(facts.methods), stated | _named(reference, "methods"))
    families = [path for route in reference.management.values() for path in route.paths]
    found = {path.partition("?")[0] for path in facts.paths}
    uncovered = {path for path in found if not any(covers(family, path) for family in families)}
    named = _named(reference, "paths")
    yield from _came_and_went(Kind.PATH, uncovered | (found & named), named)


def _named(reference: Reference, kind: Named) -> set[str]:
    """What the edition says to be named in the text of its build, beside the facts."""
    return set(reference.edition.names.get(kind, ()))


def covers(family: str, path: str) -> bool:
    """Whether a path is of a family, such as `/api/threads/*`."""
    return path.startswith(family[:-1]) if family.endswith("/*") else path == family


def _came_and_went(kind: Kind, found: Iterable[str], stated: Iterable[str]) -> Iterator[Difference]:
    for name in sorted(set(found) - set(stated)):
        yield Difference(kind, Change.CAME, name)
    for name in sorted(set(stated) - set(found)):
        yield Difference(kind, Change.WENT, name)
