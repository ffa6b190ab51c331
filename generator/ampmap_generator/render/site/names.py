"""Pages that explain a method or a header by its name: who sends it, and which rules name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from ...vendored.catalogue import Header, HeaderSet
from ...vendored.reference import Reference
from ...vendored.routing import MODEL_SLOT, calls
from ..addresses import anchor
from ..header_words import concerned, when_sent
from ..markdown import Table, code, prose
from ..statuses import METHODS, mentions
from .facts import FactSection, Page, Shelf

HEADERS = "header-names.md"
WEIGHT = 3


def name_pages(reference: Reference) -> Iterator[Page]:
    """The page of methods and that of headers, by their names."""
    yield _methods(reference)
    yield _headers(reference)


def _methods(reference: Reference) -> Page:
    shelf = Shelf(reference, "methods.md")
    named = mentions(reference, METHODS)
    called = {
        method: tuple(_callers(shelf, method)) for method in METHODS if method in named or any(_callers(shelf, method))
    }
    entries = tuple(
        _entry(shelf, method, (("Calls", Table(("Provider", "Operation", "Path"), rows)),), named.get(method, ()))
        for method, rows in called.items()
    )
    return Page(shelf.here, "entries", "HTTP methods", ("spec/endpoints/",), _values("methods", entries), WEIGHT)


def _callers(shelf: Shelf, method: str) -> Iterator[tuple[str, ...]]:
    for provider in shelf.reference.providers.values():
        for call in calls(provider, reference=shelf.reference):
            if call.operation.method == method:
                path = call.path(MODEL_SLOT).replace(MODEL_SLOT, "{model}")
                operation = shelf.link(code(call.id), f"endpoints/{call.dialect}.md#{anchor(call.id)}")
                yield shelf.to("providers", provider.id, prose(provider.display_name)), operation, code(path)


def _headers(reference: Reference) -> Page:
    shelf = Shelf(reference, HEADERS)
    every = sorted(
        ((header, header_set) for header_set in reference.headers.values() for header in header_set.headers),
        key=lambda pair: pair[0].name.lower(),
    )
    by_name = [(name, list(group)) for name, group in groupby(every, key=lambda pair: pair[0].name.lower())]
    named = mentions(reference, (name for name, _ in by_name))
    entries = tuple(
        _entry(
            shelf,
            group[0][0].name,
            (("Where it stands", Table(("Set", "Value", "When", "Providers", "Note"), _places(shelf, group))),),
            named.get(name, ()),
        )
        for name, group in by_name
    )
    return Page(shelf.here, "entries", "Headers by name", ("spec/headers/",), _values("header_names", entries), WEIGHT)


def _places(shelf: Shelf, group: Iterable[tuple[Header, HeaderSet]]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            shelf.to("headers", header_set.id, prose(header_set.display_name)),
            code(header.value) if header.value else "",
            prose(when_sent(header)),
            ", ".join(shelf.to("providers", each) for each in concerned(header_set, header)) or "all",
            prose(header.note or ""),
        )
        for header, header_set in group
    )


def _entry(shelf: Shelf, name: str, tables: tuple[tuple[str, Table], ...], rules: Iterable[str]) -> FactSection:
    known = shelf.reference.requirements
    told = tuple((shelf.to("requirements", rule), known[rule].level, prose(known[rule].statement)) for rule in rules)
    every = (*tables, ("Rules that name it", Table(("Rule", "Level", "Statement"), told)))
    return FactSection(
        anchor(name.lower()), code(name), Table(("", ""), ()), tables=tuple(each for each in every if each[1].rows)
    )


def _values(intro: str, entries: tuple[FactSection, ...]) -> dict[str, object]:
    return {"intro": intro, "entries": entries}
