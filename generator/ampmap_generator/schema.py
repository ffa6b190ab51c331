"""JSON Schemas of the spec's files, so that editors complete and check them while one types."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .kinds import KINDS, PLATFORM_KINDS, Kind
from .vendored.reference import Reference

JsonSchema = dict[str, Any]


def editor_schemas(reference: Reference) -> dict[str, JsonSchema]:
    """One schema per kind of file, by the name that the files' modelines use.

    Fields that hold an id are enums of the ids that exist, so that an editor can complete them.
    """
    ids = id_fields(reference)
    kinds = {schema_name(kind): kind for kind in KINDS} | {
        f"platform-{schema_name(kind)}": kind for kind in PLATFORM_KINDS
    }
    return {name: _file_schema(kind, ids) for name, kind in sorted(kinds.items())}


def schema_name(kind: Kind) -> str:
    """`agent-mode` for a kind with one fact per file, `models` for a collection."""
    name = kind.name.replace("_", "-")
    if kind.collection or name in ("fallback", "about", "management"):
        return name
    return "header-set" if name == "headers" else name.removesuffix("s")


def id_fields(reference: Reference) -> dict[tuple[str, str], list[str]]:
    """`(shape, field)` to the ids that may stand there."""
    providers = list(reference.providers)
    dialects = list(reference.endpoints)
    operations = list(dict.fromkeys(name for e in reference.endpoints.values() for name in e.operations))
    settings = list(reference.settings)
    return {
        ("SourceRef", "id"): list(reference.sources),
        ("Provider", "served_through"): providers,
        ("Provider", "default_operation"): operations,
        ("Provider", "error_shape"): list(reference.error_shapes),
        ("Provider", "setting"): settings,
        ("AgentMode", "provider"): providers,
        ("AgentMode", "operation"): operations,
        ("Tool", "provider"): providers,
        ("Tool", "dialect"): dialects,
        ("Tool", "operation"): operations,
        ("Tool", "setting"): settings,
    }


def _file_schema(kind: Kind, ids: dict[tuple[str, str], list[str]]) -> JsonSchema:
    schema = kind.shape.model_json_schema(schema_generator=GenerateJsonSchema)
    definitions: dict[str, JsonSchema] = schema.pop("$defs", {})
    shape = kind.shape.__name__
    _drop_fields(schema, ("id", kind.injected))
    for name, definition in [(shape, schema), *definitions.items()]:
        for field, values in ((field, values) for (owner, field), values in ids.items() if owner == name):
            _restrict(definition["properties"][field], values)
    root: JsonSchema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"ampmap spec: {kind.name}"}
    if not kind.collection:
        return {**root, **schema, "title": root["title"], "$defs": definitions}
    return {
        **root,
        "type": "object",
        "additionalProperties": {"$ref": f"#/$defs/{shape}"},
        "$defs": {**definitions, shape: schema},
    }


def _drop_fields(schema: JsonSchema, names: tuple[str | None, ...]) -> None:
    for name in names:
        schema.get("properties", {}).pop(name, None)
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in names]


def _restrict(property_schema: JsonSchema, values: list[str]) -> None:
    """Turns the string branch of a property into an enum; a null branch stays."""
    for branch in property_schema.get("anyOf", [property_schema]):
        if branch.get("type") == "string":
            branch["enum"] = values
