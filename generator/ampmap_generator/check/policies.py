"""Policies: what facts must keep to beyond their shape and their references.

Each policy is one function, registered as a rule; its docstring is what users read about it.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator
from statistics import median
from typing import Any, Final

from ..load.findings import Severity
from ..vendored.base import Fact, Source
from ..vendored.catalogue import Model
from ..vendored.platforms import PlatformModel
from ..vendored.wire import Provider
from .registry import Wrong, facts, key_of, rule
from .spec_index import SpecIndex

MAX_SOURCE_AGE: Final = 365
"""Days after which a source is noted as old."""

OUTLIER_AMONG_CLAIMS: Final = 50
"""Two readings of one price that are this many times apart differ in their unit, not in their opinion."""

OUTLIER_AMONG_MODELS: Final = 100
"""So many times the median of the other models' prices is more likely a wrong unit than a price."""

FEWEST_PRICES: Final = 3
"""Fewest other prices of the same name from which a median is taken."""

# --- providers


@rule("provider-without-operation", Severity.ERROR)
def provider_without_operation(index: SpecIndex) -> Iterator[Wrong]:
    """A provider that passes the proxy has at least one operation.

    Without one, no proxy can serve the provider and no check can test it.
    """
    for fact, provider in facts(index, Provider):
        if provider.via_proxy and not any(provider.operations.values()):
            yield Wrong(key_of(fact, "operations"), "a provider that passes the proxy needs an operation")


# --- from one edition to the next


@rule("successor-unsaid", Severity.ERROR)
def successor_unsaid(index: SpecIndex) -> Iterator[Wrong]:
    """A deprecated or retired entry names its `successor`, so that users of the entry can move to it.

    `null` states that there is no successor, `unknown` that the sources do not name one.
    """
    for fact, value in facts(index, Fact):
        lifecycle = getattr(value, "lifecycle", None)
        if lifecycle is not None and lifecycle.status != "active" and "successor" not in lifecycle.model_fields_set:
            hint = "add `successor`: the id of the replacement, `null` or `unknown`"
            yield Wrong(fact.locate(("lifecycle", "status")), f"{lifecycle.status}, but `successor` is missing", hint)


@rule("status-undated", Severity.WARNING)
def status_undated(index: SpecIndex) -> Iterator[Wrong]:
    """A deprecated or retired entry states `since`: a day as `2026-06-15`, or `null` where no source has it."""
    for fact, value in facts(index, Fact):
        lifecycle = getattr(value, "lifecycle", None)
        if lifecycle is None or lifecycle.status == "active":
            continue
        hint = "add `since`: the day, e.g. `2026-06-15`, or `null`"
        if "since" not in lifecycle.model_fields_set:
            yield Wrong(fact.locate(("lifecycle", "status")), f"{lifecycle.status}, but `since` is missing", hint)
        elif lifecycle.since is not None and _last_day(lifecycle.since) is None:
            yield Wrong(fact.locate(("lifecycle", "since")), "expected a day", hint)


@rule("own-successor", Severity.ERROR)
def own_successor(index: SpecIndex) -> Iterator[Wrong]:
    """An entry does not succeed, replace or rename itself."""
    for fact, value in facts(index, Fact):
        lifecycle = getattr(value, "lifecycle", None)
        if lifecycle is None:
            continue
        own = {fact.id, fact.key}
        for field, names in (
            ("successor", (lifecycle.successor,)),
            ("renamed_from", (lifecycle.renamed_from,)),
            ("replaces", lifecycle.replaces),
        ):
            if own.intersection(names):
                yield Wrong(fact.locate(("lifecycle", field)), "an entry cannot replace itself")


# --- models


@rule("output-limit", Severity.ERROR)
def output_limit(index: SpecIndex) -> Iterator[Wrong]:
    """A model does not write more tokens than its context window holds, unless a claim on `limits` says why."""
    for fact, model in facts(index, Model):
        limits = model.limits
        claimed = any(claim.field.partition(".")[0] == "limits" for claim in model.claims)
        if limits is not None and (limits.output or 0) > limits.context and not claimed:
            message = f"more than the {limits.context:,} tokens of the context window"
            yield Wrong(fact.locate(("limits", "output")), message, "mend the numbers, or add a claim on `limits`")


# --- prices

_PRICE = re.compile(r"[a-z][A-Za-z]*?Per(?:M|K|)(?:Token|Request|Session|Second|Image)(?:Cents|Usd)|flat(?:Cents|Usd)")


@rule("price-unit", Severity.ERROR)
def price_unit(index: SpecIndex) -> Iterator[Wrong]:
    """The name of a price states what is paid for, the quantity and the unit of money: `inputPerMTokenCents`.

    The amount is a number that is not negative, `null` or `unknown`. A price in dollars ends in `Usd`.
    """
    for fact, model in facts(index, PlatformModel):
        for name, amount in (model.pricing or {}).items():
            place = fact.locate(("pricing", name))
            if not _PRICE.fullmatch(name):
                yield Wrong(
                    place, "the name of this price does not state its unit", "use a name such as `inputPerMTokenCents`"
                )
            elif not _is_amount(amount) and amount is not None and amount != "unknown":
                yield Wrong(place, "expected a number that is not negative, `null` or `unknown`")


@rule("price-outlier", Severity.WARNING)
def price_outlier(index: SpecIndex) -> Iterator[Wrong]:
    """A price does not differ from comparable prices by a factor of 50 or more, which suggests a wrong unit.

    It is compared with other values that sources state for the same price (a factor of 50 is too much), and with the
    median of the prices of that name of other models (a factor of 100).
    """
    priced = [(fact, model) for fact, model in facts(index, PlatformModel) if model.pricing]
    for fact, model in priced:
        for name, amount in (model.pricing or {}).items():
            if not _is_amount(amount) or not amount:
                continue
            place = fact.locate(("pricing", name))
            for source, other in _amounts_in_claims(model, name):
                if (times := _ratio(amount, other)) >= OUTLIER_AMONG_CLAIMS:
                    yield Wrong(place, f"differs by a factor of {times:g} from {other:g}, which `{source}` states")
            prices = [(fellow.pricing or {}).get(name) for other_fact, fellow in priced if other_fact is not fact]
            others = [price for price in prices if _is_amount(price) and price]
            if len(others) >= FEWEST_PRICES and (times := _ratio(amount, median(others))) >= OUTLIER_AMONG_MODELS:
                yield Wrong(place, f"differs by a factor of {times:g} from the median of {len(others)} other models")


def _amounts_in_claims(model: PlatformModel, price: str) -> Iterator[tuple[str, float]]:
    """The values that sources state for one price in the model's claims, each with its source."""
    for claim in model.claims:
        if claim.field not in ("pricing", f"pricing.{price}"):
            continue
        for source, said in claim.says.items():
            yield from ((source, amount) for amount in _amounts(said, price, claim.field != "pricing"))


def _amounts(said: Any, price: str, named: bool) -> Iterator[float]:
    if _is_amount(said):
        yield from [said] if named and said else []
    elif isinstance(said, dict):
        for name, inner in said.items():
            yield from _amounts(inner, price, named or name == price)
    elif isinstance(said, list):
        for inner in said:
            yield from _amounts(inner, price, named)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _ratio(one: float, other: float) -> float:
    return max(one, other) / min(one, other)


# --- sources

_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


@rule("source-date", Severity.ERROR)
def source_date(index: SpecIndex) -> Iterator[Wrong]:
    """The date of a source is a day, a month or a year in the form of ISO 8601: `2026-11-20`, `2026-11`, `2026`."""
    for fact, source in facts(index, Source):
        if source.date is not None and _last_day(source.date) is None:
            yield Wrong(fact.locate(("date",)), "expected a date of the form `2026-11-20`, `2026-11` or `2026`")


@rule("old-source", Severity.NOTE, dated=True)
def old_source(index: SpecIndex) -> Iterator[Wrong]:
    """A source is not older than 365 days; an older one may no longer be correct.

    Only `ampmap validate` checks the age of sources, relative to the date given with `--today`.
    """
    if index.today is None:
        return
    for fact, source in facts(index, Source):
        day = _last_day(source.date or "")
        if day is not None and (age := (index.today - day).days) > MAX_SOURCE_AGE:
            yield Wrong(fact.locate(("date",)), f"{age} days old", "read the source again and update its date")


def _last_day(text: str) -> datetime.date | None:
    """The last day that a date may mean; None for a text that is not a date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month = int(match[1]), int(match[2] or 12)
    try:
        return datetime.date(year, month, int(match[3] or calendar.monthrange(year, month)[1]))
    except (ValueError, calendar.IllegalMonthError):
        return None
