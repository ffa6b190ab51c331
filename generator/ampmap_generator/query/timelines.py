"""The timelines of all names at once, as the table that the site and the vendored module have. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from ..vendored.catalogue import Model
from ..vendored.name_index import folded
from ..vendored.names import without_date
from ..vendored.reference import Reference
from ..vendored.routing import DEFAULT_AMP_URL, Route, route
from ..vendored.timeline import RoutePeriod, Timelines
from .timeline import Period, timeline


def timelines(editions: Mapping[str, Reference]) -> Timelines:
    """The timelines of every name that an edition has. `editions` are all, in the order of their builds."""
    periods: dict[RoutePeriod, int] = {}
    found: dict[tuple[int, ...], int] = {}
    places: dict[str, int] = {}
    names = dict.fromkeys(name for reference in editions.values() for name in names_of(reference))
    for name in names:
        if folded(name) not in places:
            found_periods = timeline(editions.values(), partial(_routed, name))
            stretch = tuple(periods.setdefault(_told(period), len(periods)) for period in found_periods)
            places[folded(name)] = found.setdefault(stretch, len(found))
    return Timelines(periods=tuple(periods), timelines=tuple(found), names=dict(sorted(places.items())))


def names_of(reference: Reference) -> Iterator[str]:
    """What an edition calls its modes, models, tools and providers."""
    for hosted in reference.hosted_modes.values():
        yield hosted.name
    for mode in reference.agent_modes.values():
        yield from (mode.name, mode.id)
    for key, model in reference.models.items():
        yield from (model.id, *other_names(model), key)
    for tool in reference.tools.values():
        yield from (tool.id, tool.display_name)
    yield from reference.providers


def other_names(model: Model) -> tuple[str, ...]:
    """What a model may be called beside its id: its id on the wire, aliases, display name, and id without the date."""
    wire = (model.wire_id,) if model.wire_id else ()
    every = dict.fromkeys((*wire, *model.aliases, model.display_name, without_date(model.id)))
    return tuple(name for name in every if name != model.id)


def _routed(name: str, reference: Reference) -> Route:
    return route(name, reference=reference)


def _told(period: Period) -> RoutePeriod:
    found = period.route
    return RoutePeriod(
        months=period.months,
        first_edition=period.first.id,
        last_edition=period.last.id,
        provider=found.provider if found else "",
        wire_model=found.wire_model if found else "",
        path=_below_amp_url(found) if found else "",
        via_proxy=bool(found and found.via_proxy),
        among=period.among,
        hosted=period.hosted.models if period.hosted else (),
        has_calls=period.has_calls,
    )


def _below_amp_url(found: Route) -> str:
    return f"/{found.url.removeprefix(DEFAULT_AMP_URL)}" if found.via_proxy else found.url
