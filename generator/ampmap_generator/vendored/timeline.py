"""Where a name goes in one edition after the other, as a small table that needs no edition."""

from __future__ import annotations

from .base import Shape
from .name_index import folded
from .routing import DEFAULT_AMP_URL, resolve_url


class RoutePeriod(Shape):
    """Editions that follow each other and send a name to one place."""

    months: str
    """When their builds were made, e.g. `2025-10`, `2026-02 to 2026-03`, `from 2026-05`."""
    first_edition: str
    last_edition: str
    provider: str = ""
    """Empty where these editions do not call the name themselves."""
    wire_model: str = ""
    """As it is sent to the provider; empty where the name names no model."""
    path: str = ""
    """Below `amp.url`, or the full URL where the call bypasses it. `{model}` stands where the name names no model."""
    via_proxy: bool = False
    among: tuple[str, ...] = ()
    """What the name may mean, where models of several providers have it: each as `provider/id`."""
    hosted: tuple[str, ...] = ()
    """The models of a mode that Amp's own servers run, the usual one first."""
    has_calls: bool = True
    """Whether the client of these editions makes any model call."""

    def url(self, amp_url: str = DEFAULT_AMP_URL) -> str:
        """The URL that the client calls; empty where it does not call the name. Raises ValueError as `route` does."""
        return resolve_url(self.path, amp_url) if self.via_proxy else self.path


class Timelines(Shape):
    """The periods of every name of every edition, each stated once."""

    schema_version: int = 1
    periods: tuple[RoutePeriod, ...]
    timelines: tuple[tuple[int, ...], ...]
    """Places in `periods`, in the order of the builds."""
    names: dict[str, int]
    """Per name, without case and punctuation (`names.folded`), its place in `timelines`."""

    def of(self, name: str) -> tuple[RoutePeriod, ...]:
        """Where a name goes, in the order of the builds; nothing for a name that no edition has."""
        place = self.names.get(folded(name))
        return () if place is None else tuple(self.periods[each] for each in self.timelines[place])
