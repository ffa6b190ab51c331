"""Pages of the platforms around the client."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ...vendored.platforms import Command, Platform, Rule
from ...vendored.reference import Reference
from ..addresses import PLATFORM_PAGES, anchor, platform_target
from ..markdown import Table, code, prose, value_text
from .auth import STATUS, auth_modes_page, topic_title
from .facts import FactSection, Field, Page, Shelf, code_value, yes_or_no
from .platform_providers import provider_pages
from .requirements import literal

TITLES = {
    "providers": "Providers",
    "models": "Models",
    "commands": "Commands",
    "options": "Options",
    "troubleshooting": "Troubleshooting",
    "catalog_fields": "Catalog entry",
    "rules": "Rules",
}


def platform_pages(reference: Reference) -> Iterator[Page]:
    """The index of platforms, each platform's pages, and the page of auth modes."""
    shelf = Shelf(reference, "platforms/index.md")
    rows = tuple(
        (
            shelf.link(prose(p.about.display_name), f"platforms/{name}/index.md"),
            prose(p.about.summary),
            shelf.marks(p.about),
        )
        for name, p in reference.platforms.items()
    )
    table = Table(("Platform", "What it is", "Sources"), rows)
    yield Page(shelf.here, "platforms/index", "Platforms", ("spec/platforms/",), {"table": table})
    for name, platform in reference.platforms.items():
        yield _about(reference, name, platform)
        yield from _kinds(reference, name, platform)
    yield auth_modes_page(reference)


def _about(reference: Reference, name: str, platform: Platform) -> Page:
    shelf = Shelf(reference, f"platforms/{name}/index.md")
    about = platform.about
    contents = [
        (shelf.link(title, f"platforms/{name}/{PLATFORM_PAGES[kind][0]}"), str(len(getattr(platform, kind))))
        for kind, title in TITLES.items()
        if getattr(platform, kind)
    ]
    if platform.errors:
        contents.append((shelf.link("Errors", f"errors/index.md#{name}"), str(len(platform.errors))))
    if platform.auth_modes:
        contents.append((shelf.link("Auth modes", f"auth-modes.md#{name}"), str(len(platform.auth_modes))))
    entry = shelf.entry(
        f"platforms/{name}/about/{name}",
        about,
        (),
        title="About",
        at="about",
        lead=prose(about.summary),
        lists=(("Features", tuple(prose(feature) for feature in about.features)),),
    )
    values: dict[str, object] = {"contents": Table(("Page", "Entries"), tuple(contents)), "entry": entry}
    return Page(shelf.here, "platforms/platform", about.display_name, (f"spec/platforms/{name}/about.yaml",), values)


def _kinds(reference: Reference, name: str, platform: Platform) -> Iterator[Page]:
    for kind, title in TITLES.items():
        if not getattr(platform, kind):
            continue
        if kind == "providers":
            yield from provider_pages(reference, name, platform)
            continue
        shelf = Shelf(reference, f"platforms/{name}/{PLATFORM_PAGES[kind][0]}")
        whole = f"{platform.about.display_name}: {title[0].lower()}{title[1:]}"
        file = f"spec/platforms/{name}/{kind}.yaml"
        if kind == "rules":
            values: dict[str, object] = {"topics": _rules(shelf, name, platform)}
            yield Page(shelf.here, "platforms/rules", whole, (file,), values)
        else:
            values = {"intro": kind, "entries": tuple(_entries(shelf, name, platform, kind))}
            yield Page(shelf.here, "entries", whole, (file,), values)


def _entries(shelf: Shelf, name: str, platform: Platform, kind: str) -> Iterator[FactSection]:
    place = f"platforms/{name}/{kind}"
    match kind:
        case "models":
            for key, m in platform.models.items():
                yield shelf.entry(f"{place}/{key}", m, _MODEL_FIELDS, title=prose(m.display_name))
        case "commands":
            for key, c in platform.commands.items():
                yield _command(shelf, f"{place}/{key}", c)
        case "options":
            for key, o in platform.options.items():
                yield shelf.entry(f"{place}/{key}", o, _OPTION_FIELDS, title=code(o.key), lead=prose(o.meaning))
        case "catalog_fields":
            for key, f in platform.catalog_fields.items():
                yield shelf.entry(f"{place}/{key}", f, (("type", "Type"),), title=code(key), lead=prose(f.meaning))
        case _:
            for key, t in platform.troubleshooting.items():
                error = platform.errors.get(t.error or "")
                rows = (
                    (("Error", shelf.link(code(error.id), platform_target(name, "errors", error.id))),) if error else ()
                )
                remedies = (("What to do", tuple(prose(remedy) for remedy in t.remedies)),)
                title = prose(t.symptom)
                yield shelf.entry(
                    f"{place}/{key}", t, (), title=title, lead=prose(t.meaning), rows=rows, lists=remedies
                )


_MODEL_FIELDS: tuple[Field, ...] = (
    ("model_id", "Model id", code_value),
    ("provider", "Provider", code_value),
    ("context_window", "Context window in tokens"),
    ("strengths", "Strengths"),
    ("pricing", "Pricing"),
)
_OPTION_FIELDS: tuple[Field, ...] = (
    ("type", "Type"),
    ("default", "Default", literal),
    (
        "live_reload",
        "Takes effect without a restart",
        lambda v: value_text(v) if v in (None, "unknown") else yes_or_no(v),
    ),
)


def _command(shelf: Shelf, name: str, command: Command) -> FactSection:
    flags = tuple((code(f.name), code(f.value) if f.value else "", prose(f.note or "")) for f in command.flags)
    table = Table(("Flag", "Value", "Note"), flags)
    return shelf.entry(
        name, command, (), title=code(command.command), lead=prose(command.purpose), tables=(("Flags", table),)
    )


def _rules(shelf: Shelf, name: str, platform: Platform) -> tuple[tuple[str, str, tuple[FactSection, ...]], ...]:
    """Rules by topic, in the order in which the topics first occur: anchor, title, entries."""
    order = list(dict.fromkeys(rule.topic for rule in platform.rules.values()))
    rules = sorted(platform.rules.values(), key=lambda rule: order.index(rule.topic))
    return tuple(
        (f"topic-{anchor(topic)}", topic_title(topic), tuple(_rule(shelf, name, rule) for rule in group))
        for topic, group in groupby(rules, key=lambda rule: rule.topic)
    )


def _rule(shelf: Shelf, platform: str, rule: Rule) -> FactSection:
    status = () if rule.status == "stated" else (("Status", STATUS[rule.status]),)
    values = tuple((code(key), value_text(value)) for key, value in rule.values.items())
    name = f"platforms/{platform}/rules/{rule.id}"
    return shelf.entry(name, rule, (), title=code(rule.id), lead=prose(rule.statement), rows=(*status, *values))
