"""`llms.txt` and `llms-full.txt`: the site for readers that take plain text. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from itertools import groupby
from typing import Final

from ...vendored.reference import Reference

INDEX: Final = "llms.txt"
FULL: Final = "llms-full.txt"

_SECTIONS: Final[Mapping[str, str]] = {
    "": "The map",
    "providers": "Providers",
    "models": "Models",
    "endpoints": "Endpoints",
    "errors": "Errors",
    "requirements": "What a proxy must do",
    "editions": "Editions",
    "changes": "What changed",
    "platforms": "Platforms",
    "guides": "Guides",
}
"""Top folders in the order in which they are listed, each with its title; others follow under their own names."""

_TITLE = re.compile(r"^# (.+?)(?: \{ #\S+ \})?$", re.MULTILINE)
_ANCHOR = re.compile(r" ?(?:\[\])?\{ [#.][^}]+ \}|^ *\{ data-search-exclude \}\n?", re.MULTILINE)


_FIGURE = re.compile(r"<figure.*?<figcaption[^>]*><strong>(.*?)</strong> (.*?)</figcaption>.*?</figure>", re.DOTALL)
"""A picture in a page."""


def llms_files(reference: Reference, pages: Mapping[str, str], scope: str) -> dict[str, bytes]:
    """Both files by name. `pages` are the site's pages by path; `scope` says what they hold for."""
    head = _head(reference, scope)
    return {INDEX: _index(reference, pages, head).encode(), FULL: _full(pages, head).encode()}


def _index(reference: Reference, pages: Mapping[str, str], head: Sequence[str]) -> str:
    lines = [*head, "", "The whole text of all pages is in [llms-full.txt](llms-full.txt)."]
    for folder, paths in groupby(_sort_pages(pages), key=_folder):
        lines += ["", f"## {_SECTIONS.get(folder, folder.replace('-', ' ').capitalize())}", ""]
        lines += [f"- [{_title(pages[path], path)}]({_address(path)})" for path in paths]
    lines += [
        "",
        "## Data",
        "",
        "- [Index of the JSON API](api/v1/index.json): editions, providers, models and agent modes",
        f"- [The whole edition](api/v1/editions/{reference.edition.id}.json): every fact with its sources and claims",
        "- [Changes](api/v1/changes.json): what changed from edition to edition",
    ]
    return "\n".join(lines) + "\n"


def _full(pages: Mapping[str, str], head: Sequence[str]) -> str:
    parts = ["\n".join(head)]
    for path in _sort_pages(pages):
        text = _ANCHOR.sub("", _FIGURE.sub(_description, pages[path])).strip()
        parts.append(f"Page: {_address(path)}\n\n{text}")
    return "\n\n---\n\n".join(parts) + "\n"


def _description(picture: re.Match[str]) -> str:
    """A picture in words."""
    return unescape(f"{picture[1]}: {picture[2]}")


def _head(reference: Reference, scope: str) -> list[str]:
    return [
        "# ampmap",
        "",
        "> Where the Amp coding agent sends each model, what a proxy in between must do, and the sources."
        f" Edition {reference.edition.id}, reference {reference.digest[:19]}. {scope}",
    ]


def _sort_pages(pages: Mapping[str, str]) -> Iterable[str]:
    order = list(_SECTIONS)
    return sorted(
        pages,
        key=lambda path: (
            order.index(_folder(path)) if _folder(path) in order else len(order),
            posixpath.dirname(path),
            posixpath.basename(path) != "index.md",
            path,
        ),
    )


def _folder(path: str) -> str:
    return path.partition("/")[0] if "/" in path else ""


def _address(path: str) -> str:
    """Where the site has a page: `providers/groq/` for `providers/groq.md`, `./` for the front page."""
    stem = path.removesuffix(".md")
    return f"{stem.removesuffix('index')}" if stem.endswith("/index") else "./" if stem == "index" else f"{stem}/"


def _title(text: str, path: str) -> str:
    match = _TITLE.search(text)
    return match[1].replace("[", "(").replace("]", ")") if match else path
