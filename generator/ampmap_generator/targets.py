"""Renders a reference into the files of each target, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .compile import plain
from .render.site.spec_links import SpecFiles
from .render.templates import environment
from .render.types_module import body, data_lines, imports, public_names, sources
from .vendored.reference import Reference

Files = dict[str, bytes]
"""Output path, relative to the target's folder, to content."""


def render_types(reference: Reference, *, open_ids: bool = False) -> Files:
    """The vendorable module, one file. With `open_ids` it reads references that have other ids than this one too."""
    parts = sources()
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
            imports=imports({**parts, "": "from functools import cache"}),
            body=body(parts, None if open_ids else ids),
            data=data_lines(data),
            public_names=sorted({*public_names(parts), "DIGEST", "EDITION", "reference", "resolve_auth_mode"}),
        )
    )
    return {"types.py": text.encode()}


def render_reference(reference: Reference, editions: Mapping[str, Reference]) -> Files:
    """`reference.json`: the whole reference as data; and in `editions/` those of the others, one fact a line."""
    others = {name: other for name, other in editions.items() if name != reference.edition.id}
    files = {f"editions/{name}.json": data_lines(plain(other)) for name, other in others.items()}
    return {
        "reference.json": _json(plain(reference)),
        **{name: f"{text}\n".encode() for name, text in files.items()},
    }


def render_openapi(reference: Reference, editions: Mapping[str, Reference]) -> Files:
    """OpenAPI 3.1 of the proxy's surface: the whole, one document per dialect, and the whole of all other editions."""
    from .render.openapi.document import documents, text_of, whole

    others = {name: whole(other) for name, other in editions.items() if name != reference.edition.id}
    found = {**documents(reference), **{f"openapi/editions/{name}.json": other for name, other in others.items()}}
    return {name: text_of(document).encode() for name, document in found.items()}


def render_schema(editions: Mapping[str, Reference]) -> Files:
    """JSON Schemas for editors, one per kind of spec file and one per kind of file in a layer."""
    from .render.editor_schemas import editor_schemas

    return {f"{name}.schema.json": _json(schema) for name, schema in editor_schemas(editions).items()}


def render_docs(
    reference: Reference,
    editions: Mapping[str, Reference],
    stated: Mapping[str, tuple[str, ...]] | None = None,
    spec: SpecFiles | None = None,
) -> Files:
    """The files of the site below `docs/`, and the configuration that builds it; `stated` and `spec` as in `Compiled`.

    They are the generated pages and the hand-written ones beside them, the data that can be downloaded, the pages at
    old addresses, and the texts for plain readers. Raises handwritten.PageCollisionError, evidence_files.EvidenceError
    and redirects.RedirectError.
    """
    from . import outputs
    from .render.api.documents import api_files
    from .render.site.downloads import TYPES, download_pages
    from .render.site.editions import change_reports
    from .render.site.evidence import FOLDER
    from .render.site.evidence_files import read_evidence
    from .render.site.handwritten import edit_url, markdown_of, redirects_of, site_files, together
    from .render.site.llms import llms_files
    from .render.site.nav import configuration
    from .render.site.pages import all_pages, rendered
    from .render.site.redirects import redirect_files, renamed
    from .render.site.spec_links import restated
    from .render.vectors.site_data import auth_files

    site = outputs.site_dir()
    written = site_files(site)
    template = (site / "mkdocs.yml").read_text(encoding="utf-8")
    reports = change_reports(editions)
    data = {
        **api_files(reference, editions, reports),
        **render_openapi(reference, editions),
        **auth_files(reference),
        TYPES: render_types(reference)["types.py"],
        **{
            f"spec/schema/{path.name}": path.read_bytes()
            for path in sorted((outputs.spec_dir() / "schema").glob("*.json"))
        },
        **{name: text.encode() for name, text in (spec.texts if spec else {}).items() if name.startswith("spec/")},
    }
    proved = outputs.evidence_dir()
    data |= {f"{FOLDER}{path.name}": path.read_bytes() for path in sorted(proved.glob("*.json"))} if proved else {}
    found = all_pages(reference, editions, read_evidence(proved), reports)
    found = (*found, *download_pages(reference, data))
    located = replace(spec, edit_url=edit_url(template)) if spec else None
    generated = restated(rendered(reference, found, located), stated or {})
    every = {**generated, **markdown_of(written)}
    files = {
        **{path: text.encode() for path, text in generated.items()},
        **data,
        **redirect_files({**dict(renamed(reference)), **redirects_of(site)}, every),
        **llms_files(reference, every),
    }
    config = configuration(template, found, markdown_of(written))
    return {
        **{f"docs/{path}": content for path, content in together(files, written).items()},
        "mkdocs.yml": config.encode(),
    }


def render_llms(
    reference: Reference,
    editions: Mapping[str, Reference],
    stated: Mapping[str, tuple[str, ...]] | None = None,
    spec: SpecFiles | None = None,
) -> Files:
    """`llms.txt` and `llms-full.txt` by themselves, as the site has them. Takes and raises what `render_docs` does."""
    from .render.site.llms import FULL, INDEX

    site = render_docs(reference, editions, stated, spec)
    return {name: site[f"docs/{name}"] for name in (INDEX, FULL)}


def render_vectors(reference: Reference) -> Files:
    """The vectors for resolvers of auth modes, and their JSON Schema; nothing without the platform that they are of."""
    from .render.vectors.vectors import PLATFORM, vector_files

    platform = reference.platforms.get(PLATFORM)
    return vector_files(platform) if platform is not None else {}


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


@dataclass(frozen=True)
class Compiled:
    """What targets are rendered from: the reference of the edition that was asked for, and that of every edition."""

    reference: Reference
    editions: Mapping[str, Reference]
    """By id: the base first, then in the order of their builds."""
    stated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per file of the spec to which layers add something, those that state it, as in `Spec.stated`."""
    files: SpecFiles = field(default_factory=SpecFiles)
    """The files of the spec, and where in them each fact of the reference stands."""


TARGETS: dict[str, Callable[[Compiled], Files]] = {
    "docs": lambda compiled: render_docs(compiled.reference, compiled.editions, compiled.stated, compiled.files),
    "types": lambda compiled: render_types(compiled.reference, open_ids=True),
    "reference": lambda compiled: render_reference(compiled.reference, compiled.editions),
    "openapi": lambda compiled: render_openapi(compiled.reference, compiled.editions),
    "vectors": lambda compiled: render_vectors(compiled.reference),
    "schema": lambda compiled: render_schema(compiled.editions),
    "llms": lambda compiled: render_llms(compiled.reference, compiled.editions, compiled.stated, compiled.files),
}
