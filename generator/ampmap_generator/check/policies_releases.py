"""Policies on what was released: the ids of rules are kept, and each release lists what it had first."""

from __future__ import annotations

from collections.abc import Iterator

from ..load.findings import Severity
from ..load.releases import version_order
from ..load.spec_only_shapes import Release
from ..vendored.catalogue import Requirement
from .registry import Wrong, facts, rule
from .spec_index import SpecIndex


@rule("release-version", Severity.ERROR)
def release_version(index: SpecIndex) -> Iterator[Wrong]:
    """A release in `releases.yaml` is named by its version: three numbers, as in `0.10.0`."""
    for fact, release in facts(index, Release):
        try:
            version_order(release.id)
        except ValueError as error:
            yield Wrong(fact.location, str(error))


@rule("released-twice", Severity.ERROR)
def released_twice(index: SpecIndex) -> Iterator[Wrong]:
    """Each rule is listed once in `releases.yaml`: in the release that had it first."""
    owners: dict[str, str] = {}
    for fact, release in facts(index, Release):
        for number, id_ in enumerate(release.requirements):
            if id_ in owners:
                yield Wrong(fact.locate(("requirements", number)), f"`{id_}` is listed in {owners[id_]} already")
            owners.setdefault(id_, release.id)


@rule("released-id", Severity.ERROR)
def released_id(index: SpecIndex) -> Iterator[Wrong]:
    """Every id of a rule that was released is still that rule's id or an earlier one of it (`formerly`).

    Users hold it in selections, baselines and links. A rule that is given up is named under `dropped` of the release
    that does not have it, with the reason, and no other rule gets its id.
    """
    if index.ids("requirements") is None or index.ids("releases") is None:
        return
    rows = {row.id: row for _, row in facts(index, Requirement)}
    known = {name: id_ for id_, row in rows.items() for name in (*row.formerly, id_)}
    releases = list(facts(index, Release))
    listed = {id_ for _, release in releases for id_ in release.requirements}
    dropped = {id_ for _, release in releases for id_ in release.dropped}
    unread = {entry.key for entry in index.scopes.get("requirements", {}).values()} - set(rows)
    for fact, release in releases:
        for number, id_ in enumerate(release.requirements):
            if id_ not in known and id_ not in dropped and id_ not in unread:
                hint = "add it to `formerly` of the rule that it is now, or to `dropped` of the release without it"
                yield Wrong(fact.locate(("requirements", number)), f"no rule has the id `{id_}` any more", hint)
        for id_ in release.dropped:
            place = fact.locate(("dropped", id_))
            if id_ in known:
                yield Wrong(place, f"`{id_}` was given up, and `{known[id_]}` has it as an id again")
            elif id_ not in listed:
                yield Wrong(place, f"no release had a rule `{id_}`")


@rule("stated-since", Severity.ERROR)
def stated_since(index: SpecIndex) -> Iterator[Wrong]:
    """No rule states `since`: it is read from the lists in `releases.yaml`."""
    for fact, row in facts(index, Requirement):
        if "since" in row.model_fields_set:
            yield Wrong(fact.locate(("since",)), "`since` is read from releases.yaml", "remove it")
