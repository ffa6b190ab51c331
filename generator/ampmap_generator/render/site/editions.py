"""Pages of the editions: which there are, where each sends its models, and what changed from one to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby

from ...compile import plain
from ...diff.report import DiffReport, ReportedChange, report, rule_rows, summary, what
from ...query.scope import is_proxied
from ...vendored.names import find_model
from ...vendored.reference import Reference
from ...vendored.routing import find_call
from ..addresses import anchor
from ..markdown import Table, code, codes, prose
from ..pictures.routing_map import map_picture
from .facts import Page, Shelf
from .wire import base_of, credentials, passage

Editions = Mapping[str, Reference]


def edition_pages(
    reference: Reference, editions: Editions, reports: Mapping[str, DiffReport] | None = None
) -> Iterator[Page]:
    """The index and the routing tables of `editions`, and per edition that has a base what changed from it.

    `reference` is the edition that the rest of the site shows; `reports` are what `change_reports` gives, where they
    are at hand.
    """
    reports = change_reports(editions) if reports is None else reports
    yield _index(reference, editions)
    for edition in editions.values():
        yield _routing(reference, edition, editions)
    if len(editions) > 1:
        yield _compare(reference, editions)
    yield _changes_index(reference, editions, reports)
    for name, diff in reports.items():
        yield _changes(reference, editions[name], diff)


def change_reports(editions: Editions) -> dict[str, DiffReport]:
    """What changed in each edition from the one that it is laid over, in the order of `editions`."""
    bases = {name: edition.edition.base for name, edition in editions.items()}
    data = {name: plain(edition) for name, edition in editions.items()}
    return {
        name: report(data[other], data[name])
        for name, other in bases.items()
        if other is not None and other in editions
    }


def switch(shelf: Shelf, editions: Editions, shown: str) -> str:
    """Links to the routing tables of all editions, for the top of a page that shows one of them."""
    return " · ".join(
        f"**{code(name)}**" if name == shown else shelf.link(code(name), page_of(name, shelf.reference))
        for name in editions
    )


def page_of(edition: str, reference: Reference) -> str:
    """The page with the routing of an edition: the front page for the one that the site shows."""
    return "index.md" if edition == reference.edition.id else f"editions/{edition}.md"


# --- editions


def _index(reference: Reference, editions: Editions) -> Page:
    shelf = Shelf(reference, "editions/index.md")
    rows = tuple(
        (
            shelf.link(code(name), f"editions/{name}.md"),
            prose(edition.edition.built),
            code(edition.edition.client_build),
            code(edition.edition.base) if edition.edition.base else "*none*",
            str(len(edition.providers)),
            str(len(edition.models)),
            str(len(edition.agent_modes)),
            shelf.link("what changed", f"changes/{name}.md") if edition.edition.base in editions else "",
        )
        for name, edition in editions.items()
    )
    head = ("Edition", "Built", "Client build", "Laid over", "Providers", "Models", "Agent modes", "Changes")
    values: dict[str, object] = {"table": Table(head, rows), "shown": code(reference.edition.id)}
    return Page(shelf.here, "editions/index", "Editions", ("spec/editions/",), values)


def _compare(reference: Reference, editions: Editions) -> Page:
    """Any two editions side by side; at first the two newest whose model calls pass a proxy."""
    shelf = Shelf(reference, "editions/compare.md")
    proxied = [name for name, each in editions.items() if is_proxied(each)]
    pair = proxied[-2:] or list(editions)[-2:]
    values: dict[str, object] = {
        "editions": json.dumps([[name, each.edition.built] for name, each in editions.items()]),
        "first": pair[0],
        "last": pair[-1],
    }
    scripts = ("finder-parts", "compare-core", "compare")
    return Page(shelf.here, "editions/compare", "Compare two editions", ("spec/editions/",), values, scripts=scripts)


def _routing(reference: Reference, edition: Reference, editions: Editions) -> Page:
    name = edition.edition.id
    shelf = Shelf(reference, f"editions/{name}.md")
    has_changes = edition.edition.base in editions
    values: dict[str, object] = {
        "switch": switch(shelf, editions, name) if len(editions) > 1 else "",
        "summary": prose(edition.edition.summary),
        "notes": tuple(prose(note) for note in edition.edition.notes),
        "facts": Table(("", ""), _facts(shelf, edition, has_changes)),
        "picture": map_picture(edition, reference, shelf.here),
        "providers": Table(
            ("Provider", "Base", "Passes the proxy", "Credential", "Operation"), tuple(_providers(shelf, edition))
        ),
        "models": Table(
            ("Model", "Provider", "Path", "Id on the wire", "Context", "Output"), tuple(_models(shelf, edition))
        ),
        "modes": Table(("Agent mode", "Model", "Provider", "Endpoint"), tuple(_modes(shelf, edition))),
        "hosted": Table(("Agent mode", "Model", "Or", "Notes", "Sources"), tuple(_hosted_modes(shelf, edition))),
        "named": tuple(f"{kind}: {codes(names)}" for kind, names in edition.edition.names.items()),
        "data": code(f"api/v1/editions/{name}.json"),
    }
    return Page(shelf.here, "editions/edition", prose(edition.edition.title), (f"spec/editions/{name}.yaml",), values)


def _facts(shelf: Shelf, edition: Reference, has_changes: bool) -> tuple[tuple[str, str], ...]:
    about = edition.edition
    rows = [
        ("Edition", code(about.id)),
        ("Client build", code(about.client_build)),
        ("Built on", prose(about.built)),
        ("Laid over", code(about.base) if about.base else "*none*"),
        ("Digest", code(edition.digest)),
        ("Sources", shelf.cited(about.sources)),
    ]
    if has_changes:
        rows.append(("Changes", shelf.link(f"from {code(about.base or '')}", f"changes/{about.id}.md")))
    return tuple(rows)


def _providers(shelf: Shelf, edition: Reference) -> Iterator[tuple[str, ...]]:
    for key, provider in edition.providers.items():
        call = find_call(provider, reference=edition)
        name = shelf.to_name("providers", key, prose(provider.display_name))
        yield name, code(base_of(provider)), passage(provider), credentials(provider.client_credentials), code(call.id)


def _models(shelf: Shelf, edition: Reference) -> Iterator[tuple[str, ...]]:
    for key, model in edition.models.items():
        provider = edition.providers[model.provider]
        call = find_call(provider, reference=edition)
        wire = model.wire_id or model.id
        yield (
            shelf.to_name("models", key, code(model.id)),
            prose(provider.display_name),
            f"{call.operation.method} {code(call.path(wire))}",
            code(wire) if model.wire_id else "the same",
            f"{model.limits.context:,}" if model.limits else "",
            f"{model.limits.output:,}" if model.limits and model.limits.output else "",
        )


def _modes(shelf: Shelf, edition: Reference) -> Iterator[tuple[str, ...]]:
    for key, mode in edition.agent_modes.items():
        model = find_model(mode.model, mode.provider, reference=edition)
        provider = edition.providers[mode.provider]
        yield (
            shelf.to_name("agent_modes", key, code(mode.name)),
            code(model.id),
            prose(provider.display_name),
            code(mode.endpoint),
        )


def _hosted_modes(shelf: Shelf, edition: Reference) -> Iterator[tuple[str, ...]]:
    for mode in edition.hosted_modes.values():
        first, *others = mode.models
        notes = ("Hidden.", *mode.notes) if mode.hidden else mode.notes
        yield (
            code(mode.name),
            code(first),
            ", ".join(map(code, others)),
            prose(" ".join(notes)),
            shelf.cited(mode.sources),
        )


# --- changes


def _changes_index(reference: Reference, editions: Editions, reports: Mapping[str, DiffReport]) -> Page:
    shelf = Shelf(reference, "changes/index.md")
    rows = tuple(
        (
            shelf.link(code(name), f"changes/{name}.md"),
            code(diff.old.edition),
            prose(editions[name].edition.built),
            *(str(diff.counts[gravity]) for gravity in ("breaking", "addition", "note")),
        )
        for name, diff in reports.items()
    )
    rules = tuple(
        (
            f'<span id="rule-{row.id}"></span>{code(row.id)}',
            row.gravity.value,
            code(row.scope),
            code(row.field or "the fact"),
            prose(row.reason),
        )
        for row in rule_rows()
    )
    values: dict[str, object] = {
        "table": Table(("Edition", "Compared with", "Built", "Breaking", "Additions", "Notes"), rows),
        "rules": Table(("Rule", "Severity", "Kind of fact", "Fields", "Reason"), rules),
    }
    return Page(shelf.here, "editions/changes_index", "What changed", ("spec/editions/",), values)


_HIDDEN_RULES = ("provenance", "sources", "source-entry", "edition")


def _changes(reference: Reference, edition: Reference, diff: DiffReport) -> Page:
    name = edition.edition.id
    shelf = Shelf(reference, f"changes/{name}.md")
    notes = [change for change in diff.changes if change.severity == "note"]
    told = [change for change in notes if change.rule not in _HIDDEN_RULES]
    values: dict[str, object] = {
        "from": code(diff.old.edition),
        "summary": summary(diff),
        "routing": shelf.link("where it sends each model", f"editions/{name}.md"),
        "breaking": _group_by_fact([change for change in diff.changes if change.severity == "breaking"]),
        "additions": _group_by_fact([change for change in diff.changes if change.severity == "addition"]),
        "notes": _group_by_fact(told),
        "told": len(told),
        "provenance": len(notes) - len(told),
        "command": f"ampmap diff {diff.old.edition} {name}",
    }
    return Page(
        shelf.here,
        "editions/changes",
        f"What changed in {code(name)}",
        (f"spec/editions/{name}.yaml",),
        values,
        weight=0,
    )


def _group_by_fact(changes: list[ReportedChange]) -> tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...]:
    """Changes by kind of fact: an anchor, a title, and per change its words, its reason and what to do."""
    groups = groupby(changes, key=lambda change: _kind(change.path))
    return tuple(
        (
            anchor(f"{changes[0].severity}-{kind}"),
            kind.replace("/", ": ").replace("_", " ").removeprefix("platforms: ").capitalize(),
            tuple(
                (f"{code(change.path.removeprefix(f'{kind}/'))} {prose(what(change))}", prose(change.reason),
                 prose(change.migration or ""))
                for change in group
            ),
        )
        for kind, group in groups
    )  # fmt: skip


def _kind(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[:3]) if parts[0] == "platforms" else parts[0]
