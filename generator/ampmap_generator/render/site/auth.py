"""The page of auth modes: which there are, how one of them is chosen, and a resolver to try it out."""

from __future__ import annotations

from collections.abc import Iterator

from ...vendored.platforms import AuthMode, Platform, ResolutionStep
from ...vendored.reference import Reference
from ..addresses import anchor, platform_target
from ..markdown import Table, code, codes, prose, value_text
from ..pictures.auth_flow import blocks, flow_picture
from ..vectors.site_data import VECTORS
from .facts import FactSection, Field, Page, Shelf, code_value

TOPICS = ("preference-order", "resolution", "narrowing", "access-matrix", "entitlement", "credentials", "quota")
"""Topics of rules that say how an auth mode is chosen; a platform may lack any of them."""

STATUS = {"stated": "stated", "inferred": "inferred", "unknown": value_text("unknown")}

_AUTH_MODE_FIELDS: tuple[Field, ...] = (
    ("rank", "Place in the preference order"),
    ("credential_source", "Credential"),
    ("payer", "Who pays"),
    ("set_up_by", "Set up by"),
    ("environments", "Runs in", code_value),
    ("cost_pool", "Cost pool"),
)


def auth_modes_page(reference: Reference) -> Page:
    """The auth modes of all platforms."""
    shelf = Shelf(reference, "auth-modes.md")
    named = tuple((name, platform) for name, platform in reference.platforms.items() if platform.auth_modes)
    values: dict[str, object] = {
        "platforms": tuple(
            {
                "id": name,
                "title": prose(platform.about.display_name),
                "order": _preference(shelf, name, platform),
                "entries": tuple(_auth_mode(shelf, name, mode) for mode in _ranking(platform)),
                "offered": _providers(shelf, name, platform),
                "flow": flow_picture(platform) if platform.steps else "",
                "decisions": _decisions(shelf, name, platform),
                "steps": tuple(_step(shelf, name, step) for step in in_order(platform)),
                "vectors": shelf.link(code(VECTORS), VECTORS),
                "rules": tuple(_resolution(shelf, name, platform)),
            }
            for name, platform in named
        )
    }
    files = tuple(
        f"spec/platforms/{name}/{kind}.yaml"
        for name, platform in named
        for kind in ("auth_modes", "steps")
        if getattr(platform, kind)
    )
    return Page(
        shelf.here,
        "platforms/auth_modes",
        "Auth modes",
        files or ("spec/platforms/",),
        values,
        scripts=("auth-resolver",),
    )


def topic_title(topic: str) -> str:
    """A topic of rules as a heading."""
    words = topic.replace("-", " ")
    return words[:1].upper() + words[1:]


def in_order(platform: Platform) -> list[ResolutionStep]:
    """The steps of a platform from first to last."""
    return [step for block in blocks(platform.steps) for chain in block.chains for step in chain]


def _ranking(platform: Platform) -> list[AuthMode]:
    return sorted(platform.auth_modes.values(), key=lambda mode: mode.rank)


def _preference(shelf: Shelf, name: str, platform: Platform) -> Table:
    rows = tuple(
        (
            str(mode.rank),
            shelf.link(code(mode.id), platform_target(name, "auth_modes", mode.id)),
            prose(mode.payer),
            codes(mode.environments),
            shelf.marks(mode),
        )
        for mode in _ranking(platform)
    )
    return Table(("Place", "Mode", "Who pays", "Runs in", "Sources"), rows)


def _auth_mode(shelf: Shelf, name: str, mode: AuthMode) -> FactSection:
    return shelf.entry(
        f"platforms/{name}/auth_modes/{mode.id}",
        mode,
        _AUTH_MODE_FIELDS,
        title=code(mode.id),
        at=f"{name}-{anchor(mode.id)}",
        lead=prose(mode.display_name),
        lists=(("Limits", tuple(prose(limit) for limit in mode.limits)),),
    )


def _providers(shelf: Shelf, name: str, platform: Platform) -> Table:
    rows = tuple(
        (
            shelf.link(prose(p.display_name), platform_target(name, "providers", key)),
            codes(p.auth_modes),
            shelf.marks(p),
        )
        for key, p in platform.providers.items()
    )
    return Table(("Provider", "Auth modes", "Sources"), rows)


def _decisions(shelf: Shelf, name: str, platform: Platform) -> Table:
    rows = tuple(
        (
            shelf.link(prose(step.title), platform_target(name, "steps", step.id)),
            prose(step.looks_at),
            prose(step.does),
            _errors(shelf, name, platform, step) or "-",
            shelf.marks(step),
        )
        for step in in_order(platform)
    )
    return Table(("Step", "Looks at", "Does", "Can end in", "Sources"), rows)


def _errors(shelf: Shelf, name: str, platform: Platform, step: ResolutionStep) -> str:
    codes_known = {key: error.code for key, error in platform.errors.items() if error.code not in (None, "unknown")}
    return ", ".join(
        shelf.link(code(codes_known.get(key) or key), platform_target(name, "errors", key)) for key in step.errors
    )


def _step(shelf: Shelf, name: str, step: ResolutionStep) -> FactSection:
    platform = shelf.reference.platforms[name]
    after = ", ".join(
        shelf.link(prose(platform.steps[key].title), platform_target(name, "steps", key)) for key in step.after
    )
    rules = tuple(
        f"{shelf.link(code(key), platform_target(name, 'rules', key))}: {prose(rule.statement)}"
        + ("" if rule.status == "stated" else f" ({STATUS[rule.status]})")
        for key in step.rules
        for rule in [platform.rules[key]]
    )
    rows = (
        ("Id", code(step.id)),
        ("Where", {"platform": "on the platform", "daemon": "on the daemon"}[step.tier]),
        ("Looks at", prose(step.looks_at)),
        ("Comes after", after or "nothing"),
        *((("Can end in", errors),) if (errors := _errors(shelf, name, platform, step)) else ()),
    )
    return shelf.entry(
        f"platforms/{name}/steps/{step.id}",
        step,
        (),
        title=prose(step.title),
        at=platform_target(name, "steps", step.id).partition("#")[2],
        lead=prose(step.does),
        rows=rows,
        lists=(("Rules", rules),),
    )


def _resolution(shelf: Shelf, name: str, platform: Platform) -> Iterator[tuple[str, Table]]:
    for topic in TOPICS:
        rows = tuple(
            (
                shelf.link(code(rule.id), platform_target(name, "rules", rule.id)),
                prose(rule.statement),
                STATUS[rule.status],
                shelf.marks(rule),
            )
            for rule in platform.rules.values()
            if rule.topic == topic
        )
        if rows:
            yield topic_title(topic), Table(("Rule", "Statement", "Status", "Sources"), rows)
