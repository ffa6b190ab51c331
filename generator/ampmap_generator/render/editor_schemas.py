"""JSON Schemas of the spec's files, so that editors complete and check them while one types.

Each kind of file has two: a *strict* one for the spec, and a *sparse* one for layers, in which nothing is required.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ..check.consistency import RULES
from ..check.links import AXES, CLAIMS, LINKS, Link
from ..load.findings import Severity
from ..load.kinds import KINDS, PLATFORM_KINDS, ROOT_KINDS, Kind
from ..load.merge import NULL
from ..vendored.reference import Reference
from .json_text import indent_file

JsonSchema = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
LAYER: Final = "layer/"
"""The folder of the sparse schemas, below that of the strict ones."""


def render_schema(editions: Mapping[str, Reference]) -> dict[str, bytes]:
    """JSON Schemas for editors, one per kind of spec file and one per kind of file in a layer."""
    return {f"{name}.schema.json": indent_file(schema) for name, schema in editor_schemas(editions).items()}


def editor_schemas(editions: Mapping[str, Reference]) -> dict[str, JsonSchema]:
    """One schema per kind of file by its name, `provider` or `platform-models`, and one for layers as `layer/provider`.

    A field that holds an id lists the ids that exist in any of `editions`. In a layer, which may bring ids of its own,
    they are offered and not required.
    """
    offered = offers(editions.values())
    schemas = {name: _file_schema(kind, offered) for name, kind in file_kinds().items()}
    sparse = {
        f"{LAYER}{name}": _sparse_schema(kind, offered) for name, kind in file_kinds().items() if _in_layers(kind)
    }
    return dict(sorted({**schemas, **sparse}.items()))


def file_kinds() -> dict[str, Kind]:
    """Every kind of file by the name of its schema."""
    return {schema_name(kind): kind for kind in (*KINDS, *ROOT_KINDS)} | {
        f"platform-{schema_name(kind)}": kind for kind in PLATFORM_KINDS
    }


def schema_name(kind: Kind) -> str:
    """`agent-mode` for a kind with one fact per file, `models` for a collection."""
    name = kind.name.replace("_", "-")
    if kind.collection or name in ("fallback", "about", "management"):
        return name
    return "header-set" if name == "headers" else name.removesuffix("s")


def _in_layers(kind: Kind) -> bool:
    """Editions belong to the spec, so no layer has their files."""
    return kind.name != "editions"


# --- ids


def offers(references: Iterable[Reference]) -> dict[str, list[str]]:
    """The ids that an editor offers, by the names that `Link.offered` uses, over all of `references`."""
    offered: dict[str, dict[str, None]] = {}
    for reference in references:
        for name, ids in _offers_of(reference):
            offered.setdefault(name, {}).update(dict.fromkeys(ids))
    return {name: list(ids) for name, ids in offered.items()}


def _offers_of(reference: Reference) -> Iterator[tuple[str, Iterable[str]]]:
    yield "axes", AXES
    yield "claims", CLAIMS
    yield "editions", [reference.edition.id]
    for name in ("sources", "providers", "endpoints", "error_shapes", "settings", "requirements", "platforms"):
        yield name, getattr(reference, name)
    yield "operations", [name for endpoint in reference.endpoints.values() for name in endpoint.operations]
    yield "models", [name for key, model in reference.models.items() for name in (model.id, key)]
    for platform in reference.platforms.values():
        for name in ("auth_modes", "errors", "providers"):
            yield f"platform {name}", getattr(platform, name)


def _links(kind: Kind) -> Iterator[Link]:
    name = f"platform {kind.name}" if kind in PLATFORM_KINDS else kind.name
    yield from (link for link in LINKS if link.kind in ("*", name) and link.offered)


# --- strict schemas


def _file_schema(kind: Kind, offered: Mapping[str, Sequence[str]]) -> JsonSchema:
    entry, definitions = _entry_schema(kind, offered, open_to_others=False)
    if not kind.collection:
        return {**_root(kind), **entry, "title": _title(kind), "$defs": definitions}
    shape = kind.shape.__name__
    return {
        **_root(kind),
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"$ref": f"#/$defs/{shape}"},
        "$defs": {**definitions, shape: entry},
    }


def _root(kind: Kind) -> JsonSchema:
    return {"$schema": DRAFT, "title": _title(kind)}


def _title(kind: Kind) -> str:
    return f"ampmap spec: {kind.name}"


def _entry_schema(
    kind: Kind, offered: Mapping[str, Sequence[str]], *, open_to_others: bool
) -> tuple[JsonSchema, JsonSchema]:
    """The schema of one fact without the fields that its path gives, and the definitions that it uses."""
    schema = kind.shape.model_json_schema()
    definitions: JsonSchema = schema.pop("$defs", {})
    _drop_fields(schema, ("id", kind.injected))
    for link in _links(kind):
        for place in _places(schema, definitions, link.where.split(".")):
            _restrict(place, offered.get(link.offered, ()), open_to_others)
    if kind in ROOT_KINDS:
        _restrict(schema["properties"]["rule"], _suppressible_rules(), open_to_others)
    return schema, definitions


def _suppressible_rules() -> list[str]:
    return [rule.id for rule in RULES.values() if rule.severity is not Severity.ERROR]


def _drop_fields(schema: JsonSchema, names: tuple[str | None, ...]) -> None:
    for name in names:
        schema.get("properties", {}).pop(name, None)
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in names]


def _places(schema: JsonSchema, definitions: JsonSchema, path: Sequence[str]) -> Iterator[JsonSchema]:
    """The schemas at a path of `Link.where`: `*` is any item or key, `~` the keys themselves."""
    if "$ref" in schema:
        yield from _places(definitions[schema["$ref"].rpartition("/")[2]], definitions, path)
        return
    for branch in schema.get("anyOf", ()):
        yield from _places(branch, definitions, path)
    if not path:
        yield schema
        return
    step, rest = path[0], path[1:]
    if step == "~":
        if "additionalProperties" in schema:
            yield schema.setdefault("propertyNames", {"type": "string"})
        return
    below = (
        [schema.get("items"), schema.get("additionalProperties")]
        if step == "*"
        else [schema.get("properties", {}).get(step)]
    )
    for inner in below:
        if isinstance(inner, dict):
            yield from _places(inner, definitions, rest)


def _restrict(schema: JsonSchema, values: Sequence[str], open_to_others: bool) -> None:
    """Turns a schema of text into one of these values; with `open_to_others` they are offered beside any other text."""
    if schema.get("type") != "string" or "const" in schema or "enum" in schema:
        return
    if not open_to_others:
        schema["enum"] = list(values)
    else:
        del schema["type"]
        schema["anyOf"] = [{"enum": list(values)}, {"type": "string"}]


# --- sparse schemas


def _sparse_schema(kind: Kind, offered: Mapping[str, Sequence[str]]) -> JsonSchema:
    """What a layer may state: any part of a fact, `null` to remove what lies below, and the word for a stated null.

    Items of lists are whole, because a list replaces the one below it.
    """
    entry, definitions = _entry_schema(kind, offered, open_to_others=True)
    sparse: JsonSchema = {}
    part = _removable(_make_sparse(entry, definitions, sparse))
    if kind.collection:
        part = _removable({"type": "object", "minProperties": 1, "additionalProperties": part})
    used = {name: schema for name, schema in definitions.items() if _is_used(name, (part, sparse, definitions))}
    return {**_root(kind), **part, "title": f"{_title(kind)}, in a layer", "$defs": {**used, **sparse}}


def _make_sparse(schema: JsonSchema, definitions: JsonSchema, sparse: JsonSchema) -> JsonSchema:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if f"{name}Part" not in sparse:
            sparse[f"{name}Part"] = {}
            sparse[f"{name}Part"] = _make_sparse(definitions[name], definitions, sparse)
        return {**schema, "$ref": f"#/$defs/{name}Part"}
    if "anyOf" in schema:
        return {**schema, "anyOf": [_make_sparse(branch, definitions, sparse) for branch in schema["anyOf"]]}
    if schema.get("type") != "object":
        return schema
    part = {key: value for key, value in schema.items() if key not in ("required", "minProperties")}
    if isinstance(schema.get("additionalProperties"), dict):
        part["additionalProperties"] = _removable(_make_sparse(schema["additionalProperties"], definitions, sparse))
    if "properties" in schema:
        part["properties"] = {
            name: _removable(_make_sparse(below, definitions, sparse)) for name, below in schema["properties"].items()
        }
    return part


def _removable(schema: JsonSchema) -> JsonSchema:
    """The schema, or null, which removes; where the schema itself has null, the word that states it stands for that."""
    branches = schema.get("anyOf", [schema])
    more = [{"const": NULL}] if {"type": "null"} in branches else [{"type": "null"}]
    if not set(schema) - {"anyOf", "default", "title", "description"}:
        return {**schema, "anyOf": [*branches, *more]}
    return {"anyOf": [schema, *more]}


def _is_used(name: str, schemas: tuple[JsonSchema, ...]) -> bool:
    return f'"#/$defs/{name}"' in str(schemas).replace("'", '"')
