"""A JSON Schema that pydantic made, as types that any language can print. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

JsonSchema = dict[str, Any]


@dataclass(frozen=True)
class Plain:
    """A type that JSON has itself: `string`, `number`, `integer`, `boolean`, `null`, or `any`."""

    name: str


@dataclass(frozen=True)
class Literals:
    """One of some texts."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """A type that has a name of its own."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """Any number of values of a type."""

    item: Type


@dataclass(frozen=True)
class MapOf:
    """An object with keys that are not known before."""

    value: Type


@dataclass(frozen=True)
class OneOf:
    """A value of one of several types."""

    options: tuple[Type, ...]


Type: TypeAlias = Plain | Literals | Named | ListOf | MapOf | OneOf


@dataclass(frozen=True)
class Field:
    """A field of an object."""

    name: str
    type: Type
    is_required: bool
    """Whether every object has it; a field without a value may be absent."""
    doc: str


@dataclass(frozen=True)
class Object:
    """An object with known fields."""

    name: str
    doc: str
    fields: tuple[Field, ...]


def objects(name: str, schema: JsonSchema) -> Iterator[Object]:
    """Every object of a schema: those that it refers to, by name, and itself under `name` at the end."""
    for key, definition in schema.get("$defs", {}).items():
        yield _object(key, definition)
    yield _object(name, schema)


def complete(schema: JsonSchema) -> JsonSchema:
    """The schema of values that are written out in full: none of their fields is absent."""
    return {key: _complete(value) if key == "$defs" else value for key, value in _in_full(schema).items()}


def _complete(definitions: dict[str, JsonSchema]) -> dict[str, JsonSchema]:
    return {name: _in_full(definition) for name, definition in definitions.items()}


def _in_full(schema: JsonSchema) -> JsonSchema:
    """An object's schema, in which every field is required and has no default."""
    fields = schema["properties"]
    bare = {name: {key: part for key, part in field.items() if key != "default"} for name, field in fields.items()}
    return {**schema, "properties": bare, "required": list(bare)}


def without(described: Iterable[Object], made: Iterable[Object]) -> Iterator[Object]:
    """The objects of a second schema that do not stand in the first: a module describes each once."""
    names = {each.name for each in described}
    return (each for each in made if each.name not in names)


def _object(name: str, schema: JsonSchema) -> Object:
    required = set(schema.get("required", ()))
    return Object(
        name,
        schema.get("description", ""),
        tuple(Field(key, _type(value), key in required, _doc(value)) for key, value in schema["properties"].items()),
    )


def _doc(schema: JsonSchema) -> str:
    """The description, and what the absence of the field means where that is not nothing."""
    default = schema.get("default")
    absent = "" if default in (None, "", [], {}) else f"Without it: {json.dumps(default)}."
    return "\n".join(part for part in (schema.get("description", ""), absent) if part)


def _type(schema: JsonSchema) -> Type:  # noqa: PLR0911 - one answer for each form of a schema
    match schema:
        case {"$ref": str(reference)}:
            return Named(reference.rpartition("/")[2])
        case {"anyOf": list(options)}:
            return OneOf(tuple(map(_type, options)))
        case {"const": str(value)}:
            return Literals((value,))
        case {"enum": list(values)} if all(isinstance(value, str) for value in values):
            return Literals(tuple(values))
        case {"type": "array", **rest}:
            return ListOf(_type(rest.get("items") or {}))
        case {"type": "object", **rest}:
            inner = rest.get("additionalProperties")
            return MapOf(_type(inner) if isinstance(inner, dict) else Plain("any"))
        case {"type": str(name)}:
            return Plain(name)
        case _:
            return Plain("any")
