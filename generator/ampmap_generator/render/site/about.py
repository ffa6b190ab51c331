"""Pages about the spec itself: sources, contradictions, editions and the rules of spec files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from ...compile import facts_alone
from ...load.findings import SpecRule
from ...vendored.base import Source
from ...vendored.reference import Reference
from ..addresses import anchor
from ..markdown import Table, code, prose
from .facts import Disagreement, FactPlace, FactSection, Field, Page, Shelf, code_value, fact_places, field_rows

KINDS = {
    "document": "document",
    "measurement": "measurement",
    "vendor-docs": "the vendor's documentation",
    "source-code": "source code",
    "issue-thread": "issue thread",
}


def about_pages(reference: Reference, rules: tuple[SpecRule, ...]) -> Iterator[Page]:
    """The pages of sources, contradictions and the edition, and of `rules` where there are any."""
    yield _sources(reference)
    yield _contradictions(reference)
    yield _edition(reference)
    if rules:
        yield _rules(reference, rules)


_SOURCE_FIELDS: tuple[Field, ...] = (
    ("kind", "Kind", lambda kind: KINDS[kind]),
    ("version", "Version", code_value),
    ("date", "Date"),
    ("read", "Last read"),
    ("url", "Address", lambda url: f"<{url}>" if url else code_value(url)),
    ("note", "Note"),
)


def _sources(reference: Reference) -> Page:
    shelf = Shelf(reference, "sources.md")
    facts = Counter(source for place in fact_places(reference) for source in {ref.id for ref in place.fact.sources})
    rows = tuple(
        (
            str(number),
            shelf.link(code(key), f"sources.md#{anchor(key)}"),
            prose(s.title),
            KINDS[s.kind],
            str(facts[key]),
        )
        for number, (key, s) in enumerate(reference.sources.items(), 1)
    )
    table = Table(("Number", "Source", "Title", "Kind", "Facts"), rows)
    entries = tuple(_source(number, s) for number, s in enumerate(reference.sources.values(), 1))
    return Page(shelf.here, "sources", "Sources", ("spec/sources/",), {"table": table, "entries": entries})


def _source(number: int, source: Source) -> FactSection:
    rows = (
        ("Number", str(number)),
        *field_rows(source, _SOURCE_FIELDS),
        ("Stated in", code(f"spec/sources/{source.id}.yaml")),
    )
    return FactSection(
        anchor=anchor(source.id), title=code(source.id), lead=prose(source.title), facts=Table(("", ""), rows)
    )


def _contradictions(reference: Reference) -> Page:
    shelf = Shelf(reference, "contradictions.md")
    claimed = [place for place in fact_places(reference) if place.fact.claims]
    groups = tuple(
        (f"kind-{anchor(kind)}", _kind_title(reference, kind), tuple(_claims(shelf, tuple(group))))
        for kind, group in groupby(claimed, key=lambda place: place.kind)
    )
    counts = Counter(claim.status for place in claimed for claim in place.fact.claims)
    summary = tuple(
        (
            shelf.link(title, f"contradictions.md#{group}"),
            str(len(items)),
            str(sum(item.status == "open" for item, _, _ in items)),
        )
        for group, title, items in groups
    )
    lists = {
        status: tuple(
            (shelf.link(code(item.fact), f"contradictions.md#{item.anchor}"), code(item.field), item.chosen)
            for _, _, items in groups
            for item, _, _ in items
            if item.status == status
        )
        for status in ("open", "settled")
    }
    values: dict[str, object] = {
        "groups": groups,
        "lists": tuple((status, Table(("Fact", "Field", "Chosen"), rows)) for status, rows in lists.items() if rows),
        "total": sum(counts.values()),
        "open": counts["open"],
        "summary": Table(("Kind", "Contradictions", "Open"), summary),
    }
    return Page(shelf.here, "contradictions", "Contradictions", ("spec/",), values, weight=0)


def _kind_title(reference: Reference, kind: str) -> str:
    """The kind in words, e.g. `Agent modes`, `Rensei: auth modes`."""
    words = kind.rpartition("/")[2].replace("_", " ")
    if not kind.startswith("platforms/"):
        return words.capitalize()
    return f"{prose(reference.platforms[kind.split('/')[1]].about.display_name)}: {words}"


def _claims(shelf: Shelf, group: tuple[FactPlace, ...]) -> Iterator[tuple[Disagreement, str, str]]:
    """Each claim with a link to its fact and the file that states it."""
    for place in group:
        for disagreement in shelf.disagreements(place.name, place.fact):
            yield disagreement, shelf.link(code(place.name), place.target), code(place.stated_in)


_EDITION_FIELDS: tuple[Field, ...] = (
    ("id", "Edition", code_value),
    ("client_build", "Client build", code_value),
    ("built", "Built on"),
    ("base", "Laid over", code_value),
)


def _edition(reference: Reference) -> Page:
    shelf = Shelf(reference, "edition.md")
    edition = reference.edition
    counts = (
        ("Digest", code(reference.digest)),
        ("Digest of the types", code(str(facts_alone(reference)["digest"]))),
        ("Providers", str(len(reference.providers))),
        ("Models", str(len(reference.models))),
        ("Agent modes", str(len(reference.agent_modes))),
        ("Endpoints", str(len(reference.endpoints))),
        ("Requirements", str(len(reference.requirements))),
        ("Sources", str(len(reference.sources))),
    )
    entry = shelf.entry(
        f"editions/{edition.id}",
        edition,
        _EDITION_FIELDS,
        title=prose(edition.title),
        rows=counts,
        lead=prose(edition.summary),
    )
    values: dict[str, object] = {"intro": "edition", "entries": (entry,)}
    return Page(shelf.here, "entries", "Edition", (f"spec/editions/{edition.id}.yaml",), values)


def _rules(reference: Reference, rules: tuple[SpecRule, ...]) -> Page:
    shelf = Shelf(reference, "rules.md")
    entries = tuple(
        FactSection(
            anchor=anchor(rule.id),
            title=code(rule.id),
            lead=prose(rule.explanation),
            facts=Table(("", ""), (("Severity", code(rule.severity.value)),)),
        )
        for rule in rules
    )
    return Page(
        shelf.here, "entries", "Rules of spec files", ("spec/",), {"intro": "rules", "entries": entries}, weight=0
    )
