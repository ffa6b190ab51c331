"""Pages of what clients and proxies do and must do: headers, settings, management, fallback, requirements."""

from __future__ import annotations

from collections.abc import Iterator

from ...vendored.base import Json
from ...vendored.catalogue import (
    NOT_RELEASED,
    Fallback,
    ManagementCall,
    ManagementRoute,
    Requirement,
    conditions_in_words,
    tier_of,
)
from ...vendored.reference import Reference
from ..addresses import anchor
from ..json_text import compact
from ..markdown import Table, code, codes, prose, value_text
from ..pictures.fallback import fallback_picture
from .evidence import killers
from .evidence_files import Evidence
from .facts import FactSection, Field, Page, Shelf, code_value, source_path, yes_or_no
from .headers import headers_page
from .implementations import latest_runs, seen_outside
from .remedies import servers_with_remedy


def rule_pages(reference: Reference, evidence: Evidence) -> Iterator[Page]:
    """The pages of headers, settings, management, fallback, authentication and requirements."""
    yield headers_page(reference)
    yield _settings(reference)
    yield _management(reference)
    yield _fallback(reference)
    yield _flows(reference)
    if reference.requirements:
        yield from _requirements(reference, evidence)


# --- settings


def literal(value: Json) -> str:
    """A value as it is written in a configuration file."""
    return (
        value_text(value)
        if value is None or value == "unknown"
        else code(value if isinstance(value, str) else repr(value))
    )


_SETTING_FIELDS: tuple[Field, ...] = (
    ("kind", "Kind", lambda kind: {"setting": "setting", "environment": "environment variable"}[kind]),
    ("type", "Type"),
    ("default", "Default", literal),
    ("values", "Values", lambda values: ", ".join(literal(value) for value in values)),
)


def _settings(reference: Reference) -> Page:
    shelf = Shelf(reference, "settings.md")
    entries = tuple(
        shelf.entry(f"settings/{key}", s, _SETTING_FIELDS, title=code(key), lead=prose(s.meaning))
        for key, s in reference.settings.items()
    )
    return Page(shelf.here, "entries", "Settings", ("spec/settings/",), {"intro": "settings", "entries": entries})


# --- management


AUTHENTICATION = {"client-key": "the client's key", "open": "none: open", "unknown": value_text("unknown")}
_MANAGEMENT_FIELDS: tuple[Field, ...] = (
    ("paths", "Paths", code_value),
    ("methods", "Methods", code_value),
    ("authentication", "Authentication", lambda value: AUTHENTICATION[value]),
    ("documented", "On the documentation page", yes_or_no),
)


def _management(reference: Reference) -> Page:
    shelf = Shelf(reference, "management.md")
    levels = tuple(
        (
            title,
            Table(
                ("Route", "Paths", "Purpose", "Authentication", "Sources"),
                tuple(
                    (
                        shelf.to("management", key),
                        codes(r.paths),
                        prose(r.purpose),
                        AUTHENTICATION[r.authentication],
                        shelf.marks(r),
                    )
                    for key, r in reference.management.items()
                    if r.level == level
                ),
            ),
        )
        for level, title in (("api", "Below /api"), ("root", "At the root"))
    )
    entries = tuple(
        shelf.entry(
            f"management/{key}",
            r,
            _MANAGEMENT_FIELDS,
            title=code(key),
            lead=prose(r.purpose),
            tables=(("Calls of the client", _calls(shelf, r)), ("Answers that clients accept", _answers(shelf, r))),
        )
        for key, r in reference.management.items()
    )
    return Page(
        shelf.here,
        "wire/management",
        "Management routes",
        ("spec/management/",),
        {"levels": levels, "entries": entries},
    )


def _calls(shelf: Shelf, route: ManagementRoute) -> Table:
    rows = tuple(
        (
            f"{call.method} {code(call.path)}",
            prose(call.when),
            _answer(call),
            " ".join(prose(text) for text in (call.without or "", *call.notes) if text),
            shelf.marks(call.sources or route.sources),
        )
        for call in route.calls.values()
    )
    return Table(("Call", "When", "Smallest answer", "Without it", "Sources"), rows)


def _answers(shelf: Shelf, route: ManagementRoute) -> Table:
    rows = tuple(
        (
            f"{each.method} {code(each.path)}",
            code(each.text if each.text is not None else compact(each.body)),
            code(each.content_type),
            " ".join(map(prose, each.notes)),
            shelf.marks(each.sources or route.sources),
        )
        for each in route.answers.values()
    )
    return Table(("Call", "Answer", "Content-Type", "Notes", "Sources"), rows)


def _answer(call: ManagementCall) -> str:
    if "answer" not in call.model_fields_set:
        return ""
    return "any" if call.answer is None else code(compact(call.answer))


# --- fallback and flows


def _fallback(reference: Reference) -> Page:
    shelf = Shelf(reference, "fallback.md")
    entries = tuple(_fallback_entry(shelf, f) for f in reference.fallback.values())
    return Page(shelf.here, "entries", "Fallback", ("spec/fallback/",), {"intro": "fallback", "entries": entries})


def _fallback_entry(shelf: Shelf, fallback: Fallback) -> FactSection:
    conditions = tuple(dict.fromkeys(name for decision in fallback.decisions for name in decision.when))
    decisions = tuple(
        (*(prose(d.when.get(name, "any")) for name in conditions), code(d.outcome), prose(d.answers))
        for d in fallback.decisions
    )
    rewrites = tuple((prose(place), prose(text)) for place, text in fallback.rewrites.items())
    return shelf.entry(
        f"fallback/{fallback.id}",
        fallback,
        (),
        title=prose(fallback.display_name),
        rows=(("Stated in", code(source_path("fallback", fallback.id))),),
        picture=fallback_picture(fallback) if fallback.decisions else "",
        steps=tuple(prose(step) for step in fallback.steps),
        tables=(
            ("Decisions", Table((*(code(name) for name in conditions), "Outcome", "Who answers"), decisions)),
            ("What is rewritten", Table(("Where", "What"), rewrites)),
        ),
    )


def _flows(reference: Reference) -> Page:
    shelf = Shelf(reference, "authentication.md")
    entries = tuple(
        shelf.entry(
            f"flows/{flow.id}",
            flow,
            (),
            title=prose(flow.display_name),
            rows=(("Stated in", code(source_path("flows", flow.id))),),
            steps=tuple(prose(step) for step in flow.steps),
            lists=(("Exceptions", tuple(prose(text) for text in flow.exceptions)),),
        )
        for flow in reference.flows.values()
    )
    return Page(
        shelf.here, "entries", "Authentication", ("spec/flows/",), {"intro": "authentication", "entries": entries}
    )


# --- requirements


SEVERITIES = {
    "critical": "it costs keys, accounts or money",
    "high": "calls fail, or the answer is wrong",
    "medium": "errors mislead, or a feature is missing",
    "low": "an inconvenience",
}
BASES = {
    "standard": "a published standard",
    "provider-contract": "what a provider, Amp or an SDK documents, or was seen to need",
    "security": "keys, accounts and the operator's machine",
    "product": "a use of Amp that is lost otherwise, where no source obliges",
    "one-implementation": "the behaviour of one proxy",
}
TIERS = {
    "core": "a client of the edition starts and works",
    "extended": "a feature that a target may claim",
    "hardening": "hostile input and limits",
}
_REQUIREMENT_FIELDS: tuple[Field, ...] = (
    ("level", "Level", lambda level: f"**{level}**"),
    ("severity", "Severity", lambda severity: f"{severity}: {SEVERITIES[severity]}"),
    ("basis", "Basis", lambda basis: f"{basis}: {BASES[basis]}"),
    ("why", "Why"),
    ("remedy", "Remedy"),
    ("formerly", "Formerly", code_value),
    ("excluded", "Not checked because"),
)


def _requirements(reference: Reference, evidence: Evidence) -> Iterator[Page]:
    profiles = tuple(dict.fromkeys(requirement.profile for requirement in reference.requirements.values()))
    shelf = Shelf(reference, "requirements/index.md")
    rows = tuple(
        (shelf.to("requirements", key), f"**{r.level}**", r.severity, r.basis, prose(r.statement), shelf.marks(r))
        for key, r in reference.requirements.items()
    )
    links = tuple(shelf.link(code(profile), f"requirements/{profile}.md") for profile in profiles)
    table = Table(("Requirement", "Level", "Severity", "Basis", "Rule", "Sources"), rows)
    values: dict[str, object] = {"profiles": links, "table": table}
    yield Page(shelf.here, "requirements_index", "Requirements", ("spec/requirements/",), values, weight=0, wide=True)
    for profile in profiles:
        yield _profile(reference, profile, evidence)


def _profile(reference: Reference, profile: str, evidence: Evidence) -> Page:
    shelf = Shelf(reference, f"requirements/{profile}.md")
    entries = tuple(_requirement(shelf, r, evidence) for r in reference.requirements.values() if r.profile == profile)
    values: dict[str, object] = {"intro": "requirements", "entries": entries}
    return Page(shelf.here, "entries", f"Requirements: {profile}", (f"spec/requirements/{profile}.yaml",), values)


NEEDS = {
    "client": "what the client gets",
    "second-client": "what another client gets",
    "sdk": "what an SDK returns",
    "upstream": "what the upstream got",
    "foreign-peer": "what a client on another machine gets",
    "reload": "what a change of the configuration does",
    "resolver": "what a resolver answers",
    "load": "many calls at once",
}


def _requirement(shelf: Shelf, requirement: Requirement, evidence: Evidence) -> FactSection:
    control = requirement.control
    sent = " and ".join(axis.replace("_", " ") for axis in requirement.for_each)
    tier = tier_of(requirement)
    rows = [
        ("Since", requirement.since or NOT_RELEASED),
        ("Tier", f"{tier}: {TIERS[tier]}"),
        ("Checked", ", ".join(NEEDS[need] for need in requirement.needs)),
    ]
    if sent:
        rows.insert(2, ("Is sent", f"one call for each {sent}"))
    if bound := conditions_in_words(requirement):
        rows.insert(2, ("Binds a target", "; ".join(prose(text) for text in bound)))
    if servers := servers_with_remedy(shelf, requirement.id):
        rows.append(("Remedies by server", servers))
    if control:
        rows.append(("Control", shelf.to_name("requirements", control)))
    if "load" in requirement.needs:
        rows.append(("Try it", code("ampmap-conformance soak")))
    elif "resolver" not in requirement.needs and not requirement.excluded:
        caught = killers(shelf, requirement.id, evidence)
        if outside := seen_outside(requirement.id, evidence):
            rows.append(("Without an observer", outside))
        rows.append(("Defects that it catches", caught or "*none committed*"))
        rows.append(("Latest evidence", latest_runs(requirement.id, evidence) or "*none committed*"))
        rows.append(("Try it", code(f"ampmap-conformance run --select '{requirement.id}*'")))
    return shelf.entry(
        f"requirements/{requirement.id}",
        requirement,
        _REQUIREMENT_FIELDS,
        title=code(requirement.id),
        at=_place_of(requirement.id),
        former=tuple(_place_of(former) for former in requirement.formerly),
        lead=prose(requirement.statement),
        rows=tuple(rows),
    )


def _place_of(requirement: str) -> str:
    """The anchor of a requirement's id on the page of its profile."""
    return anchor(requirement.partition(".")[2])
