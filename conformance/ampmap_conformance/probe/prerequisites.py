"""Prerequisites of checks beside a target and its client, and the reason shown where a run does not meet one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from ..reference.types import Requirement
from ..target.target import Target
from .context import RunContext

UNOBSERVED = "no observer"
"""How the reason of a case begins that is not testable without an observer."""
NO_OBSERVER = f"{UNOBSERVED}: the kit does not see what the proxy sends to its upstreams"
NO_SECOND_CLIENT = "no second client: set its key under `credentials.second_client`"
NO_RELOAD = "the kit cannot change the proxy's configuration: the target file has no `reload` command"


def no_foreign_peer(context: RunContext) -> str:
    """Why no caller has another address than the target's own machine."""
    if context.target.source is None:
        return "no client with another address: this system does not allow network namespaces"
    return "no client with another address: the target was not reached by any other address of its machine"


@dataclass(frozen=True)
class Need:
    """Something that not every run has."""

    there: Callable[[RunContext], bool]
    missing: Callable[[RunContext], str]
    """Why a case is not testable without it."""
    extra: bool = True
    """A target may lack it: a run is complete although the requirements that need it were not tested."""


NEEDS = MappingProxyType(
    {
        "upstream": Need(lambda context: context.observer is not None, lambda _: NO_OBSERVER, extra=False),
        "second-client": Need(lambda context: context.target.second_client is not None, lambda _: NO_SECOND_CLIENT),
        "foreign-peer": Need(lambda context: context.foreign is not None, no_foreign_peer),
        "reload": Need(lambda context: context.reloading is not None, lambda _: NO_RELOAD),
    }
)
"""By the word of a requirement's `needs`. Prerequisites that are not listed are always met."""


def unmet(row: Requirement, context: RunContext) -> tuple[Need, ...]:
    """What a requirement needs and a run does not have."""
    return tuple(NEEDS[name] for name in row.needs if name in NEEDS and not NEEDS[name].there(context))


def available(context: RunContext) -> frozenset[str]:
    """What a run has."""
    return frozenset(name for name, need in NEEDS.items() if need.there(context))


def promised_prerequisites(target: Target, *, observed: bool, embedded: bool) -> frozenset[str]:
    """What a run against `target` can have, before anything is started: a peer elsewhere is taken to be there."""
    there = {
        "upstream": observed,
        "second-client": embedded or target.second_client is not None,
        "foreign-peer": True,
        "reload": observed and (embedded or target.file.reload is not None),
    }
    return frozenset(name for name, found in there.items() if found)
