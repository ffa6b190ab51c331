"""Puts the loaded documents together into one reference. Pure: same spec, same bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .load.kinds import KINDS
from .load.releases import first_releases, since
from .load.spec import Spec
from .vendored.catalogue import Requirement
from .vendored.platforms import Platform
from .vendored.reference import Reference, digest_of

KIT_ALONE = ("requirements", "remedies")
"""Kinds of facts that are about testing proxies, and that the types leave out."""
BASE_EDITION = "amp-0.0.1760587291"


def compile_reference(spec: Spec, edition: str | None = None) -> Reference:
    """The reference of one edition, by default the base, whichever of them `spec` holds.

    `edition` is named as `Spec.of` takes it. The spec must have passed the checks: nothing is verified again here.
    Raises UnknownEditionError.
    """
    spec = spec.of(edition or next(iter(spec.editions), BASE_EDITION))
    facts: dict[str, Any] = {
        kind.name: {key: fact.value for key, fact in spec.facts[kind.name].items()} for kind in KINDS
    }
    facts["requirements"] = _with_first_release(spec, facts["requirements"])
    facts["as_of"] = max((source.read or "" for source in facts["sources"].values()), default="")
    facts["edition"] = facts.pop("editions")[spec.edition]
    facts["platforms"] = {name: _platform(name, kinds) for name, kinds in spec.platforms.items()}
    if spec.layers:
        facts["layers"] = spec.layers
    reference = Reference.model_construct(schema_version=1, digest="", **facts)
    return reference.model_copy(update={"digest": digest_of(plain(reference))})


def compile_editions(spec: Spec) -> dict[str, Reference]:
    """The reference of every edition by its id: the base first, then in the order in which the builds were made.

    `spec` may be that of any edition; each must have passed the checks.
    """
    return {edition: compile_reference(spec, edition) for edition in spec.editions}


def _with_first_release(spec: Spec, rows: dict[str, Requirement]) -> dict[str, Requirement]:
    released = first_releases(spec.facts["releases"].values())
    found = {id_: since(id_, row.formerly, released) for id_, row in rows.items()}
    return {id_: row.model_copy(update={"since": found[id_]}) if found[id_] else row for id_, row in rows.items()}


def _platform(name: str, kinds: Any) -> Platform:
    facts: dict[str, Any] = {
        kind: {key: fact.value for key, fact in located.items()} for kind, located in kinds.items()
    }
    (about,) = facts.pop("about").values()
    return Platform.model_construct(id=name, about=about, **facts)


def plain(reference: Reference) -> dict[str, Any]:
    """The reference as JSON values, not to be changed. What the spec leaves out stays out: absent is not None."""
    return _plain(_ByDigest(reference.digest, reference)) if reference.digest else _dumped(reference)


@dataclass(frozen=True)
class _ByDigest:
    digest: str
    reference: Reference = field(compare=False)


@lru_cache(maxsize=16)
def _plain(keyed: _ByDigest) -> dict[str, Any]:
    """The site and its data need the same values of every edition several times."""
    return _dumped(keyed.reference)


def _dumped(reference: Reference) -> dict[str, Any]:
    return reference.model_dump(mode="json", exclude_unset=True)


def facts_alone(reference: Reference) -> dict[str, Any]:
    """The reference as JSON values without what only the kit reads, under a digest of its own: what the types hold."""
    data = {key: value for key, value in plain(reference).items() if key not in KIT_ALONE}
    return {**data, "digest": digest_of(data)}
