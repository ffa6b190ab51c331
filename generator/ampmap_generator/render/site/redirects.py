"""Pages at old addresses that lead to new ones. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from html import escape

from ...vendored.reference import Reference
from ..addresses import OWN_PAGES, address


class RedirectError(ValueError):
    """A redirect does not work; `problems` say which and why, a sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def renames(reference: Reference) -> Iterator[tuple[str, str]]:
    """Old and new page of everything with a page of its own that has another id than in the edition below."""
    for kind, folder in OWN_PAGES.items():
        for key, fact in getattr(reference, kind).items():
            lifecycle = getattr(fact, "lifecycle", None)
            if lifecycle is not None and lifecycle.renamed_from:
                yield f"{folder}/{lifecycle.renamed_from}.md", f"{folder}/{key}.md"


def redirect_files(redirects: Mapping[str, str], pages: Mapping[str, str]) -> dict[str, bytes]:
    """An HTML file for each old page, by its path below the docs folder.

    `redirects` maps an old page to a page or page#anchor that the site has; `pages` are the site's, as Markdown, by
    path. Raises RedirectError for an old page that exists, and for a new one that does not or has no such anchor.
    """
    problems = tuple(problem for old, new in redirects.items() for problem in _problems(old, new, pages))
    if problems:
        raise RedirectError(problems)
    return {_file(old): _html(old, new).encode() for old, new in sorted(redirects.items())}


def _problems(old: str, new: str, pages: Mapping[str, str]) -> Iterator[str]:
    page, _, place = new.partition("#")
    if old in pages:
        yield f"{old} is a page of the site and must not be redirected (to {new})"
    if not old.endswith(".md") or posixpath.normpath(old) != old or old.startswith(("/", "..")):
        yield f"{old} is not a valid path of a page; expected a path such as `providers/groq.md`"
    if page not in pages:
        yield f"{old} is redirected to {page}, which is not a page of the site"
    elif place and f"{{ #{place} }}" not in pages[page]:
        yield f"{old} is redirected to {new}, but {page} does not have this anchor"


def _file(old: str) -> str:
    return f"{address(old)}index.html"


def _html(old: str, new: str) -> str:
    """A page that redirects at once, with and without JavaScript, and links to the new page."""
    here = address(old).rstrip("/")
    page, hash_sign, place = address(new).partition("#")
    to = f"{posixpath.relpath(page or '.', here)}/{hash_sign}{place}"
    target = escape(to)
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f"<title>Moved: {escape(address(new))}</title>",
            f'<link rel="canonical" href="{target}">',
            f'<meta http-equiv="refresh" content="0; url={target}">',
            '<meta name="robots" content="noindex">',
            "</head>",
            f'<body><p>This page has moved to <a href="{target}">{escape(address(new))}</a>.</p></body>',
            "</html>",
            "",
        )
    )
