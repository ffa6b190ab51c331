"""The compiled spec as one value."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import AgentModeId, DialectId, Edition, ErrorShapeId, ProviderId, Shape, Source, SourceId
from .catalogue import AgentMode, Fallback, Flow, HeaderSet, ManagementRoute, Model, Requirement, Setting, Tool
from .platforms import Platform
from .wire import Endpoint, ErrorShape, Provider


class Reference(Shape):
    """The compiled spec of one edition. Every mapping is keyed by id."""

    schema_version: Literal[1] = 1
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    """Of the canonical JSON of everything else."""
    edition: Edition
    layers: tuple[str, ...] = ()
    """Company layers that are laid over the edition, by the names of their folders, lowest first."""
    sources: dict[SourceId, Source]
    providers: dict[ProviderId, Provider]
    endpoints: dict[DialectId, Endpoint]
    error_shapes: dict[ErrorShapeId, ErrorShape]
    models: dict[str, Model]
    """Keyed `<provider>/<model id>`."""
    agent_modes: dict[AgentModeId, AgentMode]
    tools: dict[str, Tool]
    headers: dict[str, HeaderSet]
    settings: dict[str, Setting]
    flows: dict[str, Flow]
    management: dict[str, ManagementRoute]
    fallback: dict[str, Fallback]
    platforms: dict[str, Platform]
    requirements: dict[str, Requirement] = {}
    """Empty in the vendored module: rules for proxies are the conformance kit's business."""
