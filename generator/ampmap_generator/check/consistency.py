"""Compares facts with one another. Each rule is one function; its docstring is what users read about it."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ..load.code_frame import shorten
from ..load.findings import Finding, Location, Severity, in_order
from ..load.pointer import pointer_to, value_at
from ..load.spec import LocatedFact, Spec
from ..load.suggest import did_you_mean
from ..vendored.base import Fact, Shape
from ..vendored.catalogue import AgentMode, Requirement, Tool
from ..vendored.wire import Provider
from . import (
    policies,
    policies_forms,
    policies_meanings,
    policies_releases,
    policies_remedies,
    policies_renames,
    policies_requirements,
    policies_sources,
    policies_wire,
    policies_words,
)
from .links import UNKNOWN, Spot, uses
from .registry import CHECKS, RULES, Wrong, facts, key_of, rule
from .spec_index import SpecIndex

__all__ = [
    "CHECKS",
    "RULES",
    "check",
    "policies",
    "policies_forms",
    "policies_meanings",
    "policies_releases",
    "policies_remedies",
    "policies_renames",
    "policies_requirements",
    "policies_sources",
    "policies_wire",
    "policies_words",
]


MAX_HINTS: Final = 100
"""Maximum number of unknown names for which a suggestion is searched, since searching is slow."""


def check(spec: Spec, today: datetime.date | None = None) -> list[Finding]:
    """Everything that is wrong between the facts of `spec`, in order.

    A spec with errors from loading may be checked too: nothing that could not be read is missed twice. `today` is for
    the policies that look at dates; without it they say nothing, and the findings depend on the spec alone.
    """
    index = SpecIndex(spec, today)
    return in_order(rule.broken(*wrong) for rule, check in CHECKS.items() for wrong in check(index))


# --- references


@rule("unknown-reference", Severity.ERROR)
def unknown_reference(index: SpecIndex) -> Iterator[Wrong]:
    """A name that refers to another fact is the name of one that exists.

    This covers sources, providers, dialects and their operations, error shapes, models, settings, platforms and what
    belongs to them, requirements, editions, and the fields that sources and claims speak of.
    """
    hints = MAX_HINTS
    for use in uses(index.spec):
        names = use.link.target(Spot(index, use.entry, use.pointer, use.name))
        if names is not None and use.name not in names:
            hints -= 1
            yield Wrong(use.location, use.link.otherwise, did_you_mean(use.name, names) if hints >= 0 else None)


@rule("ambiguous-reference", Severity.ERROR)
def ambiguous_reference(index: SpecIndex) -> Iterator[Wrong]:
    """A model is named by its id only if one provider has a model of that id.

    If several providers do, it is named `<provider>/<model id>`.
    """
    for fact, field, name, _ in _callers(index):
        models = index.models_called(name)
        if len(models) > 1:
            keys = " or ".join(f"`{model.key}`" for model in models)
            yield Wrong(fact.locate((field,)), f"{len(models)} providers have a model of this id", f"write {keys}")


@rule("model-provider", Severity.ERROR)
def model_provider(index: SpecIndex) -> Iterator[Wrong]:
    """The model of an agent mode or a tool is served by the provider that the mode or tool names.

    A provider also serves the models of those that are served through it.
    """
    for fact, field, name, provider in _callers(index):
        models = index.models_called(name)
        if len(models) != 1 or index.entry("providers", provider) is None:
            continue
        owner = index.spec.facts["providers"].get(models[0].stem)
        through = owner.value.served_through if owner and isinstance(owner.value, Provider) else None
        if provider not in (models[0].stem, through):
            message = f"provider `{provider}` does not serve this model"
            where = f"{models[0].file}:{models[0].location.line}"
            yield Wrong(fact.locate((field,)), message, f"provider `{models[0].stem}` serves it ({where})")


def _callers(index: SpecIndex) -> Iterator[tuple[LocatedFact, str, str, str]]:
    """Agent modes and tools: the fact, the field that names its model, the model, the provider."""
    for mode_fact, mode in facts(index, AgentMode):
        yield mode_fact, "model", mode.model, mode.provider
    for tool_fact, tool in facts(index, Tool):
        if tool.default_model is not None and tool.default_model != UNKNOWN:
            yield tool_fact, "default_model", tool.default_model, tool.provider


@rule("case-collision", Severity.ERROR)
def case_collision(index: SpecIndex) -> Iterator[Wrong]:
    """No id differs from another of its kind only by upper and lower case.

    Ids become file names and URLs, and some systems treat these case-insensitively.
    """
    for entries in index.scopes.values():
        seen: dict[str, str] = {}
        for key, entry in entries.items():
            other = seen.setdefault(key.casefold(), key)
            if other != key:
                earlier = entries[other]
                where = f"{earlier.file}:{earlier.location.line}"
                yield Wrong(
                    entry.location, f"id differs from `{shorten(earlier.id)}` ({where}) only in upper and lower case"
                )


@rule("missing-about", Severity.ERROR)
def missing_about(index: SpecIndex) -> Iterator[Wrong]:
    """A platform's folder has a file `about.yaml`, which says what the platform is."""
    firsts = {entry.platform: entry for entry in reversed(index.spec.entries) if entry.platform}
    for platform, first in firsts.items():
        scope = f"platforms/{platform}/about"
        if scope not in index.scopes and scope not in index.spec.unread:
            message = f"the platform `{platform}` has no `about.yaml`"
            yield Wrong(Location(first.file, 1, 1), message, "add it to the folder of this file")


# --- where facts come from


@rule("missing-source", Severity.ERROR)
def missing_source(index: SpecIndex) -> Iterator[Wrong]:
    """Each fact names at least one source: where it was read, measured or inferred from."""
    for fact, value in facts(index, Fact):
        if not value.sources:
            hint = "add `sources`, each with the `id` of a file in sources/ and `at`"
            yield Wrong(fact.location, "no source is named", hint)


@rule("claim-chosen-unsaid", Severity.WARNING)
def claim_chosen_unsaid(index: SpecIndex) -> Iterator[Wrong]:
    """The value that is chosen among claims is one that a source states.

    Where a source states several values, under headings or in a list, each of them counts. The items of a list may
    come from several sources. A value that no source states can be right if `because` explains it, which is why this
    rule warns.
    """
    for fact, value in facts(index, Fact):
        for number, claim in enumerate(value.claims):
            said = {_canonical(inner) for outer in claim.says.values() for inner in _values(outer)}
            items = claim.chosen if isinstance(claim.chosen, list) and claim.chosen else [claim.chosen]
            if _canonical(claim.chosen) not in said and not said.issuperset(map(_canonical, items)):
                yield Wrong(fact.locate(("claims", number, "chosen")), "no source states this value")


@rule("claim-chosen-differs", Severity.ERROR)
def claim_chosen_differs(index: SpecIndex) -> Iterator[Wrong]:
    """The value that is chosen among claims is the one that the field has.

    A remark in words on a field that holds a list or a mapping is not compared.
    """
    for fact, value in facts(index, Fact):
        data = {**fact.data, **fact.injected}
        for number, claim in enumerate(value.claims):
            pointer = pointer_to(data, claim.field)
            if pointer is None:
                continue
            held = value_at(data, pointer)
            if isinstance(held, list | dict) and isinstance(claim.chosen, str):
                continue
            if _canonical(held) != _canonical(claim.chosen):
                where = fact.locate(pointer)
                hint = f"the field is in {where.file}:{where.line}; change one of the two"
                message = f"the field `{shorten(claim.field)}` has another value"
                yield Wrong(fact.locate(("claims", number, "chosen")), message, hint)


def _values(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from _values(inner)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


# --- routing


@rule("base-path-form", Severity.ERROR)
def base_path_form(index: SpecIndex) -> Iterator[Wrong]:
    """A provider that passes the proxy has a base path below `/api/provider/`; any other has a base URL.

    Exactly one of `base_path` and `base_url` has a value, and neither ends in a slash.
    """
    for fact, provider in facts(index, Provider):
        wanted, other = ("base_path", "base_url") if provider.via_proxy else ("base_url", "base_path")
        reached = "passes" if provider.via_proxy else "bypasses"
        value: str | None = getattr(provider, wanted)
        if value is None:
            yield Wrong(key_of(fact, wanted, "via_proxy"), f"a provider that {reached} the proxy needs `{wanted}`")
        elif not _BASE[wanted].fullmatch(value):
            form = "/api/provider/<name>" if provider.via_proxy else "https://<host>/<path>"
            yield Wrong(fact.locate((wanted,)), f"expected `{form}`, without a slash at the end")
        if getattr(provider, other) is not None:
            yield Wrong(fact.locate((other,)), f"a provider that {reached} the proxy must not have `{other}`")


_BASE = {
    "base_path": re.compile(r"/api/provider/[^/?#\s]+(?:/[^/?#\s]+)*"),
    "base_url": re.compile(r"https?://[^/?#\s]+(?:/[^/?#\s]+)*"),
}


@rule("mode-endpoint", Severity.ERROR)
def mode_endpoint(index: SpecIndex) -> Iterator[Wrong]:
    """The endpoint of an agent mode or a tool is the base path or base URL of its provider."""
    for fact, value in facts(index, Shape):
        if not isinstance(value, AgentMode | Tool):
            continue
        located = index.spec.facts["providers"].get(value.provider)
        if located is None or not isinstance(provider := located.value, Provider):
            continue
        base = provider.base_path or provider.base_url
        if base is not None and value.endpoint != base:
            where = f"{located.file}:{key_of(located, 'base_path', 'base_url').line}"
            message = f"expected `{shorten(base)}`, the base of provider `{value.provider}` ({where})"
            yield Wrong(fact.locate(("endpoint",)), message)


# --- requirements


@rule("requirement-id", Severity.ERROR)
def requirement_id(index: SpecIndex) -> Iterator[Wrong]:
    """A requirement's id begins with its profile, which is the file's name: `headers.client-credential-replaced`."""
    for fact, requirement in facts(index, Requirement):
        if not requirement.id.startswith(f"{requirement.profile}.") or requirement.id == f"{requirement.profile}.":
            yield Wrong(fact.location, f"expected an id of the form `{requirement.profile}.<name>`")


@rule("negative-needs-control", Severity.ERROR)
def negative_needs_control(index: SpecIndex) -> Iterator[Wrong]:
    """A negative requirement names a control: the requirement whose passing shows that the precondition held.

    Without it, a proxy that rejects every request would pass.
    """
    for fact, requirement in facts(index, Requirement):
        if requirement.negative and requirement.control is None:
            yield Wrong(key_of(fact, "negative"), "a negative requirement needs `control`")
