"""Which edition a user means: by its id, as the newest one, or by a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NEWEST: Final = "newest"
NEWEST_PROXIED: Final = "newest-proxied"
"""The newest edition of which a model call passes the proxy at `amp.url`."""

_DAY: Final = re.compile(r"\d{4}-\d{2}(-\d{2})?")


@dataclass(frozen=True)
class KnownEdition:
    """An edition that can be chosen. `built` is the day of its build, as YYYY-MM-DD."""

    id: str
    built: str
    proxied: bool
    """Whether any of its model calls passes the proxy at `amp.url`."""


def edition_meant(name: str, known: Sequence[KnownEdition]) -> str | None:
    """The id of the edition that `name` means, or None.

    `name` is an id, `newest`, `newest-proxied`, or a day as YYYY-MM-DD or YYYY-MM: the newest edition that was built by
    then.
    """
    for each in known:
        if each.id == name:
            return name
    if name == NEWEST_PROXIED:
        chosen = [each for each in known if each.proxied]
    elif name == NEWEST:
        chosen = list(known)
    elif _DAY.fullmatch(name):
        chosen = [each for each in known if each.built[: len(name)] <= name]
    else:
        chosen = []
    return max(chosen, key=lambda each: each.built).id if chosen else None
