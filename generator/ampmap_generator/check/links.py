"""Which fields name another fact, and what may stand there.

`LINKS` is the whole table; everything that asks "does this id exist?" reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias, get_args

from ..load.findings import Location
from ..load.spec import Spec, SpecEntry
from ..load.yaml_nodes import Node, Pointer
from ..vendored.catalogue import AxisName
from ..vendored.conditions import ClaimName
from .spec_index import Names, SpecIndex

AXES: Final[tuple[str, ...]] = get_args(AxisName)
CLAIMS: Final[tuple[str, ...]] = get_args(ClaimName)

UNKNOWN: Final = "unknown"
"""Value of a field that the sources do not state."""


# --- what may stand in a field


@dataclass(frozen=True)
class Spot:
    """One place in one entry that holds a name."""

    index: SpecIndex
    entry: SpecEntry
    pointer: Pointer
    name: str

    @property
    def provider(self) -> SpecEntry | None:
        """The provider that the entry's field of this name gives."""
        return self.index.entry("providers", text_at(self.entry, "provider"))


Target: TypeAlias = Callable[[Spot], "Names | None"]
"""The names that may stand in a spot; None if there is another finding already."""


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


def _model_ids_of_offer(spot: Spot) -> Names | None:
    """What the platform calls its models."""
    platform = str(spot.pointer[1])
    if f"platforms/{platform}/models" in spot.index.spec.unread or platform not in spot.index.platforms:
        return None
    entries = spot.index.scopes.get(f"platforms/{platform}/models", {}).values()
    return {str(text_at(entry, "model_id")): entry.location for entry in entries}


def _users_of_models(spot: Spot) -> Names | None:
    """Agent modes by their names, those of one family together (`bolt:*`), and tools by their ids."""
    if spot.index.spec.unread.intersection(("agent_modes", "tools")):
        return None
    scopes = spot.index.scopes
    modes = {text_at(entry, "name") or entry.id: entry.location for entry in scopes.get("agent_modes", {}).values()}
    families = {f"{name.partition(':')[0]}:*": place for name, place in modes.items() if ":" in name}
    tools = {spelt: entry.location for name, entry in scopes.get("tools", {}).items()
             for spelt in (name, name.replace("-", "_"))}  # fmt: skip
    return {**modes, **families, **tools}


def _if_any(kind: str) -> Target:
    """The ids of the own platform, which need not have facts of this kind."""
    return lambda spot: _of_own_platform(kind)(spot) or None


def _operations_of_dialect(spot: Spot) -> Names | None:
    endpoint = spot.index.entry("endpoints", str(spot.pointer[1]))
    return _keys(endpoint, "operations")


def _operations_of_provider(spot: Spot) -> Names | None:
    return spot.index.operations(spot.provider, text_at(spot.entry, "dialect"))


def _dialects_of_provider(spot: Spot) -> Names | None:
    return _keys(spot.provider, "operations")


def _keys(entry: SpecEntry | None, field: str) -> Names | None:
    node = None if entry is None else entry.node.child(field)
    return None if node is None else {str(step): below.key_location for step, below in node.children()}


def text_at(entry: SpecEntry, *pointer: str | int) -> str | None:
    """The text at `pointer`, or None if something else or nothing stands there."""
    node = entry.node.at(pointer)
    return node.value if node is not None and isinstance(node.value, str) else None


def _earlier(spot: Spot) -> Names | None:
    """The ids that this kind has in the editions below the spec's own."""
    return {
        name: entry.location
        for spec in _editions_below(spot.index.spec)
        for entry in spec.entries
        if entry.scope == spot.entry.scope
        for name in (entry.id, entry.key)
    }


def _earlier_headers(spot: Spot) -> Names | None:
    """The headers that this set has in the editions below the spec's own."""
    return {
        str(name.value): name.location
        for spec in _editions_below(spot.index.spec)
        for entry in spec.entries
        if (entry.scope, entry.key) == (spot.entry.scope, spot.entry.key)
        for _, name in _matches(entry.node, ("headers", "*", "name"))
    }


def _editions_below(spec: Spec) -> Iterator[Spec]:
    """The specs of the editions that this one is laid over, the nearest first."""
    while (fact := spec.facts["editions"].get(spec.edition or "")) is not None:
        base = text_at(fact, "base")
        if base is None or base not in spec.editions:
            return
        spec = spec.of(base)
        yield spec


def _own_kind(spot: Spot) -> Names | None:
    """The ids of the entry's own kind; a model is named by its id or by its key."""
    return spot.index.models() if spot.entry.scope == "models" else spot.index.ids(spot.entry.scope)


def _or_unknown(target: Target) -> Target:
    """The same names, and the word for what the sources do not state."""

    def names(spot: Spot) -> Names | None:
        found = target(spot)
        return None if found is None else {**found, UNKNOWN: None}

    return names


# --- the table


@dataclass(frozen=True)
class Link:
    """One place at which facts name other facts.

    `kind` is a kind's name, `platform <kind>` for a kind of platform fact, or `*` for all; `where` is
    a dotted path in which `*` is any item or key, and a last step `~` means the keys themselves.
    `otherwise` is said of a name that does not exist. `offered` names the list of ids that an editor
    offers there (`schema.offers`); it is empty where there is none that would not depend on the file.
    """

    kind: str
    where: str
    target: Target
    otherwise: str
    offered: str = ""


_NO_SOURCE = "no source has this id"
_NO_REQUIREMENT = "no requirement has this id"
_NO_PROVIDER = "no provider has this id"
_NO_SETTING = "no setting or environment variable has this name"
_NO_FIELD = "no field has this name"
_NO_MODEL = "no model has this id"
_NO_PLATFORM_PROVIDER = "the platform has no provider of this id"
_NO_AUTH_MODE = "the platform has no auth mode of this id"
_NOT_SERVED = "the provider serves no such operation"
_NO_PLATFORM_ERROR = "the platform has no error of this id"
_NO_USER = "no agent mode has this name, and no tool this id"
_NOT_EARLIER = "no edition below this one has this id"

LINKS: Final = (
    Link("*", "sources.*.id", _any("sources"), _NO_SOURCE, "sources"),
    Link("*", "sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("*", "claims.*.says.~", _any("sources"), _NO_SOURCE, "sources"),
    Link("*", "claims.*.field", _fields_of_mapping(3), _NO_FIELD),
    Link("*", "lifecycle.successor", _or_unknown(_own_kind), "nothing of this kind has this id"),
    Link("*", "lifecycle.renamed_from", _earlier, _NOT_EARLIER),
    Link("*", "lifecycle.replaces.*", _earlier, _NOT_EARLIER),
    Link("editions", "base", _any("editions"), "no edition has this id", "editions"),
    Link("providers", "served_through", _any("providers"), _NO_PROVIDER, "providers"),
    Link("providers", "operations.~", _any("endpoints"), "no endpoint describes this dialect", "endpoints"),
    Link("providers", "operations.*.*", _operations_of_dialect, "the dialect has no such operation", "operations"),
    Link("providers", "default_operation", lambda spot: spot.index.operations(spot.entry), _NOT_SERVED, "operations"),
    Link("providers", "response_extras.~", lambda spot: spot.index.operations(spot.entry), _NOT_SERVED, "operations"),
    Link("providers", "error_shape", _any("error_shapes"), "no error shape has this id", "error_shapes"),
    Link("providers", "requires.*", _any("settings"), _NO_SETTING, "settings"),
    Link("providers", "setting", _any("settings"), _NO_SETTING, "settings"),
    Link("endpoints", "operations.*.sources.*.id", _any("sources"), _NO_SOURCE, "sources"),
    Link("endpoints", "operations.*.sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("meanings", "error_shape", _any("error_shapes"), "no error shape has this id", "error_shapes"),
    Link("meanings", "*.*.sources.*.id", _any("sources"), _NO_SOURCE, "sources"),
    Link("meanings", "*.*.sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("models", "provider", _any("providers"), _NO_PROVIDER),
    Link("models", "default_for.*", _users_of_models, _NO_USER),
    Link("models", "used_in.*", _users_of_models, _NO_USER),
    Link("models", "platforms.*.id", _model_ids_of_offer, "the platform lists no model of this id"),
    Link("models", "platforms.~", lambda spot: spot.index.platforms, "no platform has this id", "platforms"),
    Link("models", "platforms.*.provider", _providers_of_offer, _NO_PLATFORM_PROVIDER, "platform providers"),
    Link("agent_modes", "provider", _any("providers"), _NO_PROVIDER, "providers"),
    Link("agent_modes", "model", lambda spot: spot.index.models(), _NO_MODEL, "models"),
    Link("agent_modes", "operation", _operations_of_provider, _NOT_SERVED, "operations"),
    Link("tools", "setting", _any("settings"), _NO_SETTING, "settings"),
    Link("tools", "provider", _any("providers"), _NO_PROVIDER, "providers"),
    Link("tools", "default_model", _or_unknown(lambda spot: spot.index.models()), _NO_MODEL, "models"),
    Link("tools", "dialect", _dialects_of_provider, "the provider does not speak this dialect", "endpoints"),
    Link("tools", "operation", _operations_of_provider, _NOT_SERVED, "operations"),
    Link("headers", "providers.*", _any("providers"), _NO_PROVIDER, "providers"),
    Link("headers", "headers.*.providers.*", _any("providers"), _NO_PROVIDER, "providers"),
    Link("headers", "headers.*.absent_on.*", _any("tools"), "no tool has this id", "tools"),
    Link("headers", "headers.*.renamed_from", _earlier_headers, "no edition below this one has this header"),
    Link("headers", "headers.*.sources.*.id", _any("sources"), _NO_SOURCE, "sources"),
    Link("headers", "headers.*.sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("management", "calls.*.sources.*.id", _any("sources"), _NO_SOURCE, "sources"),
    Link("management", "calls.*.sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("requirements", "control", _any("requirements"), _NO_REQUIREMENT, "requirements"),
    Link("requirements", "claim", lambda _: dict.fromkeys(CLAIMS), "no target can claim this", "claims"),
    Link("requirements", "for_each.*", lambda _: dict.fromkeys(AXES), "checks cannot expand over this", "axes"),
    Link("remedies", "built_on.*", _any("remedies"), "no server has remedies under this id", "remedies"),
    Link("remedies", "remedies.*.requirements.*", _any("requirements"), _NO_REQUIREMENT, "requirements"),
    Link("remedies", "remedies.*.sources.*.id", _any("sources"), _NO_SOURCE, "sources"),
    Link("remedies", "remedies.*.sources.*.states.*", _fields_of_mapping(4), _NO_FIELD),
    Link("platform providers", "auth_modes.*", _of_own_platform("auth_modes"), _NO_AUTH_MODE, "platform auth_modes"),
    Link("platform providers", "setup.~", _of_own_platform("auth_modes"), _NO_AUTH_MODE, "platform auth_modes"),
    Link("platform models", "provider", _of_own_platform("providers"), _NO_PLATFORM_PROVIDER, "platform providers"),
    Link("platform errors", "providers.*", _of_own_platform("providers"), _NO_PLATFORM_PROVIDER, "platform providers"),
    Link("platform rules", "values.error", _if_any("errors"), _NO_PLATFORM_ERROR),
    Link("platform rules", "values.errors.*", _if_any("errors"), _NO_PLATFORM_ERROR),
    Link("platform rules", "values.provider", _if_any("providers"), _NO_PLATFORM_PROVIDER),
    Link("platform rules", "values.providers.*", _if_any("providers"), _NO_PLATFORM_PROVIDER),
    Link("platform rules", "values.modes.*", _if_any("auth_modes"), _NO_AUTH_MODE),
    Link("platform rules", "values.auth_modes.*", _if_any("auth_modes"), _NO_AUTH_MODE),
    Link(
        "platform troubleshooting",
        "error",
        _of_own_platform("errors"),
        _NO_PLATFORM_ERROR,
        "platform errors",
    ),
    Link(
        "platform troubleshooting",
        "provider",
        _of_own_platform("providers"),
        _NO_PLATFORM_PROVIDER,
        "platform providers",
    ),
    Link("platform steps", "after.*", _of_own_platform("steps"), "the platform has no step of this id"),
    Link("platform steps", "errors.*", _of_own_platform("errors"), _NO_PLATFORM_ERROR),
    Link("platform steps", "rules.*", _of_own_platform("rules"), "the platform has no rule of this id"),
)


@dataclass(frozen=True)
class Use:
    """One name that stands in one file."""

    link: Link
    entry: SpecEntry
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
