"""Wrong resolvers: each breaks one rule in a way in which resolvers go wrong, and has to be caught for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..reference.types import AccessMatrix, AuthVector, DispatchEnvironment
from . import behaviour as correct
from .behaviour import CORRECT, NOT_ENTITLED, PREFERENCE, Modes, ResolverBehaviour
from .protocol import Failed, Found

Change = Callable[[ResolverBehaviour], ResolverBehaviour]


@dataclass(frozen=True, slots=True)
class ResolverDefect:
    """A fault, and the names of the requirements (without `auth-modes.`) whose vectors show it."""

    id: str
    summary: str
    breaks: tuple[str, ...]
    change: Change = field(repr=False)


# --- scopes and cells


def _allowed_again(left: Modes, said: dict[str, bool | None]) -> Modes:
    """As `narrowed`, and `allowed: true` brings a mode back."""
    return tuple(mode for mode in PREFERENCE if said[mode] or (mode in left and said[mode] is None))


def _only_allowed(left: Modes, said: dict[str, bool | None]) -> Modes:
    return tuple(mode for mode in left if said[mode] is True)


def _all_or_nothing(left: Modes, said: dict[str, bool | None]) -> Modes:
    return () if False in said.values() else left


def _row_of_first_key(matrix: AccessMatrix, keys: tuple[str, ...], mode: str) -> bool | None:
    """As `cell`, but a row that is there hides the rows after it even where it has no cell for the mode."""
    row = next((matrix[key] for key in keys if key in matrix), {})
    return row[mode].allowed if mode in row else None


def _any_denial(matrix: AccessMatrix, keys: tuple[str, ...], mode: str) -> bool | None:
    cells = [matrix[key][mode].allowed for key in keys if mode in matrix.get(key, {})]
    return all(cells) if cells else None


def _every_row(matrix: AccessMatrix, _keys: tuple[str, ...], mode: str) -> bool | None:
    cells = [row[mode].allowed for row in matrix.values() if mode in row]
    return all(cells) if cells else None


# --- the set and the preference


def _by(*order: str) -> Change:
    return lambda b: replace(b, pick=lambda left: min(left, key=order.index))


def _fallback(vector: AuthVector, allowed: Modes) -> Found | Failed:
    """Takes a mode that the policy allows, whatever the profile says."""
    offered = [mode for mode in allowed if mode in vector.provider.auth_modes]
    return Found(mode=offered[0]) if offered else correct.UNSATISFIABLE


def _empty_means_all(vector: AuthVector) -> Modes:
    return correct.requested_modes(vector) if vector.profile.auth_modes else vector.provider.auth_modes


def _first_word(vector: AuthVector) -> Modes:
    """Takes the profile's words as they are, and knows no list of modes."""
    return vector.profile.auth_modes


def _unknown_first(left: Modes) -> str:
    return min(left, key=lambda mode: PREFERENCE.index(mode) if mode in PREFERENCE else -1)


def _words_stay(left: Modes, said: dict[str, bool | None]) -> Modes:
    """As `narrowed`, but words that are not modes are never removed."""
    return (*correct.intersect(left, said), *(word for word in said if word not in (*PREFERENCE, *left)))


# --- the later steps


def _without(*names: str) -> Change:
    """Leaves out what the environment says under `names`."""
    cleared = {name: DispatchEnvironment.model_fields[name].default for name in names}

    def blind(mode: str, place: DispatchEnvironment) -> Failed | None:
        return correct.obstacle(mode, place.model_copy(update=cleared))

    return lambda b: replace(b, obstacle=blind)


def _never_local(mode: str, place: DispatchEnvironment) -> Failed | None:
    return correct.NO_LOCAL_CAPACITY if mode in ("host-session", "local") else correct.obstacle(mode, place)


def _capacity_for_all(mode: str, place: DispatchEnvironment) -> Failed | None:
    return correct.NO_LOCAL_CAPACITY if place.runs_on == "cloud" else correct.obstacle(mode, place)


def _entitlement_for_all(mode: str, place: DispatchEnvironment) -> Failed | None:
    return correct.obstacle(mode, place) if place.metered_enabled else NOT_ENTITLED


def _key_for_all(mode: str, place: DispatchEnvironment) -> Failed | None:
    return correct.obstacle(mode, place) if place.metered_key else correct.NO_KEY


def _quota_for_all(mode: str, place: DispatchEnvironment) -> Failed | None:
    return correct.obstacle(mode, place) if place.shared_quota else correct.USED_UP


def _one_code(code: str) -> Change:
    """Refuses with one code, whatever the reason."""
    failed = Failed(code=code)
    return lambda b: replace(
        b,
        none_left=lambda *_: failed,
        obstacle=lambda mode, place: failed if correct.obstacle(mode, place) else None,
    )


_TABLE: tuple[tuple[str, str, tuple[str, ...], Change], ...] = (
    (
        "system-scope-ignored",
        "Reads the policies of organisation and project only.",
        ("scopes-narrow", "never-widens", "empty-intersection", "lookup-order"),
        lambda b: replace(b, scopes=lambda policy: (policy.org, policy.project)),
    ),
    (
        "org-scope-ignored",
        "Reads the policies of system and project only.",
        ("scopes-narrow", "never-widens", "empty-intersection", "lookup-order", "denied-removed"),
        lambda b: replace(b, scopes=lambda policy: (policy.system, policy.project)),
    ),
    (
        "project-scope-ignored",
        "Reads the policies of system and organisation only.",
        ("scopes-narrow", "never-widens", "empty-intersection", "lookup-order", "shared-quota"),
        lambda b: replace(b, scopes=lambda policy: (policy.system, policy.org)),
    ),
    (
        "allowed-true-widens",
        "Lets a narrower scope restore a mode that a wider one removed.",
        ("never-widens",),
        lambda b: replace(b, intersect=_allowed_again),
    ),
    (
        "matrices-merged",
        "Merges the scopes into one matrix, so that a cell of a narrower scope replaces that of a wider one.",
        ("never-widens",),
        lambda b: replace(b, scopes=lambda policy: ({**policy.system, **policy.org, **policy.project},)),
    ),
    (
        "provider-over-model",
        "Looks for the provider's cell before the model's.",
        ("lookup-order",),
        lambda b: replace(b, keys=lambda keys: (keys[1], keys[0], keys[2])),
    ),
    (
        "any-first",
        "Looks for the cell of `*` before all others.",
        ("lookup-order",),
        lambda b: replace(b, keys=lambda keys: keys[::-1]),
    ),
    (
        "any-ignored",
        "Ignores the row `*`.",
        ("scopes-narrow", "never-widens", "empty-intersection", "lookup-order", "denied-removed"),
        lambda b: replace(b, keys=lambda keys: keys[:2]),
    ),
    (
        "model-ignored",
        "Looks at the rows of provider and `*` only.",
        ("scopes-narrow", "empty-intersection", "lookup-order", "denied-removed"),
        lambda b: replace(b, keys=lambda keys: keys[1:]),
    ),
    (
        "provider-ignored",
        "Looks at the rows of model and `*` only.",
        ("scopes-narrow", "never-widens", "empty-intersection", "lookup-order", "denied-removed"),
        lambda b: replace(b, keys=lambda keys: (keys[0], keys[2])),
    ),
    (
        "first-row-hides-the-rest",
        "Takes the first row that exists, though it has no cell for the mode.",
        ("lookup-order",),
        lambda b: replace(b, cell=_row_of_first_key),
    ),
    (
        "every-denial-counts",
        "Removes a mode that any of the three rows denies.",
        ("lookup-order",),
        lambda b: replace(b, cell=_any_denial),
    ),
    (
        "rows-of-others-count",
        "Applies the cells of other models and providers.",
        ("absent-allows", "lookup-order"),
        lambda b: replace(b, cell=_every_row),
    ),
    (
        "absent-denies",
        "Removes a mode that a scope does not mention.",
        ("absent-allows",),
        lambda b: replace(b, intersect=_only_allowed),
    ),
    (
        "one-denial-denies-all",
        "Removes every mode once one is denied.",
        ("denied-removed",),
        lambda b: replace(b, intersect=_all_or_nothing),
    ),
    (
        "policy-ignored",
        "Ignores every policy.",
        ("scopes-narrow", "never-widens", "empty-intersection", "lookup-order", "denied-removed", "shared-quota"),
        lambda b: replace(b, scopes=lambda _: ()),
    ),
    (
        "order-of-the-set-decides",
        "Takes the first allowed mode in the order of the profile.",
        ("order-of-the-set", "preference-order"),
        lambda b: replace(b, pick=lambda left: left[0]),
    ),
    (
        "shared-before-metered",
        "Prefers modes that the platform pays for to modes that the organisation pays for.",
        ("preference-order", "order-of-the-set"),
        _by("byok", "shared", "metered", "host-session", "local"),
    ),
    (
        "local-modes-first",
        "Prefers modes that run on the developer's machine.",
        ("preference-order", "order-of-the-set"),
        _by("host-session", "local", "byok", "metered", "shared"),
    ),
    (
        "local-before-host-session",
        "Swaps the last two places of the order.",
        ("preference-order",),
        _by("byok", "metered", "shared", "local", "host-session"),
    ),
    (
        "alphabetical",
        "Sorts the modes by name.",
        ("preference-order", "order-of-the-set"),
        _by("byok", "host-session", "local", "metered", "shared"),
    ),
    (
        "falls-back",
        "Takes a mode from outside the profile where the intersection is empty.",
        ("empty-intersection", "never-widens"),
        lambda b: replace(b, none_left=_fallback),
    ),
    (
        "empty-set-means-all",
        "Reads an empty set as every mode of the provider.",
        ("empty-intersection",),
        lambda b: replace(b, requested_modes=_empty_means_all),
    ),
    (
        "unknown-mode-taken",
        "Resolves to a word that is not an auth mode.",
        ("result-in-set",),
        lambda b: replace(b, requested_modes=_first_word, pick=_unknown_first, intersect=_words_stay),
    ),
    (
        "one-code-for-all",
        "Rejects every request with ACCESS_DENIED.",
        ("empty-intersection", "local-capacity", "shared-quota"),
        _one_code("ACCESS_DENIED"),
    ),
    (
        "host-session-in-the-cloud",
        "Ignores where the run takes place.",
        ("local-capacity",),
        _without("runs_on"),
    ),
    (
        "no-host-session-at-all",
        "Rejects the modes that need local capacity even where capacity is available.",
        ("local-capacity", "single-mode"),
        lambda b: replace(b, obstacle=_never_local),
    ),
    (
        "local-capacity-for-all",
        "Rejects every mode in the cloud.",
        ("local-capacity", "single-mode"),
        lambda b: replace(b, obstacle=_capacity_for_all),
    ),
    (
        "entitlement-not-checked",
        "Accepts metered without the organisation's entitlement.",
        ("metered-entitlement",),
        _without("metered_enabled"),
    ),
    (
        "entitlement-for-all",
        "Rejects every mode where the organisation is not entitled to metered.",
        ("metered-entitlement",),
        lambda b: replace(b, obstacle=_entitlement_for_all),
    ),
    (
        "key-pool-not-checked",
        "Accepts metered without a key for the provider.",
        ("metered-key",),
        _without("metered_key"),
    ),
    (
        "key-pool-for-all",
        "Rejects every mode where the platform has no metered key.",
        ("metered-key",),
        lambda b: replace(b, obstacle=_key_for_all),
    ),
    (
        "quota-not-checked",
        "Accepts shared although the quota is used up.",
        ("shared-quota",),
        _without("shared_quota"),
    ),
    (
        "quota-for-all",
        "Rejects every mode once the quota of shared is used up.",
        ("shared-quota",),
        lambda b: replace(b, obstacle=_quota_for_all),
    ),
    (
        "gemini-not-rewritten",
        "Names gemini as the runtime provider of its local modes.",
        ("runtime-provider",),
        lambda b: replace(b, runtime=lambda provider, _: provider),
    ),
    (
        "refuses-everything",
        "Answers every question with AUTHMODES_UNSATISFIABLE.",
        ("single-mode", "preference-order", "absent-allows"),
        lambda b: replace(b, requested_modes=lambda _: ()),
    ),
    (
        "always-byok",
        "Answers every question with byok.",
        ("single-mode", "empty-intersection", "scopes-narrow"),
        lambda b: replace(b, requested_modes=lambda _: (), none_left=lambda *_: Found(mode="byok")),
    ),
)

DEFECTS: Mapping[str, ResolverDefect] = MappingProxyType(
    {
        name: ResolverDefect(name, summary, tuple(f"auth-modes.{rule}" for rule in breaks), change)
        for name, summary, breaks, change in _TABLE
    }
)
"""Every defect by id."""


def behaviour_with(ids: Iterable[str], behaviour: ResolverBehaviour = CORRECT) -> ResolverBehaviour:
    """`behaviour` with defects. Raises LookupError for an unknown id, naming it."""
    for name in ids:
        if name not in DEFECTS:
            raise LookupError(f"unknown defect of a resolver {name!r}")
        behaviour = DEFECTS[name].change(behaviour)
    return behaviour
