"""Where a name goes in one edition after the other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..vendored.base import Edition, Json
from ..vendored.names import AmbiguousNameError, UnknownNameError
from ..vendored.reference import Reference
from ..vendored.routing import Route

Router = Callable[[Reference], Route]
"""Finds the route in one edition. Raises UnknownNameError."""


@dataclass(frozen=True)
class Period:
    """Editions that follow each other and send a name to one place.

    `route` is None where they do not know it, or where `among` has the models of several providers that it may mean.
    """

    first: Edition
    last: Edition
    route: Route | None
    among: tuple[str, ...] = ()
    open_ended: bool = False
    """Whether it holds for the newest edition, too."""

    @property
    def months(self) -> str:
        """When the builds were made, e.g. `2025-10`, `2026-02 to 2026-03`, `from 2026-05`."""
        begin, end = self.first.built[:7], self.last.built[:7]
        if self.open_ended:
            return f"from {begin}"
        return begin if begin == end else f"{begin} to {end}"

    def as_json(self) -> dict[str, Json]:
        """The period as JSON values."""
        route = self.route and self.route.model_dump(mode="json")
        return {
            "first_edition": self.first.id,
            "last_edition": self.last.id,
            "months": self.months,
            "route": route,
            "among": list(self.among),
        }

    @property
    def in_words(self) -> str:
        """Where the name leads, e.g. `gpt-5.4 at https://ampcode.com/api/provider/openai/v1/responses`."""
        if self.route is None:
            return f"one of {', '.join(self.among)}" if self.among else "not known"
        way = "" if self.route.via_proxy else ", past the proxy"
        model = f"{self.route.wire_model} at " if self.route.wire_model else ""
        return f"{model}{self.route.url}{way}"

    def continues(self, other: Period) -> bool:
        """Whether the other period sends the name to the same place."""
        return (_place(self.route), self.among) == (_place(other.route), other.among)


def timeline(references: Iterable[Reference], router: Router) -> tuple[Period, ...]:
    """The periods of a name, in the order of `references`, which is that of their builds."""
    periods: list[Period] = []
    for period in (_period(reference, router) for reference in references):
        if periods and periods[-1].continues(period):
            periods[-1] = replace(periods[-1], last=period.last)
        else:
            periods.append(period)
    return (*periods[:-1], *(replace(period, open_ended=True) for period in periods[-1:]))


@dataclass(frozen=True)
class Answer:
    """Where a name goes: in the edition that was chosen, else in the newest one that knows it, and in each of them."""

    route: Route
    chosen: Edition
    periods: tuple[Period, ...]


def answer(references: Sequence[Reference], chosen: Reference, router: Router) -> Answer:
    """Where a name goes. `references` are all editions in the order of their builds.

    Raises UnknownNameError when none of them knows it, and AmbiguousNameError when it is ambiguous in the chosen one.
    """
    periods = timeline(references, router)
    routes = [period.route for period in periods if period.route]
    try:
        return Answer(router(chosen), chosen.edition, periods)
    except AmbiguousNameError:
        raise
    except UnknownNameError as error:
        if not routes:
            raise _with_suggestions(error, references, router) from None
        return Answer(routes[-1], chosen.edition, periods)


def _with_suggestions(error: UnknownNameError, references: Sequence[Reference], router: Router) -> UnknownNameError:
    """The error of the chosen edition, or of the newest one that has a suggestion where that one has none."""
    for reference in () if error.suggestions else reversed(references):
        try:
            router(reference)
        except UnknownNameError as other:
            if other.suggestions:
                return other
    return error


def _period(reference: Reference, router: Router) -> Period:
    route: Route | None = None
    among: tuple[str, ...] = ()
    try:
        route = router(reference)
    except AmbiguousNameError as error:
        among = error.suggestions
    except UnknownNameError:
        pass
    return Period(reference.edition, reference.edition, route, among)


def _place(route: Route | None) -> tuple[str, ...] | None:
    return (route.provider, route.url, route.wire_model) if route else None
