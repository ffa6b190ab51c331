"""All that `route` looks up, as tables: a language that has them needs no rules on names of its own. Pure.

The rules are those of `vendored.names`. A name is looked up as it is, then without case and punctuation; tools and
providers come before settings, settings before `provider:model`, and these before modes and models in other writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...vendored.base import Shape
from ...vendored.catalogue import Limits, Model
from ...vendored.name_index import folded, name_index, names_of_release
from ...vendored.names import READINGS, AmbiguousNameError, Named, NameKind, named
from ...vendored.reference import Reference
from ...vendored.routing import CREDENTIAL_HEADERS, DEFAULT_AMP_URL, MODEL_SLOT, Call, calls
from ...vendored.wire import Provider


class RouteMeaning(Shape):
    """What a name means."""

    kind: NameKind
    provider: str
    model: str
    """As the client's catalogue says; empty where the name is of no model."""
    wire_model: str
    """As it is sent to the provider."""
    operation: str | None
    """None for the provider's usual one."""
    limits: Limits | None
    """Those of the model; None where the edition states none."""


class RouteOperation(Shape):
    """An operation of a provider."""

    id: str
    dialect: str
    method: str
    aliases: tuple[str, ...]
    """Names that ask for a stream of it."""
    path: str
    """Below `amp.url`, or the whole URL where calls bypass it; `{model}` stands for the id on the wire."""
    stream_path: str | None
    """The same for a stream; None where it has none."""


class RouteProvider(Shape):
    """A provider, and what is the same for all of its calls."""

    via_proxy: bool
    base: str
    """The base path below `amp.url`, or the base URL where calls bypass it."""
    default_operation: str
    operations: tuple[RouteOperation, ...]
    credential_headers: tuple[str, ...]
    requires: tuple[str, ...]
    sdk: str
    exact: dict[str, int]
    """Names of its models as they are written, each with its place in `meanings`."""
    folded: dict[str, int]
    """The same without case and punctuation."""


class RouteSetting(Shape):
    """A setting that changes how a provider is reached."""

    meaning: int
    values: tuple[str, ...]
    """Empty where any value is one."""


class RouteTables(Shape):
    """Everything that has a route in an edition. Numbers are places in `meanings`, and below zero in `ambiguous`."""

    schema_version: int = 1
    edition: str
    amp_url: str
    """The client's default for `amp.url`."""
    meanings: tuple[RouteMeaning, ...]
    hosted: tuple[str, ...]
    """Names, in lower case, of modes of which Amp's own servers call the model."""
    exact: dict[str, int]
    first: dict[str, int]
    """Tools and providers, without case and punctuation."""
    settings: dict[str, RouteSetting]
    rest: dict[str, int]
    """Modes and models, without case and punctuation."""
    ambiguous: tuple[tuple[str, ...], ...]
    """What to write instead of a name that models of several providers have; -1 leads to the first, -2 to the next."""
    provider_names: dict[str, str]
    """Ids, display names and aliases of providers, folded, each with the id."""
    providers: dict[str, RouteProvider]


def route_tables(reference: Reference) -> RouteTables:
    """The tables of an edition."""
    return _Tables(reference).made()


class _Tables:
    """Asks the rules on names for every name that they read, and keeps what they answer."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._meanings: dict[RouteMeaning, int] = {}
        self._ambiguous: dict[tuple[str, ...], int] = {}

    def made(self) -> RouteTables:
        reference = self._reference
        modes = [name for mode in reference.agent_modes.values() for name in (mode.name, mode.id)]
        models = list(reference.models.values())
        tools = [name for tool in reference.tools.values() for name in (tool.id, tool.display_name)]
        exact = self._read((*modes, *_written(models)), "mode", "exact model")
        return RouteTables(
            edition=reference.edition.id,
            amp_url=DEFAULT_AMP_URL,
            exact=exact,
            first=self._read_folded((*tools, *_provider_names(reference)), "tool", "provider"),
            settings=self._settings(),
            rest=self._read_folded((*modes, *_written_otherwise(models)), "mode in any case", "model"),
            provider_names=_provider_names(reference),
            providers={name: self._provider(each) for name, each in reference.providers.items()},
            hosted=tuple(mode.name.casefold() for mode in reference.hosted_modes.values()),
            meanings=tuple(self._meanings),
            ambiguous=tuple(self._ambiguous),
        )

    def _read(self, names: Iterable[str], *readings: str, prefix: str = "") -> dict[str, int]:
        """What each name means by the first of these readings that knows it."""
        found = {}
        for name in names:
            for reading in readings:
                try:
                    meaning = READINGS[reading](self._reference, prefix + name)
                except AmbiguousNameError as error:
                    found[name] = -1 - self._ambiguous.setdefault(error.suggestions, len(self._ambiguous))
                    break
                if meaning is not None:
                    found[name] = self._place(meaning)
                    break
        return found

    def _read_folded(self, names: Iterable[str], *readings: str) -> dict[str, int]:
        """The same for names without case and punctuation: with a space before it, no name is exact."""
        return self._read(dict.fromkeys(map(folded, names)), *readings, prefix=" ")

    def _place(self, named: Named) -> int:
        meaning = RouteMeaning(
            kind=named.kind,
            provider=named.provider,
            model=named.model_id,
            wire_model=named.wire_model,
            operation=named.operation,
            limits=named.model.limits if named.model else None,
        )
        return self._meanings.setdefault(meaning, len(self._meanings))

    def _settings(self) -> dict[str, RouteSetting]:
        found: dict[str, RouteSetting] = {}
        for provider in self._reference.providers.values():
            setting = self._reference.settings.get(provider.setting or "")
            if setting is not None:
                meaning = self._place(Named("provider", provider.id))
                found.setdefault(setting.id, RouteSetting(meaning=meaning, values=tuple(map(str, setting.values))))
        return found

    def _provider(self, provider: Provider) -> RouteProvider:
        models = name_index(self._reference).models_of(provider.id).models
        return RouteProvider(
            via_proxy=provider.via_proxy,
            base=(provider.base_path if provider.via_proxy else provider.base_url) or "",
            default_operation=provider.default_operation,
            operations=tuple(_operation(call) for call in calls(self._reference, provider)),
            credential_headers=tuple(CREDENTIAL_HEADERS[carrier] for carrier in provider.client_credentials),
            requires=provider.requires,
            sdk=provider.sdk.name,
            exact=self._models(provider, _written(models)),
            folded=self._models(provider, dict.fromkeys(map(folded, _written_otherwise(models))), prefix=" "),
        )

    def _models(self, provider: Provider, names: Iterable[str], prefix: str = "") -> dict[str, int]:
        read = {name: named(self._reference, prefix + name, provider.id) for name in names}
        return {name: self._place(found) for name, found in read.items() if found.model is not None}


def _operation(call: Call) -> RouteOperation:
    return RouteOperation(
        id=call.id,
        dialect=call.dialect,
        method=call.operation.method,
        aliases=call.operation.aliases,
        path=call.path(MODEL_SLOT).replace(MODEL_SLOT, "{model}"),
        stream_path=None
        if call.operation.stream is None
        else call.path(MODEL_SLOT, stream=True).replace(MODEL_SLOT, "{model}"),
    )


def _provider_names(reference: Reference) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, provider in reference.providers.items():
        for name in (key, provider.display_name, *provider.aliases):
            found.setdefault(folded(name), key)
    return found


def _written(models: Iterable[Model]) -> Iterator[str]:
    """The names that models have as they are written."""
    for model in models:
        yield from (f"{model.provider}/{model.id}", model.id, *([model.wire_id] if model.wire_id else ()))
        yield from model.aliases


def _written_otherwise(models: Iterable[Model]) -> Iterator[str]:
    """The names that models have in other writing: all of them, display names, and names without the release."""
    for model in models:
        yield from _written([model])
        yield model.display_name
        for release in (folded(model.id), folded(model.display_name)):
            yield from names_of_release(release)
