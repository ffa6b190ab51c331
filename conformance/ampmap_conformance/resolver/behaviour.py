"""A resolver in small replaceable parts, so that each fault is one part exchanged for another.

It is written apart from the resolver of the types, and agrees with it on every vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..reference.types import AccessMatrix, AccessPolicy, AuthVector, DispatchEnvironment
from .protocol import Failed, Found, ResolverAnswer

Modes = tuple[str, ...]
Keys = tuple[str, ...]
"""Rows of a matrix by their keys, the deciding one first: model, provider and `*`."""

PREFERENCE = ("byok", "metered", "shared", "host-session", "local")
UNSATISFIABLE = Failed(code="AUTHMODES_UNSATISFIABLE", message="profile and policy have no mode in common")
NO_LOCAL_CAPACITY = Failed(code="AUTH_MODE_REQUIRES_LOCAL_CAPACITY", message="no local capacity")
USED_UP = Failed(code="SHARED_QUOTA_EXCEEDED", message="the quota is used up")
NOT_ENTITLED = Failed(message="Organisation is not entitled to use metered auth mode")
NO_KEY = Failed(message="No metered key is configured")


def requested_modes(vector: AuthVector) -> Modes:
    """The modes that are looked for at all: those of the profile that the provider has."""
    return tuple(mode for mode in vector.profile.auth_modes if mode in vector.provider.auth_modes)


def scopes(policy: AccessPolicy) -> Sequence[AccessMatrix]:
    """The matrices, widest scope first."""
    return policy.system, policy.org, policy.project


def cell(matrix: AccessMatrix, keys: Keys, mode: str) -> bool | None:
    """What a scope says of a mode; None where it says nothing."""
    for key in keys:
        if mode in matrix.get(key, {}):
            return matrix[key][mode].allowed
    return None


def intersect(left: Modes, said: dict[str, bool | None]) -> Modes:
    """What is left of the modes after a scope."""
    return tuple(mode for mode in left if said[mode] is not False)


def pick(left: Modes) -> str:
    """The mode that is taken; `left` is not empty."""
    return min(left, key=PREFERENCE.index)


def none_left(_vector: AuthVector, _allowed: Modes) -> Found | Failed:
    """What becomes of an empty intersection."""
    return UNSATISFIABLE


def obstacle(mode: str, place: DispatchEnvironment) -> Failed | None:
    """The error in which a mode that was taken ends, if in any."""
    if mode in ("host-session", "local") and place.runs_on == "cloud":
        return NO_LOCAL_CAPACITY
    if mode in ("metered", "shared") and place.runs_on == "local":
        return Failed(message=f"{mode} runs in the cloud only")
    if mode == "metered":
        return (None if place.metered_key else NO_KEY) if place.metered_enabled else NOT_ENTITLED
    return USED_UP if mode == "shared" and not place.shared_quota else None


def runtime(provider: str, mode: str) -> str | None:
    """The provider under which the run starts."""
    return "agy-cli" if provider == "gemini" and mode in ("host-session", "local") else provider


@dataclass(frozen=True)
class ResolverBehaviour:
    """The decisions of a resolver."""

    requested_modes: Callable[[AuthVector], Modes] = requested_modes
    scopes: Callable[[AccessPolicy], Sequence[AccessMatrix]] = scopes
    keys: Callable[[Keys], Keys] = tuple
    cell: Callable[[AccessMatrix, Keys, str], bool | None] = cell
    intersect: Callable[[Modes, dict[str, bool | None]], Modes] = intersect
    pick: Callable[[Modes], str] = pick
    none_left: Callable[[AuthVector, Modes], Found | Failed] = none_left
    obstacle: Callable[[str, DispatchEnvironment], Failed | None] = obstacle
    runtime: Callable[[str, str], str | None] = runtime


CORRECT = ResolverBehaviour()


def answer(behaviour: ResolverBehaviour, vector: AuthVector, seq: int = 0) -> ResolverAnswer:
    """What a resolver of this behaviour answers."""
    outcome = _outcome(behaviour, vector)
    if isinstance(outcome, Failed):
        return ResolverAnswer(seq=seq, error=outcome)
    return ResolverAnswer(seq=seq, resolution=outcome)


def _outcome(behaviour: ResolverBehaviour, vector: AuthVector) -> Found | Failed:
    keys = behaviour.keys((vector.profile.model, vector.profile.provider, "*"))
    wanted = behaviour.requested_modes(vector)
    allowed: Modes = PREFERENCE
    for matrix in behaviour.scopes(vector.policy):
        said = {mode: behaviour.cell(matrix, keys, mode) for mode in (*PREFERENCE, *wanted)}
        allowed = behaviour.intersect(allowed, said)
    left = tuple(mode for mode in wanted if mode in allowed)
    if not left:
        return behaviour.none_left(vector, allowed)
    mode = behaviour.pick(left)
    failed = behaviour.obstacle(mode, vector.environment)
    return failed or Found(mode=mode, runtime_provider=behaviour.runtime(vector.profile.provider, mode))
