"""Which folder of `spec/` holds which shape.

The layout is the table: a file's path is the id of the fact in it. A *single* kind has one fact
per file; a *collection* has a mapping of id to fact per file.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..vendored.base import Edition, Shape, Source
from ..vendored.catalogue import (
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
from ..vendored.meanings import Meanings
from ..vendored.platforms import (
    AuthMode,
    CatalogField,
    Command,
    Option,
    PlatformAbout,
    PlatformError,
    PlatformModel,
    PlatformProvider,
    ResolutionStep,
    Rule,
    Troubleshooting,
)
from ..vendored.remedies import ServerRemedies
from ..vendored.wire import Endpoint, ErrorShape, Provider
from .spec_only_shapes import Release, Suppression


@dataclass(frozen=True)
class Kind:
    """One kind of document.

    `name` is the attribute of `Reference` (or of `Platform`) that holds it; `injected` names the
    field, beside `id`, that is taken from the file's name.
    """

    name: str
    folder: str
    shape: type[Shape]
    collection: bool = False
    injected: str | None = None


KINDS = (
    Kind("sources", "sources", Source),
    Kind("editions", "editions", Edition),
    Kind("providers", "providers", Provider),
    Kind("endpoints", "endpoints", Endpoint),
    Kind("meanings", "meanings", Meanings),
    Kind("error_shapes", "errors", ErrorShape),
    Kind("models", "models", Model, collection=True, injected="provider"),
    Kind("agent_modes", "agent_modes", AgentMode),
    Kind("hosted_modes", "hosted_modes", HostedMode, collection=True),
    Kind("tools", "tools", Tool),
    Kind("headers", "headers", HeaderSet),
    Kind("settings", "settings", Setting, collection=True),
    Kind("flows", "flows", Flow),
    Kind("management", "management", ManagementRoute, collection=True),
    Kind("fallback", "fallback", Fallback),
    Kind("requirements", "requirements", Requirement, collection=True, injected="profile"),
    Kind("remedies", "remedies", ServerRemedies),
)

ROOT_KINDS = (
    Kind("suppressions", "suppressions.yaml", Suppression, collection=True),
    Kind("releases", "releases.yaml", Release, collection=True),
)
"""Files beside the folders: about the spec, no part of the reference."""

PLATFORM_KINDS = (
    Kind("about", "platforms/*/about.yaml", PlatformAbout),
    Kind("auth_modes", "platforms/*/auth_modes.yaml", AuthMode, collection=True),
    Kind("providers", "platforms/*/providers.yaml", PlatformProvider, collection=True),
    Kind("models", "platforms/*/models.yaml", PlatformModel, collection=True),
    Kind("errors", "platforms/*/errors.yaml", PlatformError, collection=True),
    Kind("commands", "platforms/*/commands.yaml", Command, collection=True),
    Kind("options", "platforms/*/options.yaml", Option, collection=True),
    Kind("troubleshooting", "platforms/*/troubleshooting.yaml", Troubleshooting, collection=True),
    Kind("catalog_fields", "platforms/*/catalog_fields.yaml", CatalogField, collection=True),
    Kind("steps", "platforms/*/steps.yaml", ResolutionStep, collection=True),
    Kind("rules", "platforms/*/rules.yaml", Rule, collection=True),
)
