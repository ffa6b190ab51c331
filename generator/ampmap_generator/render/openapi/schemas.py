"""The schemas of the reference as components of an OpenAPI document. Pure.

The reference writes one schema per body and lets them share `$defs`; a document has them all side by side under
`components/schemas`, with a prefix that tells whose they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...vendored.base import Json
from ...vendored.reference import Reference
from ...vendored.wire import StreamFraming
from ...vendored.wire_schemas import BODIES

Components = dict[str, Json]

STREAM_EVENT = "stream-event"


def pointer(section: str, name: str) -> dict[str, str]:
    """A reference to a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def body_name(dialect: str, operation: str, body: str) -> str:
    """The name of the schema of one body: `gemini.generateContent.request`."""
    return f"{dialect}.{operation}.{body}"


def error_name(shape: str) -> str:
    """The name of the schema of an error."""
    return f"error.{shape}"


def dialect_schemas(reference: Reference, dialect: str) -> Components:
    """Every schema of a dialect: what its operations share, and their bodies and stream events."""
    endpoint = reference.endpoints[dialect]
    found: Components = {}
    for name, schema in endpoint.schemas.items():
        found |= _hoist(schema, f"{dialect}.{name}", prefix=dialect)
    for operation_id, operation in endpoint.operations.items():
        for field, body in BODIES.items():
            schema = getattr(operation, field)
            if schema is not None:
                found |= _hoist(schema, body_name(dialect, operation_id, body), prefix=dialect)
        if operation.event_schema is not None and endpoint.streaming is not None:
            found[body_name(dialect, operation_id, STREAM_EVENT)] = _event_schema(
                dialect, operation_id, endpoint.streaming
            )
    return found


def error_schemas(reference: Reference, shapes: Iterable[str]) -> Components:
    """The schemas of error shapes, as far as the reference has them."""
    found: Components = {}
    for shape in shapes:
        schema = reference.error_shapes[shape].body_schema
        if schema is not None:
            found |= _hoist(schema, error_name(shape), prefix=error_name(shape))
    return found


def _event_schema(dialect: str, operation: str, framing: StreamFraming) -> Json:
    """One event as OpenAPI 3.2 sees it: an object of strings, whose `data` holds JSON or one of a few words."""
    json_data = {
        "type": "object",
        "properties": {
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": pointer("schemas", body_name(dialect, operation, "event")),
            }
        },
    }
    required = ["data", "event"] if framing.event_line == "required" else ["data"]
    schema: Components = {
        "type": "object",
        "required": required,
        "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    }
    if framing.text_data:
        words = {"type": "object", "properties": {"data": {"enum": list(framing.text_data)}}}
        return allow_unknown_fields({**schema, "if": words, "else": json_data})
    return allow_unknown_fields({**schema, "allOf": [json_data]})


def _hoist(schema: Json, name: str, *, prefix: str) -> Components:
    """A schema as a component, and its own `$defs` as others beside it."""
    if not isinstance(schema, dict):
        return {name: schema}
    own = {key: value for key, value in schema.items() if key != "$defs"}
    beside = {f"{prefix}.{key}": value for key, value in schema.get("$defs", {}).items()}
    return {
        key: allow_unknown_fields(_point_to_components(value, prefix)) for key, value in {name: own, **beside}.items()
    }


def _point_to_components(schema: Json, prefix: str) -> Json:
    """Its `#/$defs/<name>` as `#/components/schemas/<prefix>.<name>`."""
    if isinstance(schema, dict):
        return {
            key: f"#/components/schemas/{prefix}.{value.removeprefix('#/$defs/')}"
            if key == "$ref" and isinstance(value, str)
            else _point_to_components(value, prefix)
            for key, value in schema.items()
        }
    return [_point_to_components(item, prefix) for item in schema] if isinstance(schema, list) else schema


def allow_unknown_fields(schema: Json) -> Json:
    """A schema that says of each of its objects what holds anyway: that unknown fields are allowed."""
    if isinstance(schema, dict):
        inner: dict[str, Any] = {key: allow_unknown_fields(value) for key, value in schema.items()}
        if _is_object(schema):
            inner.setdefault("additionalProperties", True)
        return inner
    return [allow_unknown_fields(item) for item in schema] if isinstance(schema, list) else schema


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)
