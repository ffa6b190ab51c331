"""Which auth mode a dispatch gets: the steps that a platform documents, as one pure function."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from .base import Shape, Unknown
from .platforms import Platform, PlatformProvider

AuthScope: TypeAlias = Literal["system", "org", "project"]
RunsOn: TypeAlias = Literal["cloud", "local", "unknown"]


class AccessCell(Shape):
    """What an access matrix says of one mode; only `allowed` decides on it."""

    allowed: bool
    host: str | None = None
    model: str | None = None
    enforce: str | None = None


# cells by model id, provider id or `*`, and below that by auth mode
AccessMatrix: TypeAlias = dict[str, dict[str, AccessCell]]


class AccessPolicy(Shape):
    """The access matrices of the three scopes; an empty one changes nothing."""

    system: AccessMatrix = {}
    org: AccessMatrix = {}
    project: AccessMatrix = {}


class AuthProfile(Shape):
    """What a model profile says: a set of auth modes, the model id and the provider's id."""

    auth_modes: tuple[str, ...]
    model: str
    provider: str


class DispatchEnvironment(Shape):
    """Where a run takes place, and what the later steps would find there; by default nothing that stands in the way."""

    runs_on: RunsOn = "unknown"
    """`unknown` before a place is chosen: then no mode is refused for its place."""
    metered_enabled: bool = True
    """The organisation is entitled to metered."""
    metered_key: bool = True
    """The platform has a metered key for the provider."""
    shared_quota: bool = True
    """Something is left of the day's quota of shared."""


class TraceStep(Shape):
    """One step that was taken."""

    step: str
    """Id of the platform's step."""
    rule: str
    """Id of the platform's rule that it followed."""
    says: str
    modes: tuple[str, ...]
    """What was left after it, in the order of preference."""


class Resolved(Shape):
    """A mode was found."""

    outcome: Literal["resolved"] = "resolved"
    mode: str
    runtime_provider: str
    """The provider under which the run starts; for `gemini` it depends on the mode."""
    step: str
    """Id of the step that decided."""
    open: tuple[str, ...] = ()
    """Rules on which the result rests although no source states them; empty where every step is documented."""
    trace: tuple[TraceStep, ...] = ()
    """Every step, where it was asked for."""


class Refused(Shape):
    """The dispatch ends here."""

    outcome: Literal["refused"] = "refused"
    error: str | None
    """Id of the platform's error; None where the sources name none."""
    code: str | Unknown
    message: str
    """The platform's message where it is known, else when the error is raised."""
    step: str
    mode: str | None = None
    """The mode that had been taken when a later step refused it."""
    open: tuple[str, ...] = ()
    trace: tuple[TraceStep, ...] = ()


Resolution: TypeAlias = Resolved | Refused


class ProviderModes(Shape):
    """As much of a provider as a resolver needs."""

    id: str
    auth_modes: tuple[str, ...]


class AuthExpectation(Shape):
    """What a vector's resolution has to be."""

    outcome: Literal["resolved", "refused"]
    mode: str | None
    """The mode; None for a refusal."""
    runtime_provider: str | None
    error: str | None
    """Id of the platform's error, for a refusal."""
    code: str | None
    """The code of a refusal; None where the sources do not state it for this provider: then any code will do."""


class AuthVector(Shape):
    """A question to a resolver, and the answer."""

    requirement: str
    """The requirement that it belongs to, `auth-modes.<name>`."""
    case: str
    rule: str
    """Id of the platform's rule that it proves."""
    asserted: bool
    """Whether the sources state every step to the answer. Otherwise the answer is not binding."""
    open: tuple[str, ...]
    """The rules that say where they are silent."""
    profile: AuthProfile
    policy: AccessPolicy
    provider: ProviderModes
    environment: DispatchEnvironment
    expected: AuthExpectation
    possible: tuple[str, ...]
    """The profile's modes that the policy leaves. No answer may be another mode, asserted or not."""
    because: tuple[str, ...]
    """The steps to the answer, in words."""


class AuthVectors(Shape):
    """All vectors of one platform."""

    schema_version: Literal[1] = 1
    platform: str
    preference: tuple[str, ...]
    """The modes in the order of preference."""
    vectors: tuple[AuthVector, ...]


def resolve_on(
    platform: Platform,
    profile: AuthProfile,
    policy: AccessPolicy,
    provider: PlatformProvider,
    environment: DispatchEnvironment | RunsOn,
    *,
    explain: bool = False,
) -> Resolution:
    """The auth mode of one dispatch, or the error in which it ends, by the steps of `platform`.

    The modes, their order of preference and where they run are those of `platform.auth_modes`; `provider` is what the
    platform says of the profile's provider. With `explain` the result holds every step. Where the sources are silent
    something still has to be decided; the result then names the rules that say so in `open`. Raises ValueError when
    `provider` is not the profile's.
    """
    if profile.provider != provider.id:
        raise ValueError(f"the profile is for provider {profile.provider!r}, not {provider.id!r}")
    place = DispatchEnvironment(runs_on=environment) if isinstance(environment, str) else environment
    walk = _Walk(platform, explain)
    asked = walk.profile(profile, provider)
    allowed = walk.cascade(policy, profile.model, provider)
    left = [mode for mode in allowed if mode in asked]
    walk.note("intersection", "resolution-step-2-intersection", f"in both: {_listed(left)}", left)
    if not left:
        return walk.refused("authmodes-unsatisfiable", "intersection")
    mode = left[0]
    order = "preference-order-local-last" if left[-1] == "local" and left[1:] else "resolution-step-3-preference"
    walk.note("preference", order, f"{mode} comes first", [mode])
    obstacles = list(walk.obstacles(mode, place))
    if obstacles:
        return walk.stopped(mode, left, obstacles, provider.id)
    return walk.resolved(mode, provider.id)


class _Walk:
    """The steps of one resolution, and what was noted on the way."""

    def __init__(self, platform: Platform, explain: bool) -> None:
        self.platform = platform
        self.explain = explain
        self.order = sorted(platform.auth_modes, key=lambda mode: platform.auth_modes[mode].rank)
        self.trace: list[TraceStep] = []

    def note(self, step: str, rule: str, says: str, modes: Iterable[str]) -> None:
        self.trace.append(TraceStep(step=step, rule=rule, says=says, modes=tuple(modes)))

    def profile(self, profile: AuthProfile, provider: PlatformProvider) -> list[str]:
        asked = [mode for mode in self.order if mode in profile.auth_modes]
        self.note("profile", "profiles-set", f"the profile asks for {_listed(asked)}", asked)
        if len(set(profile.auth_modes)) < len(profile.auth_modes):
            self.note("profile", "profiles-mode-twice", "a mode that is named twice counts once", asked)
        if foreign := [mode for mode in profile.auth_modes if mode not in self.order]:
            self.note("profile", "profiles-mode-unknown", f"no auth mode is called {_listed(foreign)}", asked)
        supported = [mode for mode in asked if mode in provider.auth_modes]
        if supported != asked:
            lacking = [mode for mode in asked if mode not in supported]
            says = f"{provider.id} does not support {_listed(lacking)}"
            self.note("profile", "profiles-mode-unsupported", says, supported)
        return supported

    def cascade(self, policy: AccessPolicy, model: str, provider: PlatformProvider) -> list[str]:
        allowed = list(self.order)
        scopes: dict[AuthScope, AccessMatrix] = {
            "system": policy.system,
            "org": policy.org,
            "project": policy.project,
        }
        for scope, matrix in scopes.items():
            keys = {mode: _deciding_key(matrix, (model, provider.id, "*"), mode) for mode in self.order}
            denied = {mode: key for mode, key in keys.items() if key is not None and not matrix[key][mode].allowed}
            removed = [f"{mode} (by {denied[mode]})" for mode in allowed if mode in denied]
            allowed = [mode for mode in allowed if mode not in denied]
            says = f"{scope} removes {', '.join(removed) or 'nothing'}"
            self.note("cascade", "resolution-step-1-cascade", says, allowed)
            company = provider.config_namespace
            if company != provider.id and company in matrix:
                says = f"{scope} has cells for {company}, which are left aside"
                self.note("cascade", "access-matrix-provider-key", says, allowed)
        return allowed

    def obstacles(self, mode: str, place: DispatchEnvironment) -> Iterable[tuple[str, str, str | None]]:
        """What the later steps would refuse: step, rule, and error where one is known."""
        runs_in = self.platform.auth_modes[mode].environments
        if place.runs_on != "unknown" and place.runs_on not in runs_in:
            yield ("capacity", *_MISPLACED.get(mode, ("resolution-cloud-mode-on-local", None)))
        if mode == "metered" and not place.metered_enabled:
            yield "entitlement", "entitlement-flag", "not-entitled-to-metered"
        if mode == "metered" and not place.metered_key:
            yield "key-pool", "entitlement-key-pool", "no-metered-key"
        if mode == "shared" and not place.shared_quota:
            yield "quota", "quota-shared", "shared-quota-exceeded"

    def stopped(
        self, mode: str, left: list[str], obstacles: list[tuple[str, str, str | None]], provider: str
    ) -> Refused:
        for step, rule, _ in obstacles:
            self.note(step, rule, f"{mode} is refused", ())
        step, _, error = obstacles[0]
        if len(obstacles) > 1:
            self.note(
                step, "resolution-order-of-later-checks", "the sources do not state which of these comes first", ()
            )
        if others := left[1:]:
            retried = mode == "metered" and "shared" in others
            rule = "resolution-metered-retry" if retried else "resolution-no-retry-inferred"
            self.note(step, rule, f"{_listed(others)} would be left and is not tried", ())
        return self.refused(error, step, mode, provider)

    def refused(self, error: str | None, step: str, mode: str | None = None, provider: str = "") -> Refused:
        known = self.platform.errors.get(error or "")
        message = f"{mode} does not run there; the sources name no error"
        if known is not None:
            told = known.message not in (None, "unknown")
            message = str(known.message).replace("{provider}", provider) if told else known.raised_when
        return Refused(
            error=error,
            code=(known.code if known is not None else None) or "unknown",
            message=message,
            step=step,
            mode=mode,
            open=self._open(),
            trace=tuple(self.trace) if self.explain else (),
        )

    def resolved(self, mode: str, provider: str) -> Resolved:
        rewrite = self.platform.rules.get("resolution-step-5-gemini")
        runtime = provider
        if rewrite is not None and provider == rewrite.values["provider"] and mode in rewrite.values["modes"]:
            runtime = str(rewrite.values["runtime_provider"])
            self.note("runtime-provider", rewrite.id, f"{provider} runs as {runtime}", [mode])
        return Resolved(
            mode=mode,
            runtime_provider=runtime,
            step="preference",
            open=self._open(),
            trace=tuple(self.trace) if self.explain else (),
        )

    def _open(self) -> tuple[str, ...]:
        rules = self.platform.rules
        followed = dict.fromkeys(step.rule for step in self.trace)
        return tuple(rule for rule in followed if rule not in rules or rules[rule].status != "stated")


# for modes that need local capacity: the rule, and the error
_MISPLACED: dict[str, tuple[str, str | None]] = {
    "host-session": ("resolution-step-4-local-pool", "auth-mode-requires-local-capacity"),
    "local": ("errors-local-mode-inferred", "auth-mode-requires-local-capacity"),
}


def _deciding_key(matrix: AccessMatrix, keys: tuple[str, ...], mode: str) -> str | None:
    """The first of `keys` under which the matrix has a cell for the mode; None where it has none."""
    return next((key for key in keys if mode in matrix.get(key, ())), None)


def _listed(modes: Iterable[str]) -> str:
    return ", ".join(modes) or "nothing"
