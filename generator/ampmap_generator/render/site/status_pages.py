"""A page per HTTP status of errors: who may have made it, what it means, what clients do, and which rules hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...vendored.platforms import PlatformError
from ...vendored.reference import Reference
from ..addresses import platform_target, status_page, target_of
from ..markdown import NONE, Code, Table, code, prose, value_text
from ..statuses import StatusFacts, status_facts
from .facts import Page, Shelf

Row = tuple[str, ...]


def status_pages(reference: Reference) -> Iterator[Page]:
    """The pages of statuses, in order."""
    for facts in status_facts(reference):
        yield _status_page(Shelf(reference, status_page(facts.status)), facts)


def status_table(shelf: Shelf) -> Table:
    """Every status with what the providers mean by it, in short: the first thing on the page of errors."""
    rows = tuple(
        (
            shelf.link(code(str(facts.status)), status_page(facts.status)),
            facts.phrase,
            "; ".join(dict.fromkeys(prose(row.meaning) for _, _, row in facts.meanings if row.meaning)),
            str(len({*facts.suspects, *facts.answers})),
        )
        for facts in status_facts(shelf.reference)
    )
    return Table(("Status", "Name", "Meaning, by providers", "Rules on it"), rows)


def _status_page(shelf: Shelf, facts: StatusFacts) -> Page:
    reference = shelf.reference
    documented = [
        (name, key, error)
        for name, platform in reference.platforms.items()
        for key, error in platform.errors.items()
        if error.http_status == facts.status
    ]
    own = [rule for rule in facts.answers if rule not in facts.suspects]
    title = f"{facts.status} {facts.phrase}" if facts.phrase else f"Status {facts.status}"
    values: dict[str, object] = {
        "meanings": Table(("Provider", "`type`", "`code`", "Meaning"), tuple(_meanings(shelf, facts))),
        "platforms": Table(("Error", "Raised when", "Remedy"), tuple(_documented(shelf, documented))),
        "suspects": _rules(shelf, facts.suspects),
        "answers": _rules(shelf, own),
        "relays": _rules(shelf, facts.relays) if facts.meanings else None,
        "retries": tuple(
            f"{shelf.to('endpoints', dialect, prose(reference.endpoints[dialect].display_name))}: {prose(note)}"
            for dialect, note in facts.retries
        ),
        "test": _test(facts),
        "finder": shelf.finder(str(facts.status)),
    }
    return Page(shelf.here, "wire/status", title, ("spec/errors/", "spec/requirements/"), values, weight=3)


def _meanings(shelf: Shelf, facts: StatusFacts) -> Iterator[Row]:
    providers = shelf.reference.providers
    for shape, users, row in facts.meanings:
        named = ", ".join(shelf.to("providers", user, prose(providers[user].display_name)) for user in users)
        yield (
            named or shelf.link(prose(shape.display_name), target_of("error_shapes", shape.id)),
            _cell(row.type),
            _cell(row.code),
            shelf.link(prose(row.meaning or "listed"), f"{target_of('error_shapes', shape.id)}#{facts.status}"),
        )


def _cell(text: str | None) -> str:
    return NONE if text is None else value_text(text) if text == "unknown" else code(text)


def _documented(shelf: Shelf, errors: Iterable[tuple[str, str, PlatformError]]) -> Iterator[Row]:
    for platform, key, error in errors:
        named = code(error.code) if error.code not in (None, "unknown") else prose(error.message or key)
        yield (
            shelf.link(named, platform_target(platform, "errors", key)),
            prose(error.raised_when),
            prose(error.remedy),
        )


def _rules(shelf: Shelf, rules: Iterable[str]) -> Table | None:
    known = shelf.reference.requirements
    rows = tuple((shelf.to("requirements", rule), known[rule].level, prose(known[rule].statement)) for rule in rules)
    return Table(("Rule", "Level", "Statement"), rows) if rows else None


def _test(facts: StatusFacts) -> Code | None:
    """The command that judges a proxy by the rules that it may break."""
    rules = facts.suspects or facts.answers or (facts.relays if facts.meanings else ())
    select = "".join(f" \\\n  --select '{rule}'" for rule in rules)
    return Code("", "shell", f"ampmap-conformance run --target staging.yaml{select}") if rules else None
