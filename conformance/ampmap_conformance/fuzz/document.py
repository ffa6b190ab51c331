"""The OpenAPI document that data is generated from: the packaged one of an edition, or a file, and parts of it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from .. import reference as packaged
from ..cases.cases import CallCase, Case, ManagementCase
from ..errors import UsageError
from ..files import read_text
from ..reference.types import EDITION, Reference, surface_digest
from ..wire.json_text import loads

Document = dict[str, Any]

MOST = 64 << 20
"""Bytes of a document that is read."""
METHODS = frozenset({"get", "head", "post", "put", "patch", "delete", "options", "trace"})


def document_for(reference: Reference, file: Path | None = None) -> Document:
    """The document in `file`, or the packaged one of the reference's edition.

    Raises UsageError if the document is missing or invalid, or states that a proxy serves anything else.
    """
    text = _read(file) if file else _packaged(reference)
    name = f"--openapi {file}" if file else "the packaged OpenAPI document"
    try:
        document = loads(text)
        digest = document["info"]["x-ampmap"]["digest"]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{name}: expected an OpenAPI document that `ampmap build openapi` wrote") from None
    if digest != (expected := surface_digest(reference=reference)):
        raise UsageError(
            f"{name} was built from another reference ({str(digest)[:19]}, not {expected[:19]}):"
            " build one with `ampmap build openapi --out DIR` and add `--openapi DIR/openapi.json`"
        )
    return dict(document)


def part_for(document: Document, reference: Reference, case: Case) -> Document:
    """The document with the operations of one case alone, on the paths of the target, and without credentials.

    Credentials are left to the probe: schemathesis would vary them, and those are other requirements' matter.
    """
    components = {key: value for key, value in document["components"].items() if key != "securitySchemes"}
    return {
        **{key: value for key, value in document.items() if key not in ("paths", "components", "security")},
        "paths": dict(_paths(document, reference, case)),
        "components": components,
    }


def _paths(document: Document, reference: Reference, case: Case) -> Iterator[tuple[str, Any]]:
    for path, item in document["paths"].items():
        chosen = {
            key: {name: value for name, value in operation.items() if name != "security"}
            for key, operation in item.items()
            if key in METHODS and _belongs(operation.get("x-ampmap", {}), case)
        }
        if chosen:
            shared = {key: value for key, value in item.items() if key not in METHODS}
            yield _mounted(path, reference, case), {**shared, **chosen}


def _belongs(marks: Any, case: Case) -> bool:
    if isinstance(case, CallCase):
        return (marks.get("provider"), marks.get("operation")) == (case.provider.id, case.call.id)
    return isinstance(case, ManagementCase) and marks.get("management") == case.route.id


def _mounted(path: str, reference: Reference, case: Case) -> str:
    """A path of the document as the target serves it, whose base path of the provider may be another one."""
    if not isinstance(case, CallCase):
        return path
    base = reference.providers[case.provider.id].base_path or ""
    return f"{case.provider.base_path}{path.removeprefix(base)}"


def _packaged(reference: Reference) -> str:
    name = "openapi.json" if reference.edition.id == EDITION else f"openapi/editions/{reference.edition.id}.json"
    try:
        return (resources.files(packaged.__name__) / name).read_text(encoding="utf-8")
    except OSError:
        raise UsageError(
            f"no OpenAPI document of edition `{reference.edition.id}` is packaged: make one with"
            " `ampmap build openapi --out DIR`, and name it with `--openapi DIR/openapi.json`"
        ) from None


def _read(file: Path) -> str:
    try:
        return read_text(file, MOST)
    except UsageError as error:
        raise UsageError(f"--openapi {error}") from error
