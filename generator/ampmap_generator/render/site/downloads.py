"""The page of downloads: what the site has as data, with the digest of each file; and the files of the spec."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from ...vendored.reference import Reference
from ...vendored.timeline import Timelines
from ..addresses import anchor
from ..api.documents import ROOT
from ..languages.golang import render_go
from ..languages.typescript import render_typescript
from ..markdown import Table, code, link
from ..types_module import render_types
from .facts import Page, Shelf
from .feed import FILE as FEED
from .spec_links import FILES_PAGE

FOLDER: Final = "downloads/"
PYTHON: Final = "ampmap_types.py"
"""The name of the Python module, since a `types.py` would shadow the module of that name in the standard library."""

_GROUPS: Final = (
    (
        "types",
        "Types",
        "Modules to vendor, in Python (requires only pydantic), TypeScript and Go (require nothing).",
        (FOLDER,),
    ),
    (
        "route-vectors",
        "Route vectors",
        "Questions to `route` with their answers, to test a port with.",
        ("api/v1/route-vectors",),
    ),
    (
        "api",
        "JSON API",
        "One document per entry. The format of documents below `v1` is stable.",
        ("api/v1/index.json",),
    ),
    ("editions", "Whole editions", "Every fact of an edition, with its sources and claims.", ("api/v1/editions/",)),
    ("finder", "Route finder", "All names and paths of an edition, with their routes.", ("api/v1/finder/",)),
    ("changes", "Changes", "What changed in an edition, field by field.", ("api/v1/changes",)),
    ("feed", "Feed of changes", "An Atom feed with an entry for each edition.", (FEED,)),
    ("openapi", "OpenAPI", "OpenAPI 3.1 documents of a proxy's API: complete, and by dialect.", ("openapi",)),
    ("schemas", "Schemas of the API", "JSON Schema of each kind of document.", ("api/v1/schema/",)),
    ("editor", "Schemas for editors", "JSON Schema of each kind of file of the spec.", ("spec/schema/",)),
    ("vectors", "Vectors", "Test vectors for a resolver of auth modes, with the expected answers.", ("auth-vectors",)),
    ("evidence", "Evidence", "Results of runs of the conformance kit.", ("conformance/evidence/",)),
    ("plain", "Plain text", "All pages as plain text.", ("llms",)),
)
"""Anchor, title, what it is, and how the paths of its files begin; a file is listed in the first group that fits."""


def download_pages(reference: Reference, files: Mapping[str, bytes]) -> Iterator[Page]:
    """The page of downloads and that of the spec's files; `files` are the site's, by path."""
    shelf = Shelf(reference, "downloads.md")
    left = sorted(path for path in files if not path.endswith((".md", ".html")) and not path.startswith("assets/"))
    groups = []
    for name, title, about, starts in _GROUPS:
        mine = [path for path in left if path.startswith(starts)]
        left = [path for path in left if path not in mine]
        if mine:
            groups.append((name, title, about, _table(shelf, mine, files)))
    values: dict[str, object] = {
        "groups": tuple(groups),
        "digest": code(reference.digest),
        "calls": Table(("What", "URL below the site", "Documents", "Schema"), tuple(_api_rows(shelf, files))),
    }
    yield Page(shelf.here, "downloads", "Downloads", ("spec/",), values)
    yield _spec_files(reference, [path for path in left if path.startswith("spec/")], files)


_API_KINDS: Final = (
    ("index", "What there is, and where", "index.json", "index.json"),
    ("provider", "A provider: its calls and its models", "providers/{provider}.json", "providers/"),
    ("model", "A model and its route", "models/{provider}/{model}.json", "models/"),
    ("mode", "An agent mode and its route", "modes/{mode}.json", "modes/"),
    ("edition", "An edition: every fact, with sources", "editions/{edition}.json", "editions/"),
    ("diff", "What changed in an edition", "changes/{edition}.json", "changes/"),
    ("timelines", "Where each name goes, over the editions", "timelines.json", "timelines.json"),
    ("finder", "Every name and path of an edition", "finder/{edition}.json", "finder/"),
    ("lookup", "Statuses, errors and rules", "lookup.json", "lookup.json"),
    ("edition-lookup", "Headers of an edition, and what it means by a status", "lookup/{edition}.json", "lookup/"),
    ("route-vectors", "Questions to `route`, with their answers", "route-vectors.json", "route-vectors.json"),
)
"""Name of the schema, what the documents say, their address below `api/v1/`, and how it begins."""


def _api_rows(shelf: Shelf, files: Mapping[str, bytes]) -> Iterator[tuple[str, ...]]:
    for schema, about, pattern, start in _API_KINDS:
        mine = sorted(path for path in files if path.startswith(f"{ROOT}{start}"))
        form = f"{ROOT}schema/{schema}.schema.json"
        if mine:
            example = link("example", mine[0], shelf.here)
            yield about, f"{code(ROOT + pattern)} ({example})", str(len(mine)), link(code(schema), form, shelf.here)


def module_files(reference: Reference, known: Timelines) -> dict[str, bytes]:
    """The modules to vendor, by path below the docs folder; they tell the timelines of all names."""
    (python,) = render_types(reference, known).values()
    go = {f"{FOLDER}go/{name}": content for name, content in render_go(reference, known).items()}
    typescript = {f"{FOLDER}{name}": content for name, content in render_typescript(reference, known).items()}
    return {f"{FOLDER}{PYTHON}": python, **typescript, **go}


def _table(shelf: Shelf, paths: Sequence[str], files: Mapping[str, bytes]) -> Table:
    return Table(("File", "Bytes", "SHA-256"), tuple(_row(shelf, path, files[path]) for path in paths))


def _row(shelf: Shelf, path: str, content: bytes) -> tuple[str, ...]:
    digest = hashlib.sha256(content).hexdigest()
    return link(code(path), path, shelf.here), f"{len(content):,}".replace(",", " "), code(digest)


def _spec_files(reference: Reference, paths: Sequence[str], files: Mapping[str, bytes]) -> Page:
    shelf = Shelf(reference, FILES_PAGE)
    folders = tuple(
        (anchor(folder), code(f"{folder}/"), _table(shelf, tuple(group), files))
        for folder, group in groupby(sorted(paths, key=lambda path: (posixpath.dirname(path), path)), posixpath.dirname)
    )
    return Page(shelf.here, "spec_files", "Files of the spec", ("spec/",), {"folders": folders}, weight=0)
