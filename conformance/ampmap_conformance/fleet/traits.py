"""In what the descriptions of a fleet's targets differ: version, edition, server, claims, providers, policy. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from ..report.model import Report
from .model import Trait, TraitValue

NONE = "none"
USUAL = "the usual"
"""What a report says of a policy by leaving it out."""
POLICY = "policy."
DECIDING = frozenset({"edition", "claims", "providers"})
"""Traits that, with each part of its policy, decide which cases a target has."""


def traits_of(reports: Mapping[str, Report]) -> tuple[Trait, ...]:
    """The traits that are not the same for all targets; `reports` are by the name of the target."""
    found = {target: dict(_traits(report)) for target, report in reports.items()}
    traits = []
    for name in dict.fromkeys(name for one in found.values() for name in one):
        by_value: dict[str, list[str]] = {}
        for target, one in found.items():
            by_value.setdefault(one.get(name, USUAL if name.startswith(POLICY) else NONE), []).append(target)
        if len(by_value) > 1:
            values = sorted(by_value.items(), key=lambda each: -len(each[1]))
            traits.append(
                Trait(name=name, values=tuple(TraitValue(value=value, targets=tuple(has)) for value, has in values))
            )
    return tuple(traits)


def explaining(target: str, traits: Iterable[Trait]) -> tuple[str, ...]:
    """The traits that decide which cases a target has, and in which it is not as most targets are."""
    return tuple(
        trait.name
        for trait in traits
        if (trait.name in DECIDING or trait.name.startswith(POLICY)) and target not in trait.values[0].targets
    )


def _traits(report: Report) -> Iterator[tuple[str, str]]:
    target = report.target
    yield "version", target.version or NONE
    yield "edition", ", ".join(each.edition for each in report.editions) or report.reference.edition
    yield "reference", report.reference.digest if not report.editions else "several"
    yield "kit", report.kit.version
    yield "server", report.server.name if report.server is not None else "unknown"
    yield "claims", ", ".join(sorted(target.claims)) or NONE
    yield "providers", ", ".join(sorted(target.providers)) or NONE
    for key, value in target.policy.items():
        yield f"{POLICY}{key}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
