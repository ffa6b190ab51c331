"""Which release of ampmap had a rule first: read from what the releases had, so that no row can say otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .spec import LocatedFact
from .spec_only_shapes import Release


def version_order(version: str) -> tuple[int, ...]:
    """The numbers of a version such as `0.10.0`, which comes after `0.9.1`. Raises ValueError for what is not one."""
    numbers = tuple(int(part) for part in version.split("."))
    if version != ".".join(map(str, numbers)) or len(numbers) != len(("major", "minor", "patch")):
        raise ValueError(f"{version!r} is not a version such as `0.10.0`")
    return numbers


def first_releases(facts: Iterable[LocatedFact]) -> dict[str, str]:
    """By id of a rule, the earliest version that lists it. `facts` are the releases; ValueError as `version_order`."""
    found: dict[str, str] = {}
    releases = [fact.value for fact in facts if isinstance(fact.value, Release)]
    for release in sorted(releases, key=lambda each: version_order(each.id)):
        for id_ in release.requirements:
            found.setdefault(id_, release.id)
    return found


def since(id_: str, formerly: Iterable[str], released: Mapping[str, str]) -> str | None:
    """The first release of a rule, by its ids and what `first_releases` gives; None where no release had it."""
    versions = {released[name] for name in (id_, *formerly) if name in released}
    return min(versions, key=version_order, default=None)
