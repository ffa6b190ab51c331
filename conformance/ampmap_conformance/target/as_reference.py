"""The target file of the embedded reference proxy, which a plan can be made for before any server is started. Pure."""

from __future__ import annotations

import re
from typing import get_args

from ..reference.types import ClaimName, Provider, Reference
from .file import ModelMapping, Models, Policy, TargetFile

NAME = "reference-proxy"
CLIENT_LABEL = "$AMPMAP_CLIENT_KEY"
POLICY = Policy(
    amp_headers="forwarded",
    body_limit=9 << 20,
    answer_timeout=4.0,
    stream_idle_timeout=4.0,
    carriers=("authorization-bearer", "x-api-key", "x-goog-api-key", "query-key"),
)
"""What the reference proxy promises where the sources leave a choice."""
_WITHOUT_MODELS: tuple[ClaimName, ...] = ("management", "localhost-only")


def described(reference: Reference) -> TargetFile:
    """The target file of the usual embedded proxy; its address is that of no server."""
    unavailable, mappings = spare_models(reference)
    return TargetFile(
        name=NAME,
        base_url="http://127.0.0.1",
        claims=claims_of(reference),
        policy=POLICY,
        mappings=mappings,
        models=Models(unavailable=unavailable),
    )


def claims_of(reference: Reference) -> tuple[ClaimName, ...]:
    """All claims that the reference has requirements on: the reference proxy can do them.

    Where no model call of the edition passes a proxy, they are those that speak of no model.
    """
    known = {row.claim for row in reference.requirements.values()}
    every: tuple[ClaimName, ...] = get_args(ClaimName)
    if not any(provider.via_proxy for provider in reference.providers.values()):
        every = _WITHOUT_MODELS
    return tuple(claim for claim in every if claim in known)


def spare_models(reference: Reference) -> tuple[tuple[str, ...], tuple[ModelMapping, ...]]:
    """Models that the embedded proxy does without: ids that only Amp's servers have, and mappings of others.

    Per provider the last model that leads no agent mode is unavailable, and the one before it is mapped to the first.
    Ids that no edition has are mapped to the first one as well, by a pattern and as an alias with brackets, and to the
    unavailable one.
    """
    unavailable, mappings = [], []
    for provider in reference.providers.values():
        first = next((m.id for m in reference.models.values() if m.provider == provider.id), None)
        if not provider.via_proxy or first is None:
            continue
        unavailable.append(f"example-old-{provider.id}-7")
        mappings += [
            _mapping(rf"^example-old-{re.escape(provider.id)}-\d+$", first, regex=True),
            _mapping(f"example-{provider.id}[1m]", first),
        ]
        models = _spare(reference, provider)
        if len(models) >= 2:
            unavailable.append(models[-1])
            mappings += [_mapping(models[-2], first), _mapping(f"example-orphan-{provider.id}", models[-1])]
    return tuple(unavailable), tuple(mappings)


def _mapping(from_: str, to: str, *, regex: bool = False) -> ModelMapping:
    return ModelMapping.model_validate({"from": from_, "to": to, "regex": regex})


def _spare(reference: Reference, provider: Provider) -> list[str]:
    leading = {mode.model for mode in reference.agent_modes.values()}
    models = [model.id for model in reference.models.values() if model.provider == provider.id]
    return [model for model in models[1:] if model not in leading]
