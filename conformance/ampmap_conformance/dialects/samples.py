"""The smallest value that fits a JSON Schema, as models that must answer by a schema give one. Pure."""

from __future__ import annotations

from typing import Any, Final

_TEXTS: Final = {
    "date": "2025-01-31",
    "date-time": "2025-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "user@example.invalid",
    "uri": "https://example.invalid/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
"""A text of each format."""
DEEPEST: Final = 32
"""Levels below which nothing is made: a schema that requires itself has no finite value."""


def sample(schema: Any, *, root: Any = None, depth: int = 0) -> Any:
    """A value that fits `schema`, whose own types may be in capitals; null where nothing is known of it.

    `root` is the schema in which references are looked up, by default this one. Patterns are not followed.
    """
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > DEEPEST:
        return None
    if "$ref" in schema:
        return sample(_looked_up(str(schema["$ref"]), root), root=root, depth=depth + 1)
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            rest = {key: value for key, value in schema.items() if key != word}
            parts = schema[word] if word == "allOf" else schema[word][:1]
            return sample(_joined([rest, *parts]), root=root, depth=depth + 1)
    return _of_kind(schema, root, depth)


def _of_kind(schema: dict[str, Any], root: Any, depth: int) -> Any:
    kinds = schema.get("type", "object" if "properties" in schema else None)
    kind = str(kinds[0] if isinstance(kinds, list) and kinds else kinds).lower()
    match kind:
        case "object":
            known = schema.get("properties", {})
            return {
                name: sample(known.get(name, {}), root=root, depth=depth + 1) for name in schema.get("required", ())
            }
        case "array":
            item = schema.get("items", {})
            return [sample(item, root=root, depth=depth + 1) for _ in range(int(schema.get("minItems", 0)))]
        case "string":
            text = _TEXTS.get(str(schema.get("format")), "text")
            return text.ljust(int(schema.get("minLength", 0)), ".")[: schema.get("maxLength")]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case _:
            return None


def _number(schema: dict[str, Any]) -> Any:
    """The least number, or one above the bound that it must exceed; below the greatest where there is no least."""
    if "minimum" in schema:
        return schema["minimum"]
    if "exclusiveMinimum" in schema:
        return schema["exclusiveMinimum"] + 1
    return min(1, schema.get("maximum", 1), schema.get("exclusiveMaximum", 2) - 1)


def _joined(parts: list[Any]) -> dict[str, Any]:
    """Schemas that all hold as one: their properties and what they require together, of the rest the last."""
    known = [part for part in parts if isinstance(part, dict)]
    whole = {key: value for part in known for key, value in part.items()}
    properties = {name: value for part in known for name, value in part.get("properties", {}).items()}
    required = dict.fromkeys(name for part in known for name in part.get("required", ()))
    return whole | ({"properties": properties} if properties else {}) | ({"required": [*required]} if required else {})


def _looked_up(reference: str, root: Any) -> Any:
    found = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) and name else found
    return found
