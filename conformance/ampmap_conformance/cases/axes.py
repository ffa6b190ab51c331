"""Expands a requirement over its axes: one typed, named case per cell.

Names are stable and made of words that stand in the reference: `groq-chat.completions-x_api_key-stream`. What is the
usual form of an axis (no stream, the first root) has no word.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias, get_args

from ..reference.types import (
    Call,
    CredentialCarrier,
    Model,
    Provider,
    Requirement,
    calls,
    find_call,
    find_model,
)
from ..target.target import Target, served_providers
from .cases import CallCase, Case, ClientCase, CredentialCase, ManagementCase, ModeCase, StatusCase, VariedCase
from .sdks import SDKS
from .variations import VARIATIONS

SAMPLE_PATH = "ampmap/probe"
"""What stands for the rest of a management path that ends in `/*`."""


@dataclass(frozen=True)
class Cell:
    """A case in the making."""

    values: tuple[tuple[str, Any], ...] = ()
    words: tuple[str, ...] = ()

    def having(self, word: str = "", **values: Any) -> Cell:
        """This cell with further values, and a word for its name."""
        return Cell((*self.values, *values.items()), (*self.words, word) if word else self.words)

    def get(self, name: str) -> Any:
        """The latest value of that name, or None."""
        return dict(self.values).get(name)


Axis: TypeAlias = Callable[[Cell, Target], Iterable[Cell]]


def expand(row: Requirement, target: Target) -> tuple[Case, ...]:
    """Every case of a requirement, in the order of reference and target. Raises KeyError for an unknown axis."""
    cells: list[tuple[Cell, tuple[str, ...]]] = [(Cell(), ())]
    for name in row.for_each:
        axis = AXES[name]
        cells = [
            (wider, (*factors, "-".join(wider.words[len(cell.words) :])))
            for cell, factors in cells
            for wider in axis(cell, target)
        ]
    kind = case_type(row.for_each)
    fields = {field.name for field in dataclasses.fields(kind)}
    made = []
    for cell, factors in cells:
        values = {key: value for key, value in cell.values if key in fields}
        made.append(kind(**{**values, "name": "-".join(cell.words), "factors": factors}))
    return tuple(made)


def case_type(axes: Iterable[str]) -> type[Case]:
    """The class of the cases that these axes give."""
    wanted = [TYPES[axis] for axis in axes if axis in TYPES]
    if ManagementCase in wanted:
        return ManagementCase
    return max(wanted, key=lambda kind: len(kind.__mro__), default=Case)


# --- axes


def _provider(cell: Cell, target: Target) -> Iterator[Cell]:
    for provider in target.providers:
        call = find_call(provider, reference=target.reference)
        yield cell.having(provider.id, **_called(call, target))


def _provider_operation(cell: Cell, target: Target) -> Iterator[Cell]:
    for provider in target.providers:
        for call in calls(provider, reference=target.reference):
            yield cell.having(f"{provider.id}-{call.id}", **_called(call, target))


def _first_provider(cell: Cell, target: Target) -> Iterator[Cell]:
    """One call, for what does not depend on which."""
    for provider in target.providers[:1]:
        call = find_call(provider, reference=target.reference)
        yield cell.having(provider.id, **_called(call, target))


def _client(cell: Cell, target: Target) -> Iterator[Cell]:
    """Every official SDK at every provider that it can call, once for each way to ask for an answer."""
    for provider in target.providers:
        for sdk in SDKS:
            for call, root in sdk.calls(target.reference, provider):
                given = {**_called(call, target), "root": root}
                yield cell.having(f"{provider.id}-{call.id}-{sdk.id}", sdk=sdk, **given)


def _dialect(cell: Cell, target: Target) -> Iterator[Cell]:
    """For each dialect one provider that is called in it, and one more for each other way to serve the dialect.

    The first of the target's own whose usual dialect it is stands for the dialect, else the first that is called in it.
    """
    asked = [call for provider in target.providers for call in _calls_in_dialects(target, provider)]
    first: dict[str, Call] = {}
    for call in sorted(asked, key=lambda call: _is_unusual(call, target)):
        first.setdefault(call.dialect, call)
    ways = {dialect: _served(call, target) for dialect, call in first.items()}
    for call in first.values():
        yield cell.having(call.dialect, **_called(call, target))
    seen = set(ways.items())
    for call in asked:
        way = (call.dialect, _served(call, target))
        if way not in seen:
            seen.add(way)
            yield cell.having(f"{call.dialect}-{call.provider.id}", **_called(call, target))


def _dialect_operation(cell: Cell, target: Target) -> Iterator[Cell]:
    """Every operation of the calls that stand for the dialects."""
    for stand_in in _dialect(cell, target):
        first = stand_in.get("call")
        for call in calls(first.provider, reference=target.reference):
            if call.dialect == first.dialect:
                yield cell.having(f"{stand_in.words[-1]}-{call.id}", **_called(call, target))


def _calls_in_dialects(target: Target, provider: Provider) -> Iterator[Call]:
    """The first metered call of each dialect in which a provider is called."""
    seen = set()
    for call in calls(provider, reference=target.reference):
        if call.operation.metered and call.dialect not in seen:
            seen.add(call.dialect)
            yield call


def _is_unusual(call: Call, target: Target) -> tuple[bool, bool]:
    """Whether Amp serves a call, and whether it is not the one that its provider is usually asked for."""
    return target.served_by(call.provider) == "amp", call.id != call.provider.default_operation


def _served(call: Call, target: Target) -> tuple[str, frozenset[str]]:
    """How a call is served, as far as it shows in a dialect: how its body reaches the upstream, in which dialects."""
    model = target.sample_model(call.provider)
    where = (call.provider, call.dialect, model)
    return target.body_of(*where), target.upstream_dialects(*where)


def _model_route(cell: Cell, target: Target) -> Iterator[Cell]:
    """One model for each way that a call of this provider can go: `local`, `mapped`, `elsewhere`."""
    call = cell.get("call")
    local = [_wire(model) for model in target.models(call.provider)]
    others = target.other_models(call.provider)
    ways = {
        "local": local,
        "mapped": [name for name in others if target.mapped(name) is not None],
        "elsewhere": [name for name in others if target.mapped(name) is None],
    }
    for word, names in ways.items():
        if names:
            yield cell.having(word, way=word, model=names[0])


def _any_way(cell: Cell, target: Target) -> Iterator[Cell]:
    """The ways of `model_route`, with the usual one, to a model of the provider's own, unnamed and always there."""
    yield cell.having(way="local")
    for other in _model_route(cell, target):
        if other.get("way") != "local":
            yield other


def _stream(cell: Cell, _target: Target) -> Iterator[Cell]:
    yield cell.having(stream=False)
    if cell.get("call").operation.stream is not None:
        yield cell.having("stream", stream=True)


def _alternate_root(cell: Cell, target: Target) -> Iterator[Cell]:
    """Other forms of the provider's path; none where the target has a place of its own for the provider."""
    provider = cell.get("call").provider
    for root in () if provider.id in target.file.mounts else provider.roots[1:]:
        yield cell.having(re.sub(r"[/{}]+", ".", root.path).strip("."), root=root)


def _any_root(cell: Cell, target: Target) -> Iterator[Cell]:
    """The usual root of the provider's path, unnamed and always there, and its other forms."""
    yield cell
    yield from _alternate_root(cell, target)


def _credential_carrier(cell: Cell, _target: Target) -> Iterator[Cell]:
    for carrier in get_args(CredentialCarrier):
        yield cell.having(carrier.replace("-", "_"), carrier=carrier)


def _status(cell: Cell, target: Target) -> Iterator[Cell]:
    shape = target.reference.error_shapes[cell.get("call").provider.error_shape]
    for status in sorted(shape.statuses):
        yield cell.having(str(status), status=status)


def _words(axis: str) -> Axis:
    def varied(cell: Cell, _target: Target) -> Iterator[Cell]:
        for word in VARIATIONS[axis]:
            yield cell.having(word, variation=word)

    return varied


def _edition(cell: Cell, target: Target) -> Iterator[Cell]:
    yield cell.having(reference=target.reference, providers=target.providers)
    for other in target.others:
        known = {provider.id for provider in target.providers}
        providers = tuple(provider for provider in served_providers(target.file, other) if provider.id in known)
        yield cell.having(other.edition.id, reference=other, providers=providers)


def _agent_mode(cell: Cell, target: Target) -> Iterator[Cell]:
    reference = cell.get("reference") or target.reference
    providers = {provider.id: provider for provider in cell.get("providers") or target.providers}
    for mode in reference.agent_modes.values():
        if mode.provider in providers:
            call = find_call(providers[mode.provider], mode.operation, reference=reference)
            model = find_model(mode.model, mode.provider, reference=reference)
            yield cell.having(mode.id, mode=mode, **{**_called(call, target), "model": _wire(model)})


def _model(cell: Cell, target: Target) -> Iterator[Cell]:
    if (call := cell.get("call")) is not None:
        for model in target.models(call.provider):
            yield cell.having(model.id, model=_wire(model))
        return
    for provider in target.providers:
        call = find_call(provider, reference=target.reference)
        for model in target.models(provider):
            yield cell.having(f"{provider.id}-{model.id}", **{**_called(call, target), "model": _wire(model)})
    others = {name: provider for provider in target.providers for name in target.other_models(provider)}
    for name in (*dict.fromkeys(target.unavailable), *others):
        if (owner := others.pop(name, None)) is not None:
            call = find_call(owner, reference=target.reference)
            yield cell.having(f"{owner.id}-{name}", **{**_called(call, target), "model": name})


def _management_route(cell: Cell, target: Target) -> Iterator[Cell]:
    for route in target.reference.management.values():
        for path in route.paths:
            place = path.replace("*", SAMPLE_PATH)
            for verb in ("GET", "POST"):
                if verb in route.methods or (route.methods == "unknown" and verb == "GET"):
                    word = f"{route.id}-{'below-' if path.endswith('*') else ''}{verb}"
                    yield cell.having(word, route=route, path=place, verb=verb)


def _management_family(cell: Cell, target: Target) -> Iterator[Cell]:
    for route in target.reference.management.values():
        verb = "GET" if route.methods == "unknown" or "GET" in route.methods else route.methods[0]
        path = next((path for path in route.paths if not path.endswith("*")), route.paths[0])
        yield cell.having(route.id, route=route, path=path.replace("*", SAMPLE_PATH), verb=verb)


def _management_method(cell: Cell, _target: Target) -> Iterator[Cell]:
    methods = cell.get("route").methods
    for verb in () if methods == "unknown" else methods:
        if verb not in ("GET", "OPTIONS"):
            yield cell.having(verb, verb=verb)


AXES: MappingProxyType[str, Axis] = MappingProxyType(
    {
        "provider": _provider,
        "provider_operation": _provider_operation,
        "first_provider": _first_provider,
        "client": _client,
        "dialect": _dialect,
        "dialect_operation": _dialect_operation,
        "model_route": _model_route,
        "any_way": _any_way,
        "stream": _stream,
        "alternate_root": _alternate_root,
        "any_root": _any_root,
        "credential_carrier": _credential_carrier,
        "status": _status,
        "edition": _edition,
        "agent_mode": _agent_mode,
        "model": _model,
        "management_route": _management_route,
        "management_family": _management_family,
        "management_method": _management_method,
        **{axis: _words(axis) for axis in VARIATIONS},
    }
)
"""Every axis by name. One that narrows a call (`stream`, `status`, ...) stands after the one that gives it."""

TYPES: MappingProxyType[str, type[Case]] = MappingProxyType(
    {
        "provider": CallCase,
        "provider_operation": CallCase,
        "first_provider": VariedCase,
        "client": ClientCase,
        "dialect": VariedCase,
        "dialect_operation": VariedCase,
        "model": CallCase,
        "model_route": VariedCase,
        "any_way": VariedCase,
        **dict.fromkeys(VARIATIONS, VariedCase),
        "credential_carrier": CredentialCase,
        "status": StatusCase,
        "agent_mode": ModeCase,
        "management_route": ManagementCase,
        "management_family": ManagementCase,
    }
)


def _called(call: Call, target: Target) -> dict[str, Any]:
    return {"call": call, "root": call.provider.roots[0], "model": target.sample_model(call.provider)}


def _wire(model: Model) -> str:
    return model.wire_id or model.id
