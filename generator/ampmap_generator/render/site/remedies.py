"""The page that shows, by server, what to change where a requirement is broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...vendored.reference import Reference
from ...vendored.remedies import ServerMark, ServerRemedies, ServerRemedy
from ..addresses import anchor
from ..markdown import Code, code, codes, prose
from .facts import FactSection, Page, Shelf

PAGE = "remedies.md"


def remedy_pages(reference: Reference) -> Iterator[Page]:
    """The one page; none where the reference has no remedies."""
    if not reference.remedies:
        return
    shelf = Shelf(reference, PAGE)
    entries = tuple(_entry(shelf, key, server) for key, server in reference.remedies.items())
    values: dict[str, object] = {"intro": "remedies", "entries": entries}
    yield Page(shelf.here, "entries", "Remedies by server", ("spec/remedies/",), values)


def servers_with_remedy(shelf: Shelf, requirement: str) -> str:
    """Links to the servers that have a remedy for a requirement; empty for none."""
    return ", ".join(
        shelf.link(prose(server.display_name), f"{PAGE}#{anchor(key)}")
        for key, server in shelf.reference.remedies.items()
        if any(requirement in remedy.requirements for remedy in server.remedies)
    )


def _entry(shelf: Shelf, key: str, server: ServerRemedies) -> FactSection:
    marks = "; ".join(_mark(mark) for mark in server.marks)
    rows = [("Named", codes((key, *server.aliases)))]
    if marks:
        rows.append(("Recognised by", marks))
    entry = shelf.entry(f"remedies/{key}", server, (), title=prose(server.display_name), rows=tuple(rows))
    return replace(
        entry,
        notes=tuple(_change(shelf, remedy) for remedy in server.remedies if not remedy.lines),
        code=tuple(
            Code(_change(shelf, remedy), "", remedy.lines.rstrip("\n")) for remedy in server.remedies if remedy.lines
        ),
    )


def _mark(mark: ServerMark) -> str:
    where = f"the header {code(mark.header)}" if mark.header else "the body"
    return f"{where} that fits {code(mark.pattern)}"


def _change(shelf: Shelf, remedy: ServerRemedy) -> str:
    names = ", ".join(shelf.to_name("requirements", name) for name in remedy.requirements)
    return f"{prose(remedy.change)} For {names}. Source: {shelf.cited(remedy.sources)}"
