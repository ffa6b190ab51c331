"""The compiled spec as one value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field

from .base import AgentModeId, DialectId, Edition, ErrorShapeId, Fact, Json, ProviderId, Shape, Source, SourceId
from .catalogue import (
    AgentMode,
    Fallback,
    Flow,
    HeaderSet,
    HostedMode,
    ManagementRoute,
    Model,
    Requirement,
    Setting,
    Tool,
)
from .meanings import Meanings
from .platforms import Platform
from .remedies import ServerRemedies
from .wire import Endpoint, ErrorShape, Provider


class Reference(Shape):
    """The compiled spec of one edition. Every mapping is keyed by id."""

    schema_version: Literal[1] = 1
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    """Of the canonical JSON of everything else."""
    as_of: str = ""
    """The day on which a source of these facts was last read, as YYYY-MM-DD."""
    edition: Edition
    layers: tuple[str, ...] = ()
    """Company layers that are laid over the edition, by the names of their folders, lowest first."""
    sources: dict[SourceId, Source]
    providers: dict[ProviderId, Provider]
    endpoints: dict[DialectId, Endpoint]
    meanings: dict[DialectId, Meanings] = {}
    error_shapes: dict[ErrorShapeId, ErrorShape]
    models: dict[str, Model]
    """Keyed `<provider>/<model id>`."""
    agent_modes: dict[AgentModeId, AgentMode]
    hosted_modes: dict[str, HostedMode] = {}
    """Of editions whose client opens a thread on Amp's servers in place of calling models."""
    tools: dict[str, Tool]
    headers: dict[str, HeaderSet]
    settings: dict[str, Setting]
    flows: dict[str, Flow]
    management: dict[str, ManagementRoute]
    fallback: dict[str, Fallback]
    platforms: dict[str, Platform]
    requirements: dict[str, Requirement] = {}
    """Empty in the vendored module: rules for proxies are the conformance kit's business."""
    remedies: dict[str, ServerRemedies] = {}
    """By server: what to change in it where a requirement is broken. Empty in the vendored module, as they are."""


# packaged: the generated module has a reference of its own
def packaged() -> Reference:
    """The reference of the generated module. Raises LookupError in the generator, which packages none."""
    raise LookupError("no reference is packaged here; pass one")


# end of packaged


def digest_of(data: Mapping[str, Json]) -> str:
    """`sha256:<hex>` over the canonical JSON of `data`, a reference for example, without its own key `digest`."""
    rest = {key: value for key, value in data.items() if key != "digest"}
    canonical = json.dumps(rest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def surface_digest(dialects: Iterable[DialectId] | None = None, *, reference: Reference | None = None) -> str:
    """The digest of the facts that say what a proxy serves; with `dialects`, of its provider routes in these alone.

    They are the edition's build, the providers that pass the proxy, their dialects and error shapes, and the management
    routes. Models are not among them, for every route takes any model, nor are rules and sources. `reference` is by
    default that of the vendored module.
    """
    known = packaged() if reference is None else reference
    chosen: set[DialectId] = set(known.endpoints if dialects is None else dialects)
    providers = [
        provider
        for provider in known.providers.values()
        if provider.via_proxy and provider.base_path and chosen & set(provider.operations)
    ]
    spoken = chosen & {name for provider in providers for name in provider.operations}
    shapes: set[ErrorShapeId] = {provider.error_shape for provider in providers}
    return digest_of(
        {
            "edition": {"id": known.edition.id, "client_build": known.edition.client_build},
            "providers": _unsourced(providers),
            "endpoints": _unsourced([known.endpoints[name] for name in spoken], "operations"),
            "error_shapes": _unsourced([known.error_shapes[name] for name in shapes]),
            "management": _unsourced(known.management.values(), "calls") if dialects is None else {},
        }
    )


def _unsourced(facts: Iterable[Fact], parts: str = "") -> Json:
    """Facts as JSON, without who states them; `parts` is the field whose items name sources of their own."""
    left_out: dict[str, Any] = {"sources": True, "claims": True, "notes": True}
    if parts:
        left_out[parts] = {"__all__": {"sources"}}
    return {fact.id: fact.model_dump(mode="json", exclude_unset=True, exclude=left_out) for fact in facts}
