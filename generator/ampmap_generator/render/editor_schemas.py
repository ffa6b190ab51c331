"""JSON Schemas of the spec's files, so that editors complete and check a file as an author types.

Each kind of file has two: a *strict* one for the spec, and a *sparse* one for layers, in which nothing is required.
Every list of ids stands in one schema beside them, `ids`, and the others refer to it by its relative file name: a new
provider, model or source changes that one file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ..check.consistency import RULES
from ..check.links import AXES, CLAIMS, LINKS, Link
from ..load.findings import Severity
from ..load.kinds import KINDS, PLATFORM_KINDS, ROOT_KINDS, Kind
from ..load.merge import NULL
from ..load.spec_only_shapes import Suppression
from ..vendored.reference import Reference
from .json_text import DRAFT, indent_file

JsonSchema = dict[str, Any]


LAYER: Final = "layer/"
"""The folder of the sparse schemas, below that of the strict ones."""
IDS: Final = "ids"
"""The schema that holds the lists of ids. It describes no file of the spec."""

NAMES_OF_IDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sources": "SourceId",
        "providers": "ProviderId",
        "endpoints": "DialectId",
        "operations": "OperationId",
        "error_shapes": "ErrorShapeId",
        "models": "ModelId",
        "tools": "ToolId",
        "settings": "SettingName",
        "requirements": "RequirementId",
        "remedies": "ServerId",
        "editions": "EditionId",
        "axes": "Axis",
        "claims": "Claim",
        "suppressible rules": "SuppressibleRuleId",
        "platforms": "PlatformId",
        "platform auth_modes": "PlatformAuthModeId",
        "platform errors": "PlatformErrorId",
        "platform providers": "PlatformProviderId",
    }
)
"""What each list of `offers` is called in the `$defs` of the schema `ids`."""


def render_schema(editions: Mapping[str, Reference]) -> dict[str, bytes]:
    """JSON Schemas for editors, one per kind of spec file and one per kind of file in a layer."""
    return {f"{name}.schema.json": indent_file(schema) for name, schema in editor_schemas(editions).items()}


def editor_schemas(editions: Mapping[str, Reference]) -> dict[str, JsonSchema]:
    """One schema per kind of file by its name, `provider` or `platform-models`, and one for layers as `layer/provider`.

    A field that holds an id refers to the list in the schema `ids`, which has those of all `editions`. In a layer,
    which may bring ids of its own, they are offered and not required.
    """
    schemas = {name: _file_schema(kind) for name, kind in file_kinds().items()}
    sparse = {f"{LAYER}{name}": _sparse_schema(kind) for name, kind in file_kinds().items() if _in_layers(kind)}
    return {IDS: _ids_schema(editions), **dict(sorted({**schemas, **sparse}.items()))}


def file_kinds() -> dict[str, Kind]:
    """Every kind of file by the name of its schema."""
    return {schema_name(kind): kind for kind in (*KINDS, *ROOT_KINDS)} | {
        f"platform-{schema_name(kind)}": kind for kind in PLATFORM_KINDS
    }


def schema_name(kind: Kind) -> str:
    """`agent-mode` for a kind with one fact per file, `models` for a collection."""
    name = kind.name.replace("_", "-")
    if kind.collection or name in ("fallback", "about", "management", "remedies"):
        return name
    return "header-set" if name == "headers" else name.removesuffix("s")


def _in_layers(kind: Kind) -> bool:
    """Editions belong to the spec, so no layer has their files."""
    return kind.name != "editions"


# --- ids


def _ids_schema(editions: Mapping[str, Reference]) -> JsonSchema:
    offered = offers(editions.values())
    lists = {name: {"type": "string", "enum": offered.get(offer, [])} for offer, name in NAMES_OF_IDS.items()}
    return {"$schema": DRAFT, "title": "ampmap spec: ids", "$defs": lists}


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
    yield "suppressible rules", [rule.id for rule in RULES.values() if rule.severity is not Severity.ERROR]
    yield "editions", [reference.edition.id]
    for name in (
        *("sources", "providers", "endpoints", "error_shapes", "tools", "settings", "requirements", "remedies"),
        "platforms",
    ):
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


def _file_schema(kind: Kind) -> JsonSchema:
    entry, definitions = _entry_schema(kind, in_layer=False)
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


def _entry_schema(kind: Kind, *, in_layer: bool) -> tuple[JsonSchema, JsonSchema]:
    """The schema of one fact without the fields that its path gives, and the definitions that it uses."""
    schema = kind.shape.model_json_schema()
    definitions: JsonSchema = schema.pop("$defs", {})
    _drop_fields(schema, ("id", kind.injected))
    for link in _links(kind):
        for place in _places(schema, definitions, link.where.split(".")):
            _restrict(place, link.offered, in_layer=in_layer)
    if kind.shape is Suppression:
        _restrict(schema["properties"]["rule"], "suppressible rules", in_layer=in_layer)
    return schema, definitions


def _drop_fields(schema: JsonSchema, names: tuple[str | None, ...]) -> None:
    for name in names:
        schema.get("properties", {}).pop(name, None)
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in names]


def _places(schema: JsonSchema, definitions: JsonSchema, path: Sequence[str]) -> Iterator[JsonSchema]:
    """The schemas at a path of `Link.where`: `*` is any item or key, `~` the keys themselves."""
    if _is_restricted(schema):
        return
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


def _restrict(schema: JsonSchema, offer: str, *, in_layer: bool) -> None:
    """Turns a schema of text into one of the ids of a list; in a layer these are offered beside any other text."""
    if schema.get("type") != "string" or "const" in schema or "enum" in schema:
        return
    file = f"../{IDS}.schema.json" if in_layer else f"{IDS}.schema.json"
    ids = {"$ref": f"{file}#/$defs/{NAMES_OF_IDS[offer]}"}
    del schema["type"]
    if in_layer:
        schema["anyOf"] = [ids, {"type": "string"}]
    else:
        schema.update(ids)


def _is_restricted(schema: JsonSchema) -> bool:
    """Whether a schema is what `_restrict` makes: two links may lead to one place."""
    return any(not branch.get("$ref", "#").startswith("#") for branch in (schema, *schema.get("anyOf", ())))


# --- sparse schemas


def _sparse_schema(kind: Kind) -> JsonSchema:
    """What a layer may state: any part of a fact, `null` to remove what lies below, and the word for a stated null.

    Items of lists are whole, because a list replaces the one below it.
    """
    entry, definitions = _entry_schema(kind, in_layer=True)
    sparse: JsonSchema = {}
    part = _removable(_make_sparse(entry, definitions, sparse))
    if kind.collection:
        part = _removable({"type": "object", "minProperties": 1, "additionalProperties": part})
    used = {name: schema for name, schema in definitions.items() if _is_used(name, (part, sparse, definitions))}
    return {**_root(kind), **part, "title": f"{_title(kind)}, in a layer", "$defs": {**used, **sparse}}


def _make_sparse(schema: JsonSchema, definitions: JsonSchema, sparse: JsonSchema) -> JsonSchema:
    if _is_restricted(schema):
        return schema
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
