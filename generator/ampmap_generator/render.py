"""Renders a reference into the files of each target, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jinja2

from . import vendor
from .compile import plain
from .vendored.reference import Reference

Files = dict[str, bytes]
"""Output path, relative to the target's folder, to content."""


def environment(target: str) -> jinja2.Environment:
    """Templates of one target. An undefined name in a template is an error, never an empty string."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("ampmap_generator", f"templates/{target}"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - renders Python and Markdown, no HTML from outside
    )


def render_types(reference: Reference) -> Files:
    """The vendorable module, one file."""
    parts = vendor.sources()
    data = plain(reference)
    data.pop("requirements", None)
    ids = {
        "SourceId": list(reference.sources),
        "ProviderId": list(reference.providers),
        "DialectId": list(reference.endpoints),
        "OperationId": list(dict.fromkeys(name for e in reference.endpoints.values() for name in e.operations)),
        "ModelId": list(dict.fromkeys(model.id for model in reference.models.values())),
        "AgentModeId": list(reference.agent_modes),
        "ErrorShapeId": list(reference.error_shapes),
    }
    text = (
        environment("types")
        .get_template("types.py.j2")
        .render(
            edition=reference.edition.id,
            client_build=reference.edition.client_build,
            digest=reference.digest,
            imports=vendor.imports({**parts, "": "from functools import cache"}),
            body=vendor.body(parts, ids),
            data=vendor.data_lines(data),
            public_names=sorted({*vendor.public_names(parts), "DIGEST", "EDITION", "reference"}),
        )
    )
    return {"types.py": text.encode()}


def render_reference(reference: Reference) -> Files:
    """`reference.json`: the whole reference as data."""
    return {"reference.json": _json(plain(reference))}


def render_schema(reference: Reference) -> Files:
    """JSON Schemas for editors, one per kind of spec file."""
    from .schema import editor_schemas

    return {f"{name}.schema.json": _json(schema) for name, schema in editor_schemas(reference).items()}


def render_docs(reference: Reference) -> Files:
    """The files of the site: generated pages, and the hand-written ones beside them."""
    from . import places
    from .pages import pages
    from .pages_written import site_files, together

    generated = {path: text.encode() for path, text in pages(reference).items()}
    return together(generated, site_files(places.site_dir()))


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


TARGETS: dict[str, Callable[[Reference], Files]] = {
    "docs": render_docs,
    "types": render_types,
    "reference": render_reference,
    "schema": render_schema,
}
