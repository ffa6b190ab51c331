"""The axes whose values are combined in pairs: policies and environments, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ...vendored.auth import DispatchEnvironment
from .questions import ANYWHERE, CLOUD, LOCAL, NO_KEY, NO_QUOTA, NOT_ENTITLED, Policy, no, yes

Modes = tuple[str, ...]


def _nothing(_: Modes) -> Policy:
    return {}


def _system_any(modes: Modes) -> Policy:
    return {"system": {"*": no(*modes[:1])}}


def _org_provider(modes: Modes) -> Policy:
    return {"org": {"provider": no(*modes[:1])}}


def _project_model(modes: Modes) -> Policy:
    return {"project": {"model": no(*modes[:1])}}


def _one_each(modes: Modes) -> Policy:
    first, second, third = modes[:1], modes[1:2], modes[2:3]
    return {"system": {"*": no(*first)}, "org": {"provider": no(*second)}, "project": {"model": no(*third)}}


def _all_at_org(modes: Modes) -> Policy:
    return {"org": {"*": no(*modes)}}


def _all_but_last(modes: Modes) -> Policy:
    return {"project": {"provider": no(*modes[:-1])}}


def _widening(modes: Modes) -> Policy:
    return {"system": {"*": no(*modes[:1])}, "org": {"provider": yes(*modes)}, "project": {"model": yes(*modes)}}


def _model_over_provider(modes: Modes) -> Policy:
    return {"org": {"model": yes(*modes[:1]), "provider": no(*modes), "*": no(*modes)}}


def _provider_over_any(modes: Modes) -> Policy:
    return {"project": {"provider": yes(*modes[:1]), "*": no(*modes)}}


def _model_denies(modes: Modes) -> Policy:
    return {"system": {"model": no(*modes[:1]), "provider": yes(*modes), "*": yes(*modes)}}


def _others(modes: Modes) -> Policy:
    return {"org": {"another-model": no(*modes), "another-provider": no(*modes)}}


CASCADES: Mapping[str, Callable[[Modes], Policy]] = MappingProxyType(
    {
        "no-policy": _nothing,
        "system-any": _system_any,
        "org-provider": _org_provider,
        "project-model": _project_model,
        "one-each": _one_each,
        "all-at-org": _all_at_org,
        "all-but-last": _all_but_last,
        "widened": _widening,
        "model-over-provider": _model_over_provider,
        "provider-over-any": _provider_over_any,
        "model-denies": _model_denies,
        "others": _others,
    }
)
"""Policies, made for the modes of a profile in the order of preference."""

ENVIRONMENTS: Mapping[str, DispatchEnvironment] = MappingProxyType(
    {
        "cloud": CLOUD,
        "anywhere": ANYWHERE,
        "local": LOCAL,
        "not-entitled": NOT_ENTITLED,
        "no-key": NO_KEY,
        "no-quota": NO_QUOTA,
    }
)
