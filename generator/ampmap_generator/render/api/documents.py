"""The static JSON API of the site: one document per thing, its schemas, and checksums. Pure.

Everything lies below `api/v1/`. The form of the documents does not change there; another form gets another folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, Literal

from pydantic import BaseModel

from ...compile import plain
from ...diff.report import DiffReport, report_schema
from ...vendored.base import Edition, Shape
from ...vendored.catalogue import AgentMode, Model
from ...vendored.lookups import lookups
from ...vendored.reference import Reference
from ...vendored.routing import Route, calls, route
from ...vendored.timeline import Timelines
from ...vendored.wire import Provider
from ..json_text import DRAFT, compact, data_lines, indent_file
from ..languages.route_vectors import FILE as ROUTE_VECTORS
from ..languages.route_vectors import RouteVectors, render_route_vectors
from .finder import Finder, finder
from .finder_names import newest_with_name
from .lookup import EditionLookup, Lookup, edition_lookup, lookup

ROOT: Final = "api/v1/"
CHECKSUMS: Final = "SHA256SUMS"
FIXED: Final = ("schema_version", "changes", "lookup", "timelines", "route_vectors", "checksums")
"""Fields that every document of their kind has."""


class _Entry(Shape):
    href: str
    """Path of the document, relative to `api/v1/`."""


class EditionEntry(_Entry):
    """An edition in the index."""

    edition: Edition
    digest: str
    finder: str
    """Path of what the route finder knows of it, relative to `api/v1/`."""
    lookup: str
    """Path of its headers and of what statuses mean, relative to `api/v1/`."""


class ProviderEntry(_Entry):
    """A provider in the index."""

    id: str
    display_name: str
    via_proxy: bool
    base: str
    """Base path below `amp.url`, or base URL where calls bypass the proxy."""


class ModelEntry(_Entry):
    """A model in the index."""

    id: str
    provider: str
    display_name: str


class ModeEntry(_Entry):
    """An agent mode in the index."""

    id: str
    name: str
    model: str
    provider: str


class Index(Shape):
    """`index.json`: what there is, and where."""

    schema_version: Literal[1] = 1
    edition: str
    """The edition that the documents of providers, models and modes describe."""
    digest: str
    as_of: str
    """The day on which a source was last read, as YYYY-MM-DD."""
    editions: tuple[EditionEntry, ...]
    providers: tuple[ProviderEntry, ...]
    models: tuple[ModelEntry, ...]
    modes: tuple[ModeEntry, ...]
    changes: Literal["changes.json"] = "changes.json"
    lookup: Literal["lookup.json"] = "lookup.json"
    timelines: Literal["timelines.json"] = "timelines.json"
    route_vectors: str = ROUTE_VECTORS
    """Questions to `route` with their answers, for tests of ports."""
    checksums: Literal["SHA256SUMS"] = "SHA256SUMS"
    schemas: tuple[str, ...]


class CallEntry(Shape):
    """An operation of a provider."""

    operation: str
    dialect: str
    method: str
    path: str
    """On the proxy, or the full URL where calls bypass it; `{model}` stands for the id on the wire."""


class ProviderDocument(Shape):
    """`providers/<id>.json`."""

    schema_version: Literal[1] = 1
    edition: str
    provider: Provider
    calls: tuple[CallEntry, ...]
    models: tuple[str, ...]


class ModelDocument(Shape):
    """`models/<provider>/<id>.json`; an id that holds a slash is a path of several folders."""

    schema_version: Literal[1] = 1
    edition: str
    model: Model
    route: Route
    modes: tuple[str, ...]
    """Ids of the agent modes that it leads."""


class ModeDocument(Shape):
    """`modes/<id>.json`."""

    schema_version: Literal[1] = 1
    edition: str
    mode: AgentMode
    route: Route


class ChangesEntry(_Entry):
    """What changed in one edition, in numbers."""

    edition: str
    base: str
    built: str
    breaking: int
    additions: int
    notes: int


class Changes(Shape):
    """`changes.json`: a report per edition, the newest build last."""

    schema_version: Literal[1] = 1
    changes: tuple[ChangesEntry, ...]


_SHAPES: Final[Mapping[str, type[BaseModel]]] = {
    "index": Index,
    "provider": ProviderDocument,
    "model": ModelDocument,
    "mode": ModeDocument,
    "edition": Reference,
    "changes": Changes,
    "finder": Finder,
    "lookup": Lookup,
    "edition-lookup": EditionLookup,
    "timelines": Timelines,
    "route-vectors": RouteVectors,
}


def api_files(
    reference: Reference, editions: Mapping[str, Reference], reports: Mapping[str, DiffReport], known: Timelines
) -> dict[str, bytes]:
    """Every file of the API by its path below the site's root, sorted.

    `reports` are what changed in each edition that has a base, by id; `known` are the timelines of all names.
    """
    newest = newest_with_name(editions)
    documents: dict[str, bytes] = {
        "index.json": _document_file(_index(reference, editions)),
        **dict(_providers(reference)),
        **dict(_models(reference)),
        **dict(_modes(reference)),
        **{f"editions/{name}.json": f"{data_lines(plain(each))}\n".encode() for name, each in editions.items()},
        "changes.json": _document_file(_changes(editions, reports)),
        **{f"changes/{name}.json": _document_file(diff) for name, diff in reports.items()},
        **{f"finder/{name}.json": _one_line(finder(each, reference, newest)) for name, each in editions.items()},
        ROUTE_VECTORS: render_route_vectors(editions)[ROUTE_VECTORS],
        "lookup.json": _one_line(lookup(reference, editions)),
        **{f"lookup/{name}.json": _one_line(edition_lookup(each, reference)) for name, each in editions.items()},
        "timelines.json": _one_line(known, given_only=True),
        **{f"schema/{name}.schema.json": indent_file(schema) for name, schema in api_schemas().items()},
    }
    documents[CHECKSUMS] = checksums(documents)
    return {f"{ROOT}{path}": content for path, content in sorted(documents.items())}


@cache
def api_schemas() -> Mapping[str, Mapping[str, Any]]:
    """The JSON Schema of each kind of document, by its name."""
    schemas = {name: {"$schema": DRAFT, **shape.model_json_schema()} for name, shape in _SHAPES.items()}
    return {**schemas, "diff": report_schema()}


def checksums(files: Mapping[str, bytes]) -> bytes:
    """One line per file, as `sha256sum --check` reads them."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}" for path, content in sorted(files.items())]
    return ("\n".join(lines) + "\n").encode()


def _index(reference: Reference, editions: Mapping[str, Reference]) -> Index:
    return Index(
        edition=reference.edition.id,
        digest=reference.digest,
        as_of=reference.as_of,
        editions=tuple(
            EditionEntry(
                edition=each.edition,
                digest=each.digest,
                href=f"editions/{name}.json",
                finder=f"finder/{name}.json",
                lookup=f"lookup/{name}.json",
            )
            for name, each in editions.items()
        ),
        providers=tuple(
            ProviderEntry(
                id=key,
                display_name=each.display_name,
                via_proxy=each.via_proxy,
                base=(each.base_path if each.via_proxy else each.base_url) or "",
                href=f"providers/{key}.json",
            )
            for key, each in reference.providers.items()
        ),
        models=tuple(
            ModelEntry(id=each.id, provider=each.provider, display_name=each.display_name, href=f"models/{key}.json")
            for key, each in reference.models.items()
        ),
        modes=tuple(
            ModeEntry(id=key, name=each.name, model=each.model, provider=each.provider, href=f"modes/{key}.json")
            for key, each in reference.agent_modes.items()
        ),
        schemas=tuple(f"schema/{name}.schema.json" for name in api_schemas()),
    )


def _providers(reference: Reference) -> Iterator[tuple[str, bytes]]:
    for key, provider in reference.providers.items():
        document = ProviderDocument(
            edition=reference.edition.id,
            provider=provider,
            calls=tuple(
                CallEntry(
                    operation=call.id,
                    dialect=call.dialect,
                    method=call.operation.method,
                    path=call.path("{model}").replace("%7Bmodel%7D", "{model}"),
                )
                for call in calls(provider, reference=reference)
            ),
            models=tuple(model.id for model in lookups(reference).models_of(key)),
        )
        yield f"providers/{key}.json", _document_file(document)


def _models(reference: Reference) -> Iterator[tuple[str, bytes]]:
    for key, model in reference.models.items():
        document = ModelDocument(
            edition=reference.edition.id,
            model=model,
            route=route(key, reference=reference),
            modes=tuple(
                mode.id
                for mode in reference.agent_modes.values()
                if mode.model in (model.id, key) and mode.provider == model.provider
            ),
        )
        yield f"models/{key}.json", _document_file(document)


def _modes(reference: Reference) -> Iterator[tuple[str, bytes]]:
    for key, mode in reference.agent_modes.items():
        document = ModeDocument(edition=reference.edition.id, mode=mode, route=route(mode.name, reference=reference))
        yield f"modes/{key}.json", _document_file(document)


def _changes(editions: Mapping[str, Reference], reports: Mapping[str, DiffReport]) -> Changes:
    return Changes(
        changes=tuple(
            ChangesEntry(
                edition=name,
                base=diff.old.edition,
                built=editions[name].edition.built,
                breaking=diff.counts["breaking"],
                additions=diff.counts["addition"],
                notes=diff.counts["note"],
                href=f"changes/{name}.json",
            )
            for name, diff in reports.items()
        )
    )


def _one_line(document: BaseModel, *, given_only: bool = False) -> bytes:
    """The document on one line: the browser reads it while the user waits. `given_only` leaves out what is as usual."""
    return f"{compact(document.model_dump(mode='json', exclude_defaults=given_only))}\n".encode()


def _document_file(document: BaseModel) -> bytes:
    """The document with its fixed fields; what the spec leaves out of a fact stays out."""
    data = document.model_dump(mode="json", exclude_unset=True)
    fixed = {
        name: field.default for name, field in type(document).model_fields.items() if name not in data and name in FIXED
    }
    return indent_file({**fixed, **data})
