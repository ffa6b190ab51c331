"""The JSON Schema of target files, for editors: the shapes, with the ids of a reference where a file names them."""

from __future__ import annotations

from typing import Any

from ..reference import editions
from ..reference.types import Reference
from .file import TargetFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of_target_files(reference: Reference) -> dict[str, Any]:
    """The schema of the target files for an edition. Its ids are those of providers behind the proxy, and so on."""
    schema: dict[str, Any] = TargetFile.model_json_schema(by_alias=True)
    shapes = schema["$defs"]
    providers = [provider.id for provider in reference.providers.values() if provider.via_proxy]
    dialects, families = list(reference.endpoints), list(reference.management)
    _names(schema["properties"]["providers"], providers)
    _names(schema["properties"]["mounts"], providers)
    _names(schema["properties"]["editions"], list(editions()))
    _names(shapes["Models"]["properties"]["available"], providers)
    _names(shapes["ObserverAddress"]["properties"]["personas"], ["amp", *reference.providers])
    _names(shapes["Policy"]["properties"]["browser_pages"], families)
    for shape in ("Policy", "ProviderPolicy"):
        _names(shapes[shape]["properties"]["body"], dialects)
        _names(shapes[shape]["properties"]["upstream_dialects"], dialects)
    return {"$schema": DIALECT, **schema, "title": "Target file of ampmap-conformance"}


def _names(schema: dict[str, Any], known: list[str]) -> None:
    """Closes the names of an object, and the texts of a list, in a schema and in those that it chooses from."""
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        _names(choice, known)
    if schema.get("type") == "object":
        schema["propertyNames"] = {"enum": known}
    if schema.get("type") == "array":
        schema["items"] = {"enum": known}
