"""What is known of a build: facts of six kinds, each as it stands in the build's text."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A row of the client's catalogue."""

    id: str
    provider: str
    """As the catalogue calls it, e.g. `vertexai`, which is not always the provider of the path."""
    display_name: str | None = None
    context: int | None = None
    """Tokens of the context window."""
    output: int | None = None
    """Tokens that an answer may have."""


@dataclass(frozen=True, slots=True)
class FoundMode:
    """A mode of the agent, and the models that the build names for it, the first one first."""

    name: str
    models: tuple[str, ...]
    is_shown: bool
    """Whether the client's help lists it."""


@dataclass(frozen=True)
class BuildFacts:
    """All that was read in one build."""

    build: str | None
    """Its version, e.g. `0.0.1777897475-g2324e1`."""
    is_native: bool
    models: tuple[FoundModel, ...] = ()
    modes: tuple[FoundMode, ...] = ()
    base_paths: tuple[str, ...] = ()
    """Paths below `/api/provider/`."""
    headers: tuple[str, ...] = ()
    """Names of headers that the client itself sets."""
    quoted: frozenset[str] = field(default=frozenset(), repr=False)
    """Every name that stands in quotes and has the form of a header's, in lower case."""
    methods: tuple[str, ...] = ()
    """Methods of `POST /api/internal?METHOD`."""
    paths: tuple[str, ...] = ()
    """Other paths below `amp.url`; `{}` stands for what differs from call to call."""

    @property
    def calls_models(self) -> bool:
        """Whether the build addresses a model provider below `amp.url` at all."""
        return bool(self.base_paths)


NOT_EXTRACTABLE: Final = MappingProxyType(
    {
        "models": "the id that is sent, where it is not the catalogue's; models that a user may name beside it",
        "modes": "which model leads a mode where a flag of the account decides: all that it may be are listed",
        "base paths": "what an SDK appends to the path",
        "headers": "which call carries a header, its value, and headers that an SDK adds",
        "methods": "when a method is called, and what answer the client needs",
        "tools": "the model that a tool calls",
        "calls": "body keys, streaming and how the key is carried; `ampmap-conformance record` sees them",
    }
)
"""What no reading of a build's text tells, by kind of fact."""
