"""Which fields name another fact, and what may stand there.

`LINKS` is the whole table; everything that asks "does this id exist?" reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

from .fields import field_paths, fields_of, shape_at
from .findings import Location
from .load import Entry, Spec
from .yaml_nodes import Node, Pointer

Names: TypeAlias = Mapping[str, Location | None]
"""What may stand in a field, with the place that defines it where there is one."""

AXES: Final = (
    "provider",
    "provider_operation",
    "alternate_root",
    "credential_carrier",
    "stream",
    "agent_mode",
    "management_route",
    "model",
    "status",
)
"""Axes over which the conformance kit can expand a requirement."""


class Index:
    """The ids of a spec by scope, which is `"models"` or, for platforms, `"platforms/rensei/models"`."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.scopes: dict[str, dict[str, Entry]] = {}
        for entry in spec.entries:
            self.scopes.setdefault(entry.scope, {})[entry.key] = entry
        self._ids: dict[str, Names] = {}
        self._paths: dict[tuple[Node, Pointer], Names] = {}

    def ids(self, scope: str) -> Names | None:
        """The ids of a scope, or None if a file of it could not be read: then nothing can be said."""
        if scope in self.spec.unread:
            return None
        if scope not in self._ids:
            self._ids[scope] = {key: entry.location for key, entry in self.scopes.get(scope, {}).items()}
        return self._ids[scope]

    def entry(self, scope: str, key: str | None) -> Entry | None:
        """The entry of this key."""
        return self.scopes.get(scope, {}).get(key or "")

    def models(self) -> Names | None:
        """Models by key and by bare id."""
        keys = self.ids("models")
        if keys is None:
            return None
        return {entry.id: entry.location for entry in self.scopes.get("models", {}).values()} | dict(keys)

    def models_called(self, name: str) -> list[Entry]:
        """The models that a key or a bare id means: one, unless a bare id is not unique."""
        models = self.scopes.get("models", {})
        return [models[name]] if name in models else [entry for entry in models.values() if entry.id == name]

    @cached_property
    def platforms(self) -> Names:
        """The platforms, each with one of its files."""
        unread = {scope.split("/")[1]: None for scope in self.spec.unread if scope.startswith("platforms/")}
        entries = (entry for entry in reversed(self.spec.entries) if entry.platform is not None)
        return {**unread, **{str(entry.platform): Location(entry.file, 1, 1) for entry in entries}}

    def operations(self, provider: Entry | None, dialect: str | None = None) -> Names | None:
        """The operations that a provider serves, in one dialect or in all."""
        node = None if provider is None else provider.node.child("operations")
        if node is None:
            return None
        lists = [below for step, below in node.children() if dialect in (None, step)]
        return {str(item.value): item.location for below in lists for _, item in below.children()}

    def fields(self, entry: Entry, pointer: Pointer) -> Names:
        """The fields of the mapping at `pointer`."""
        shape = shape_at(entry.kind.shape, pointer)
        return {} if shape is None else dict.fromkeys(fields_of(shape))

    def field_paths(self, entry: Entry, pointer: Pointer) -> Names:
        """The fields of the mapping at `pointer`, and the paths to what is below them."""
        place = (entry.node, pointer)
        if place not in self._paths:
            shape = shape_at(entry.kind.shape, pointer)
            self._paths[place] = dict.fromkeys(field_paths(shape, entry.node.at(pointer)))
        return self._paths[place]


# --- what may stand in a field


@dataclass(frozen=True)
class Spot:
    """One place in one entry that holds a name."""

    index: Index
    entry: Entry
    pointer: Pointer
    name: str

    @property
    def provider(self) -> Entry | None:
        """The provider that the entry's field of this name gives."""
        return self.index.entry("providers", text_at(self.entry, "provider"))


Target: TypeAlias = Callable[[Spot], "Names | None"]
"""The names that may stand in a spot; None where another finding already tells."""


def _any(scope: str) -> Target:
    return lambda spot: spot.index.ids(scope)


def _of_own_platform(kind: str) -> Target:
    return lambda spot: spot.index.ids(f"platforms/{spot.entry.platform}/{kind}")


def _fields_of_mapping(steps: int) -> Target:
    """Fields of the mapping that stands `steps` above the spot; only a dotted name is worth listing all paths."""
    return lambda spot: (
        spot.index.field_paths(spot.entry, spot.pointer[:-steps])
        if "." in spot.name
        else spot.index.fields(spot.entry, spot.pointer[:-steps])
    )


def _providers_of_offer(spot: Spot) -> Names | None:
    platform = str(spot.pointer[1])
    return spot.index.ids(f"platforms/{platform}/providers") if platform in spot.index.platforms else None


def _operations_of_dialect(spot: Spot) -> Names | None:
    endpoint = spot.index.entry("endpoints", str(spot.pointer[1]))
    return _keys(endpoint, "operations")


def _operations_of_provider(spot: Spot) -> Names | None:
    return spot.index.operations(spot.provider, text_at(spot.entry, "dialect"))


def _dialects_of_provider(spot: Spot) -> Names | None:
    return _keys(spot.provider, "operations")


def _keys(entry: Entry | None, field: str) -> Names | None:
    node = None if entry is None else entry.node.child(field)
    return None if node is None else {str(step): below.key_location for step, below in node.children()}


def text_at(entry: Entry, *pointer: str | int) -> str | None:
    """The text at `pointer`, or None if something else or nothing stands there."""
    node = entry.node.at(pointer)
    return node.value if node is not None and isinstance(node.value, str) else None


# --- the table


@dataclass(frozen=True)
class Link:
    """One place at which facts name other facts.

    `kind` is a kind's name, `platform <kind>` for a kind of platform fact, or `*` for all; `where` is
    a dotted path in which `*` is any item or key, and a last step `~` means the keys themselves.
    `otherwise` is said of a name that does not exist.
    """

    kind: str
    where: str
    target: Target
    otherwise: str


_NO_SOURCE = "no source has this id"
_NO_PROVIDER = "no provider has this id"
_NO_SETTING = "no setting or environment variable has this name"
_NO_FIELD = "no field has this name"
_NO_MODEL = "no model has this id"
_NO_PLATFORM_PROVIDER = "the platform has no provider of this id"
_NO_AUTH_MODE = "the platform has no auth mode of this id"
_NOT_SERVED = "the provider serves no such operation"

LINKS: Final = (
    Link("*", "sources.*.id", _any("sources"), _NO_SOURCE),
    Link("*", "sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("*", "claims.*.says.~", _any("sources"), _NO_SOURCE),
    Link("*", "claims.*.field", _fields_of_mapping(3), _NO_FIELD),
    Link("editions", "base", _any("editions"), "no edition has this id"),
    Link("providers", "served_through", _any("providers"), _NO_PROVIDER),
    Link("providers", "operations.~", _any("endpoints"), "no endpoint describes this dialect"),
    Link("providers", "operations.*.*", _operations_of_dialect, "the dialect has no such operation"),
    Link("providers", "default_operation", lambda spot: spot.index.operations(spot.entry), _NOT_SERVED),
    Link("providers", "response_extras.~", lambda spot: spot.index.operations(spot.entry), _NOT_SERVED),
    Link("providers", "error_shape", _any("error_shapes"), "no error shape has this id"),
    Link("providers", "requires.*", _any("settings"), _NO_SETTING),
    Link("providers", "setting", _any("settings"), _NO_SETTING),
    Link("endpoints", "operations.*.sources.*.id", _any("sources"), _NO_SOURCE),
    Link("endpoints", "operations.*.sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("models", "provider", _any("providers"), _NO_PROVIDER),
    Link("models", "platforms.~", lambda spot: spot.index.platforms, "no platform has this id"),
    Link("models", "platforms.*.provider", _providers_of_offer, _NO_PLATFORM_PROVIDER),
    Link("agent_modes", "provider", _any("providers"), _NO_PROVIDER),
    Link("agent_modes", "model", lambda spot: spot.index.models(), _NO_MODEL),
    Link("agent_modes", "operation", _operations_of_provider, _NOT_SERVED),
    Link("tools", "setting", _any("settings"), _NO_SETTING),
    Link("tools", "provider", _any("providers"), _NO_PROVIDER),
    Link("tools", "default_model", lambda spot: spot.index.models(), _NO_MODEL),
    Link("tools", "dialect", _dialects_of_provider, "the provider does not speak this dialect"),
    Link("tools", "operation", _operations_of_provider, _NOT_SERVED),
    Link("headers", "headers.*.providers.*", _any("providers"), _NO_PROVIDER),
    Link("headers", "headers.*.sources.*.id", _any("sources"), _NO_SOURCE),
    Link("headers", "headers.*.sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("requirements", "control", _any("requirements"), "no requirement has this id"),
    Link("requirements", "for_each.*", lambda _: dict.fromkeys(AXES), "checks cannot expand over this"),
    Link("platform providers", "auth_modes.*", _of_own_platform("auth_modes"), _NO_AUTH_MODE),
    Link("platform providers", "setup.~", _of_own_platform("auth_modes"), _NO_AUTH_MODE),
    Link("platform models", "provider", _of_own_platform("providers"), _NO_PLATFORM_PROVIDER),
    Link("platform errors", "providers.*", _of_own_platform("providers"), _NO_PLATFORM_PROVIDER),
    Link("platform troubleshooting", "error", _of_own_platform("errors"), "the platform has no error of this id"),
)


@dataclass(frozen=True)
class Use:
    """One name that stands in one file."""

    link: Link
    entry: Entry
    pointer: Pointer
    name: str
    location: Location


def uses(spec: Spec) -> Iterator[Use]:
    """Every name in the spec that must be the name of something, whether or not it is."""
    links: dict[str, list[tuple[Link, tuple[str, ...]]]] = {}
    for link in LINKS:
        links.setdefault(link.kind, []).append((link, tuple(link.where.split("."))))
    for entry in spec.entries:
        kind = f"platform {entry.kind.name}" if entry.platform else entry.kind.name
        for link, path in [*links["*"], *links.get(kind, ())]:
            for pointer, node in _matches(entry.node, path):
                if isinstance(node.value, str):
                    yield Use(link, entry, pointer, node.value, node.location)
        if (injected := entry.kind.injected) is not None:  # the file's name is a name too
            for link, path in links.get(kind, ()):
                if path == (injected,):
                    yield Use(link, entry, (injected,), entry.stem, Location(entry.file, 1, 1))


def _matches(node: Node, path: tuple[str, ...], pointer: Pointer = ()) -> Iterator[tuple[Pointer, Node]]:
    if not path:
        yield pointer, node
    elif path[0] == "~":
        for step, below in node.children():
            if below.key is not None:
                yield (*pointer, step), below.key
    elif path[0] == "*":
        for step, below in node.children():
            yield from _matches(below, path[1:], (*pointer, step))
    elif (below_or_none := node.child(path[0])) is not None:
        yield from _matches(below_or_none, path[1:], (*pointer, path[0]))
