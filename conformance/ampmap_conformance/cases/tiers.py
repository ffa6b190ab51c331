"""Which part of conformance a case belongs to: core, a feature that may be claimed, or hardening. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..reference.types import ROUTE_CLAIMS, Requirement, Tier, tier_of
from ..target.left_out import core_providers
from ..target.target import Target
from .cases import CallCase, Case, VariedCase

FURTHER_PROVIDERS = "further-providers"
"""The feature of serving providers that no mode needs among which a user chooses."""


@dataclass(frozen=True)
class Part:
    """A part of conformance with a verdict of its own."""

    tier: Tier
    feature: str | None = None
    """Of the tier `extended`: a claim, or `further-providers`."""


def part_of(row: Requirement, case: Case, target: Target) -> Part:
    """The part that a case of a requirement belongs to."""
    tier = tier_of(row)
    if tier != "core":
        return Part(tier, row.claim if tier == "extended" else None)
    if isinstance(case, VariedCase) and case.way in ROUTE_CLAIMS:
        return Part("extended", ROUTE_CLAIMS[case.way])
    if isinstance(case, CallCase) and case.provider.id not in core_providers(target.reference):
        return Part("extended", FURTHER_PROVIDERS)
    return Part(tier)
