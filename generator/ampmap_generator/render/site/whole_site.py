"""The whole site: pages, guides, data, redirects, and the configuration that builds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ... import outputs
from ...diff.report import DiffReport
from ...query.scope import builds_in_words, freshness_in_words
from ...query.timelines import timelines
from ...vendored.reference import Reference
from ..api.documents import ROOT, api_files
from ..openapi.document import render_openapi
from ..vectors.site_data import auth_files
from .downloads import download_pages, module_files
from .editions import change_reports
from .evidence_files import FOLDER, HANDED_IN, read_evidence
from .feed import feed_files
from .handwritten import THEME, edit_url, files_below, markdown_of, merge_files, redirects_of, site_files
from .llms import FULL, INDEX, llms_files
from .nav import configuration
from .pages import all_pages, render_pages
from .redirects import redirect_files, renames
from .spec_links import SpecFiles, name_stating_files


def render_docs(
    reference: Reference,
    editions: Mapping[str, Reference],
    stated: Mapping[str, tuple[str, ...]] | None = None,
    spec: SpecFiles | None = None,
) -> dict[str, bytes]:
    """The files of the site below `docs/`, and the configuration that builds it; `stated` and `spec` as in `Compiled`.

    They are the generated pages and the hand-written ones beside them, the data that can be downloaded, the pages at
    old addresses, and the texts for plain readers. Raises handwritten.PageCollisionError, evidence_files.EvidenceError
    and redirects.RedirectError.
    """
    site = outputs.site_dir()
    written = site_files(site)
    template = (site / "mkdocs.yml").read_text(encoding="utf-8")
    reports = change_reports(editions)
    data = {**_generated_data(reference, editions, reports), **_source_files(spec)}
    found = all_pages(reference, editions, read_evidence(outputs.evidence_dir()), reports)
    found = (*found, *download_pages(reference, data))
    located = replace(spec, edit_url=edit_url(template)) if spec else None
    generated = name_stating_files(render_pages(reference, found, located), stated or {})
    every = {**generated, **markdown_of(written)}
    scope = f"{builds_in_words(editions.values())} {freshness_in_words(reference)}"
    files = {
        **{path: text.encode() for path, text in generated.items()},
        **data,
        **redirect_files({**dict(renames(reference)), **redirects_of(site)}, every),
        **llms_files(reference, every, scope),
    }
    config = configuration(template, found, markdown_of(written), scope)
    return {
        **{f"docs/{path}": content for path, content in merge_files(files, written).items()},
        **{f"{THEME}/{path}": content for path, content in files_below(site / THEME).items()},
        "mkdocs.yml": config.encode(),
    }


def _generated_data(
    reference: Reference, editions: Mapping[str, Reference], reports: Mapping[str, DiffReport]
) -> dict[str, bytes]:
    """The data that is made from the references, by path below the docs folder."""
    known = timelines(editions)
    documents = api_files(reference, editions, reports, known)
    return {
        **documents,
        **dict(_as_scripts(documents)),
        **render_openapi(reference, editions),
        **auth_files(reference),
        **module_files(reference, known),
        **feed_files(editions, reports),
    }


ASKED: Final = ("finder/", "lookup", "timelines")
"""How the documents of the API begin that the pages' scripts read."""


def _as_scripts(documents: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Documents as scripts that hand them over: a page from disk may load a script, and no JSON."""
    for path, content in documents.items():
        name = path.removeprefix(ROOT)
        if name.startswith(ASKED) and name.endswith(".json"):
            name = name.removesuffix(".json")
            yield f"assets/data/{name}.js", b'ampmapData("%s", %s);\n' % (name.encode(), content.strip())


def _source_files(spec: SpecFiles | None) -> dict[str, bytes]:
    """The files that the site shows as they are: editor schemas, the spec, and the evidence of a checkout."""
    schemas = sorted((outputs.spec_dir() / "schema").glob("*.json"))
    texts = spec.texts.items() if spec else ()
    evidence = outputs.evidence_dir()
    found = sorted((*evidence.glob("*.json"), *evidence.glob(f"{HANDED_IN}/*.json"))) if evidence else ()
    return {
        **{f"spec/schema/{path.name}": path.read_bytes() for path in schemas},
        **{name: text.encode() for name, text in texts if name.startswith("spec/")},
        **{f"{FOLDER}{path.relative_to(evidence).as_posix()}": path.read_bytes() for path in found if evidence},
    }


def llms_of(site: Mapping[str, bytes]) -> dict[str, bytes]:
    """`llms.txt` and `llms-full.txt` by themselves, out of the files that `render_docs` gives."""
    return {name: site[f"docs/{name}"] for name in (INDEX, FULL)}
