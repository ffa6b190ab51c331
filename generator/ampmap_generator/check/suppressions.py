"""Named suppressions: findings that are known and accepted for a reason, until a day.

They stand in `spec/suppressions.yaml`. One that meets no finding, or whose day has come, is an error.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..load.findings import Finding, Location, Severity, in_order
from ..load.rules import SUPPRESSION_EXPIRED, SUPPRESSION_INVALID, SUPPRESSION_UNUSED
from ..load.spec import LocatedFact, Spec, SpecEntry
from ..load.spec_only_shapes import Suppression
from ..load.suggest import did_you_mean
from ..load.yaml_nodes import Node
from ..query.lookup import FactOrField, UnknownPathError, find
from .consistency import RULES


@dataclass(frozen=True)
class Suppressed:
    """A finding that is not shown, and what suppresses it."""

    finding: Finding
    by: Suppression


def apply(
    spec: Spec, findings: Sequence[Finding], today: datetime.date | None = None, *, whole: bool = True
) -> tuple[list[Finding], list[Suppressed]]:
    """The findings that stay, with those about the suppressions themselves, in order; and those that are suppressed.

    `findings` are those of all editions; if they are not the `whole`, no suppression is unused, since it may speak of a
    fact of another edition. Errors are never suppressed. Without `today` no suppression expires: then the result
    depends on the spec alone.
    """
    specs = [spec.of(edition) for edition in spec.editions] or [spec]
    stay, suppressed, wrong = list(findings), list[Suppressed](), list[Finding]()
    for fact in spec.facts["suppressions"].values():
        if not isinstance(suppression := fact.value, Suppression):
            continue
        subjects, unknown = _subjects(specs, suppression.path)
        places = {place for _, subject in subjects for place in _places(subject)}
        met = [each for each in stay if each.rule == suppression.rule and each.location in places]
        fault = _invalid(fact, suppression, None if any(each.unread for each in specs) else unknown)
        fault = fault or _expired(fact, suppression, today)
        if fault is None and whole and not met:
            fault = _unused(fact, suppression, subjects, today)
        if fault is not None:
            wrong.append(fault)
            continue
        stay = [finding for finding in stay if finding not in met]
        suppressed += [Suppressed(finding, suppression) for finding in met]
    return in_order([*stay, *wrong]), sorted(suppressed, key=lambda each: (each.by.id, str(each.finding.location)))


def _invalid(fact: LocatedFact, suppression: Suppression, unknown: UnknownPathError | None) -> Finding | None:
    """The finding on an invalid suppression; None for a valid one."""
    rule = RULES.get(suppression.rule)
    field, message, hint = "", "", None
    if rule is None:
        field, message, hint = "rule", "no rule has this id", did_you_mean(suppression.rule, list(RULES))
    elif rule.severity is Severity.ERROR:
        field, message, hint = (
            "rule",
            "an error cannot be suppressed",
            "fix the spec; only warnings and notes can be suppressed",
        )
    elif unknown is not None:
        field, message = "path", str(unknown)
        hint = f"did you mean `{unknown.suggestions[0]}`?" if unknown.suggestions else None
    elif _day(suppression.expires) is None:
        field, message = "expires", "expected a date of the form `2027-01-31`"
    return SUPPRESSION_INVALID.broken(fact.locate((field,)), message, hint) if field else None


def _expired(fact: LocatedFact, suppression: Suppression, today: datetime.date | None) -> Finding | None:
    day = _day(suppression.expires)
    if today is None or day is None or today < day:
        return None
    hint = "fix the spec, or check the finding again and set a later date"
    message = f"expired on {day}; the findings it suppressed are shown again"
    return SUPPRESSION_EXPIRED.broken(fact.locate(("expires",)), message, hint)


def _unused(
    fact: LocatedFact,
    suppression: Suppression,
    subjects: Sequence[tuple[Spec, FactOrField]],
    today: datetime.date | None,
) -> Finding | None:
    """Nothing is said where the rule was not applied: without a day, or to a fact that could not be read."""
    if today is None and RULES[suppression.rule].dated:
        return None
    if not subjects or not all(_is_valid(spec, subject.entry) for spec, subject in subjects):
        return None
    return SUPPRESSION_UNUSED.broken(fact.location, "the rule no longer has a finding there", "remove it")


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def _subjects(specs: Sequence[Spec], path: str) -> tuple[list[tuple[Spec, FactOrField]], UnknownPathError | None]:
    """What the path names in each edition that has it; the error of the first where none has."""
    found, unknown = [], []
    for spec in specs:
        try:
            found.append((spec, find(spec, path)))
        except UnknownPathError as error:
            unknown.append(error)
    return found, None if found else unknown[0]


def _is_valid(spec: Spec, entry: SpecEntry) -> bool:
    kinds = spec.facts if entry.platform is None else spec.platforms[entry.platform]
    return entry.key in kinds[entry.kind.name]


def _places(found: FactOrField) -> Iterator[Location]:
    """Every place at which a finding about the fact or field, or about something below it, may stand."""
    entry: SpecEntry = found.entry
    yield entry.locate(found.pointer or ())
    node = entry.node.at(found.pointer or ())
    if node is not None:
        yield from _below(node)


def _below(node: Node) -> Iterator[Location]:
    yield from (node.location, node.key_location)
    for _, below in node.children():
        yield from _below(below)
