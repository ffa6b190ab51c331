"""Policies on the JSON Schemas that endpoints and error shapes state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..load.findings import Severity
from ..load.suggest import did_you_mean
from ..vendored.wire import Endpoint, ErrorShape
from ..vendored.wire_schemas import schemas_of
from .registry import Wrong, facts, rule
from .spec_index import SpecIndex

Place = tuple[str | int, ...]

_DEFINITION = "#/$defs/"
_CLOSING = ("additionalProperties", "unevaluatedProperties")


@rule("closed-schema", Severity.ERROR)
def closed_schema(index: SpecIndex) -> Iterator[Wrong]:
    """A JSON Schema of the spec leaves every object open: it never forbids or restricts fields that it does not name.

    Providers often add fields, and a proxy that rejects unknown fields breaks its clients.
    """
    for fact, place, schema, _ in _schemas(index):
        for inner, part in _parts(place, schema):
            for word in _CLOSING:
                if part.get(word, True) is not True:
                    message = f"`{word}` here restricts unknown fields"
                    yield Wrong(fact.locate((*inner, word)), message, "remove it")


@rule("schema-reference", Severity.ERROR)
def schema_reference(index: SpecIndex) -> Iterator[Wrong]:
    """A `$ref` in a JSON Schema is `#/$defs/` and a name: of the endpoint's `schemas`, or the error's own `$defs`."""
    for fact, place, schema, names in _schemas(index):
        for inner, part in _parts(place, schema):
            if not isinstance(part.get("$defs", {}), dict):
                yield Wrong(fact.locate((*inner, "$defs")), "`$defs` must hold schemas by name", "write a mapping")
            if "$ref" not in part:
                continue
            name = str(part["$ref"]).removeprefix(_DEFINITION)
            if not str(part["$ref"]).startswith(_DEFINITION) or name not in names:
                hint = did_you_mean(name, names) or f"write `{_DEFINITION}` and one of {', '.join(sorted(names))}"
                yield Wrong(fact.locate((*inner, "$ref")), "no schema has this name", hint)


def _schemas(index: SpecIndex) -> Iterator[tuple[Any, Place, Any, set[str]]]:
    """Every schema: its fact, its place in it, and the names that it may refer to."""
    for fact, endpoint in facts(index, Endpoint):
        for place, schema in schemas_of(endpoint):
            yield fact, place, schema, set(endpoint.schemas)
    for fact, shape in facts(index, ErrorShape):
        if isinstance(shape.body_schema, dict):
            named = shape.body_schema.get("$defs", {})
            yield fact, ("body_schema",), shape.body_schema, set(named) if isinstance(named, dict) else set()


def _parts(place: Place, schema: Any) -> Iterator[tuple[Place, dict[str, Any]]]:
    """A schema and everything in it that may be one, each with its place."""
    if isinstance(schema, dict):
        yield place, schema
        for key, value in schema.items():
            yield from _parts((*place, key), value)
    elif isinstance(schema, list):
        for number, value in enumerate(schema):
            yield from _parts((*place, number), value)
