"""Whether a requirement binds a target in a case: the one interpreter of the conditions that the row states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..reference.types import (
    ROUTE_CLAIMS,
    BodyPolicy,
    Bound,
    Condition,
    Meanings,
    Requirement,
    condition_text,
)
from ..target.target import Target
from ..wire.messages import AMP
from .cases import CallCase, Case, ManagementCase, VariedCase, back_end_of


def unbound(row: Requirement, case: Case, target: Target) -> str | None:
    """Why a requirement does not bind the target in this case, in words; None when it binds."""
    claims = (row.claim, _claim_of_route(case, target))
    lacking = next((claim for claim in claims if claim is not None and not target.claims(claim)), None)
    if lacking is not None:
        return f"the target does not claim `{lacking}`"
    return freed(row, case, target)


def freed(row: Requirement, case: Case, target: Target) -> str | None:
    """Why a requirement does not bind the target whatever it claims, in words; None when no condition frees it."""
    for needed in row.when:
        if not holds(needed, case, target):
            return f"the rule applies only where {condition_text(needed)}"
    freeing = next((condition for condition in row.unless if holds(condition, case, target)), None)
    return condition_text(_narrowed(freeing, case, target)) if freeing else None


def nothing_to_test(row: Requirement, target: Target) -> bool:
    """Whether the target may claim the row's feature and yet, by its file, has nothing of what the row needs."""
    return any(condition.has is not None and not _OF_FILE.get(condition.has, _always)(target) for condition in row.when)


def holds(condition: Condition, case: Case, target: Target) -> bool:
    """Whether a condition is true of the target in this case: all of its parts."""
    if condition.claim is not None and not target.claims(condition.claim):
        return False
    stated, policy = condition.policy, target.policy
    if stated is not None and not (
        (not stated.body or _body(case, target) in stated.body)
        and (stated.lists is None or _lists(case, target) == stated.lists)
        and (not stated.counts or _counts(case, target) in stated.counts)
        and stated.response_model in (None, policy.response_model)
        and stated.amp_headers in (None, policy.amp_headers)
        and stated.routing in (None, policy.routing)
        and stated.client_key in (None, policy.client_key)
        and stated.browser_pages in (None, _pages(case, target))
        and _in_range(stated.body_limit, policy.body_limit)
        and _in_range(stated.answer_timeout, policy.answer_timeout)
    ):
        return False
    return condition.has is None or _has(condition.has, case, target)


def _claim_of_route(case: Case, target: Target) -> str | None:
    """The claim without which a target does not offer the route of the case's model."""
    if not isinstance(case, VariedCase) or target.goes(case.way, case.provider):
        return None
    return ROUTE_CLAIMS[case.way]


def _body(case: Case, target: Target) -> BodyPolicy:
    """How the proxy forwards the body of the case's call. Calls that no provider takes are never translated."""
    return target.body_of(case.provider, case.call.dialect, case.model) if isinstance(case, CallCase) else "verbatim"


def _lists(case: Case, target: Target) -> str | None:
    """Who answers the call, if it lists or describes models."""
    return target.lists_of(case.provider) if isinstance(case, CallCase) and not case.call.operation.metered else None


def _counts(case: Case, target: Target) -> str | None:
    """Who answers the call, if it counts tokens and is for a provider's own upstream."""
    if not isinstance(case, CallCase) or back_end_of(case, target) == AMP:
        return None
    operation = case.call.operation
    counts = operation.request is not None and operation.stream is None
    return target.counts_of(case.provider) if counts else None


def _pages(case: Case, target: Target) -> str | None:
    """How the management path that the case calls is served."""
    return target.pages_of(case.route) if isinstance(case, ManagementCase) else None


def _in_range(wanted: str | Bound | None, figure: float | None) -> bool:
    if wanted is None:
        return True
    if figure is None:
        return False
    bound = wanted if isinstance(wanted, Bound) else Bound()
    return (bound.below is None or figure < bound.below) and (bound.at_most is None or figure <= bound.at_most)


def _has(what: str, case: Case, target: Target) -> bool:
    if what in _OF_FILE:
        return _OF_FILE[what](target)
    if not isinstance(case, CallCase):
        return False
    return _OF_CALL[what](case, target)


def _always(_target: Target) -> bool:
    return True


def _serves_model(case: CallCase, target: Target) -> bool:
    """Whether it serves the call's model itself, also where a mapping by pattern matches a model that it lists."""
    listed = case.model in target.file.models.available.get(case.provider.id, ())
    return case.model not in target.unavailable and (listed or not target.rules_for(case.model))


def _is_answered_by_model(case: CallCase, target: Target) -> bool:
    """Whether a model answers the call, so that its meaning has a place in each dialect."""
    known: Mapping[str, Meanings] = target.reference.meanings
    table = known.get(case.call.dialect)
    return table is not None and case.call.id == table.operation


_OF_FILE: MappingProxyType[str, Callable[[Target], bool]] = MappingProxyType(
    {
        "unavailable-models": lambda target: bool(target.file.models.unavailable),
        "pattern-mappings": lambda target: any(rule.regex for rule in target.file.mappings),
        "orphaned-mappings": lambda target: any(rule.to in target.unavailable for rule in target.file.mappings),
    }
)
"""What a target file names, whatever is called."""
_OF_CALL: MappingProxyType[str, Callable[[CallCase, Target], bool]] = MappingProxyType(
    {
        "provider-models": lambda case, target: bool(target.models(case.provider)),
        "local-model": _serves_model,
        "provider-at-amp": lambda case, target: target.served_by(case.provider) == "amp",
        "no-model-answer": lambda case, target: not _is_answered_by_model(case, target),
    }
)
"""What it names of the called provider, or of the call's model."""


def _narrowed(condition: Condition, case: Case, target: Target) -> Condition:
    """The condition with the one kind of body that the target has in this case, so that a reason names that."""
    policy = condition.policy
    if policy is None:
        return condition
    seen = {"body": (_body(case, target),), "counts": (_counts(case, target),)}
    told = {name: value for name, value in seen.items() if getattr(policy, name)}
    return condition.model_copy(update={"policy": policy.model_copy(update=told)})
