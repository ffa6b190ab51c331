"""What a target file says of one provider: who serves it, and what reaches its upstream. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..reference.types import BodyPolicy, CountPolicy
from .file import Bodies, ListPolicy, ProviderPolicy, ServedBy, TargetFile

USUAL = ProviderPolicy()
ABSENT = ProviderPolicy(served_by="none")


def of_provider(file: TargetFile, provider: str) -> ProviderPolicy:
    """What is particular about a provider, by its id."""
    if isinstance(file.providers, dict):
        return file.providers.get(provider, USUAL)
    return USUAL if not file.providers or provider in file.providers else ABSENT


def served_by(file: TargetFile, provider: str) -> ServedBy:
    """Who serves a provider's calls.

    The target does not serve a provider of which it has no model (`models.available: {google: []}`): Amp does, where
    the target has the fallback to Amp.
    """
    said = of_provider(file, provider).served_by
    if said == "target" and file.models.available.get(provider) == ():
        return "amp" if "upstream-fallback" in file.claims else "none"
    return said


def body_of(file: TargetFile, provider: str, dialect: str) -> BodyPolicy:
    """How the body of a call in `dialect` reaches a provider's own upstream.

    What the file says of the provider counts before `policy`, and in each of them the dialect's own value.
    """
    own = of_provider(file, provider).body
    return _of_dialect(own, dialect) or _of_dialect(file.policy.body, dialect) or "verbatim"


def dialects_named(file: TargetFile, provider: str) -> frozenset[str]:
    """The dialects in which translated calls reach a provider's upstream; empty where the file names none."""
    return frozenset(of_provider(file, provider).upstream_dialects or file.policy.upstream_dialects)


def counts_of(file: TargetFile, provider: str) -> CountPolicy:
    """Who answers calls that count tokens, where they are for a provider's own upstream."""
    return of_provider(file, provider).counts or file.policy.counts


def lists_of(file: TargetFile, provider: str) -> ListPolicy:
    """Who answers calls that list or describe a provider's models."""
    own = of_provider(file, provider)
    policy = own.lists or file.policy.lists
    return "amp" if policy == "relayed" and own.served_by == "amp" else policy


def _of_dialect(bodies: Bodies | None, dialect: str) -> BodyPolicy | None:
    return bodies.get(dialect) if isinstance(bodies, Mapping) else bodies
