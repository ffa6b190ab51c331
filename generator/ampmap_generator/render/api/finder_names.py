"""Which edition has a name that another one lacks. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...query.timelines import names_of
from ...vendored.reference import Reference


def newest_with_name(editions: Mapping[str, Reference]) -> dict[str, str]:
    """Per name the newest edition that has it. `editions` are all, in the order of their builds.

    An edition in which the client calls the name comes before one in which Amp's own servers do.
    """
    found: dict[str, str] = {}
    for names in (_hosted, _called):
        for edition, reference in editions.items():
            found.update(dict.fromkeys(names(reference), edition))
    return found


def names_elsewhere(reference: Reference, newest: Mapping[str, str]) -> dict[str, str]:
    """The names that `reference` does not have, each with the edition in `newest`."""
    here = _hosted(reference) | _called(reference)
    return {name: edition for name, edition in sorted(newest.items()) if name not in here}


def _hosted(reference: Reference) -> set[str]:
    return {_folded(mode.name) for mode in reference.hosted_modes.values()}


def _called(reference: Reference) -> set[str]:
    return {_folded(name) for name in names_of(reference)} - _hosted(reference)


def _folded(name: str) -> str:
    """As the script on the page folds names."""
    return re.sub(r"[\s_]+", "-", name.lower())
