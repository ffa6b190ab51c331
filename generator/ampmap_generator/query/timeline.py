"""Where a name goes in one edition after the other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..vendored.base import Edition, Json
from ..vendored.catalogue import HostedMode
from ..vendored.names import AmbiguousNameError, HostedModeError, UnknownNameError, UnknownOperationError
from ..vendored.reference import Reference
from ..vendored.routing import Route

Router = Callable[[Reference], Route]
"""Finds the route in one edition. Raises UnknownNameError and HostedModeError."""


@dataclass(frozen=True)
class Period:
    """Editions that follow each other and send a name to one place.

    `route` is None where they do not know it, where `among` has the models of several providers that it may mean, and
    where it is the mode `hosted`.
    """

    first: Edition
    last: Edition
    route: Route | None
    among: tuple[str, ...] = ()
    hosted: HostedMode | None = None
    has_calls: bool = True
    """Whether the client of these editions makes any model call."""
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
            "hosted": list(self.hosted.models) if self.hosted else None,
            "has_calls": self.has_calls,
        }

    @property
    def in_words(self) -> str:
        """Where the name leads, e.g. `gpt-5.4 at https://ampcode.com/api/provider/openai/v1/responses`."""
        if self.route is None:
            return self._unrouted_in_words
        way = "" if self.route.via_proxy else ", past the proxy"
        model = f"{self.route.wire_model} at " if self.route.wire_model else ""
        return f"{model}{self.route.url}{way}"

    @property
    def _unrouted_in_words(self) -> str:
        if self.hosted:
            return f"{self.hosted.models[0]}, called by Amp's own servers: no model call through amp.url"
        if self.among:
            return f"one of {', '.join(self.among)}"
        return "not known" if self.has_calls else "no model call through amp.url"

    def continues(self, other: Period) -> bool:
        """Whether the other period sends the name to the same place."""
        return self._what == other._what

    @property
    def _what(self) -> tuple[object, ...]:
        place = (self.route.provider, self.route.url, self.route.wire_model) if self.route else None
        return place, self.among, self.hosted and self.hosted.models, self.has_calls


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
    """Where a name goes: in the edition that was chosen, else in the newest one that calls it, and in each of them.

    An edition in which Amp's own servers call the model answers only if no other knows the name. Either `route` or
    `hosted` is set; they hold for the edition `found`.
    """

    chosen: Edition
    found: Edition
    periods: tuple[Period, ...]
    route: Route | None = None
    hosted: HostedMode | None = None


def answer(references: Sequence[Reference], chosen: Reference, router: Router) -> Answer:
    """Where a name goes. `references` are all editions in the order of their builds.

    Raises UnknownNameError when none of them knows it; AmbiguousNameError and UnknownOperationError for the chosen one.
    """
    periods = timeline(references, router)
    here = _period(chosen, router, refused=(AmbiguousNameError, UnknownOperationError))
    known = [period for period in (*periods, here) if period.route or period.hosted]
    if not known:
        raise _unknown((chosen, *reversed(references)), router)
    routed = [period for period in known if period.route]
    found = here if here in known else (routed or known)[-1]
    return Answer(chosen.edition, found.last, periods, found.route, found.hosted)


def _unknown(references: Iterable[Reference], router: Router) -> UnknownNameError:
    """The first error that has a suggestion, else the first one. No reference knows the name."""
    errors: list[UnknownNameError] = []
    for reference in references:
        try:
            router(reference)
        except UnknownNameError as error:
            errors.append(error)
    return next((error for error in errors if error.suggestions), errors[0])


def _period(reference: Reference, router: Router, *, refused: tuple[type[UnknownNameError], ...] = ()) -> Period:
    """What one edition makes of a name. Raises the `refused` errors of `router`."""
    period = Period(reference.edition, reference.edition, None, has_calls=bool(reference.providers))
    try:
        return replace(period, route=router(reference))
    except refused:
        raise
    except AmbiguousNameError as error:
        return replace(period, among=error.suggestions)
    except HostedModeError as error:
        return replace(period, hosted=error.mode)
    except UnknownNameError:
        return period
