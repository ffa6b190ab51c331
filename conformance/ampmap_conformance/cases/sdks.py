"""The SDKs as data: where each is found, and which calls of which providers it makes.

Base URLs are those of the routing map, as the provider's `base_path` gives them; `root` is what the SDK adds to it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from ..reference.types import Call, Provider, Reference, Root, calls

PROFILE = "clients"
"""The profile whose checks drive them."""
REMEDY = "pip install 'ampmap[clients]'"


@dataclass(frozen=True)
class DrivenSdk:
    """An SDK, and whom it can call."""

    id: str
    package: str
    """Its name on the package index."""
    module: str
    client: str
    """The class of its client."""
    root: str
    """What it adds to the provider's base path before an operation's path."""
    operations: tuple[str, ...]
    """Calls that generate, of which it makes those that the provider has."""
    provider: str | None = None
    """The provider that it is made for; None for one that is used with every provider of a matching form."""
    counts: str | None = None
    """Its call that counts tokens."""
    heeds_hints: bool = True
    """Whether it obeys the headers with which an upstream requests or forbids a retry."""
    reads_data_alone: bool = False
    """Whether it fails on every line of a stream that is not `data:`, such as a comment or the name of an event."""

    def root_at(self, provider: Provider) -> Root | None:
        """The root of a provider at which this SDK calls; None where it does not call this provider."""
        if self.provider not in (None, provider.id):
            return None
        return next((root for root in provider.roots if root.path == self.root), None)

    def calls(self, reference: Reference, provider: Provider) -> Iterator[tuple[Call, Root]]:
        """The calls that it makes at a provider, with the root."""
        root = self.root_at(provider)
        if root is None:
            return
        for call in calls(provider, reference=reference):
            if call.id in self.operations:
                yield call, root

    @property
    def version(self) -> str | None:
        """The version that is installed; None where it is not."""
        return version_of(self.package, self.module)


SDKS = (
    DrivenSdk(
        id="anthropic",
        package="anthropic",
        module="anthropic",
        client="Anthropic",
        root="/v1",
        operations=("messages",),
        provider="anthropic",
        counts="messages.count_tokens",
    ),
    DrivenSdk(
        id="openai",
        package="openai",
        module="openai",
        client="OpenAI",
        root="",
        operations=("chat.completions", "responses"),
    ),
    DrivenSdk(
        id="google_genai",
        package="google-genai",
        module="google.genai",
        client="Client",
        root="/v1beta1/publishers/google",
        operations=("generateContent",),
        provider="google",
        counts="countTokens",
        heeds_hints=False,
        reads_data_alone=True,
    ),
    DrivenSdk(
        id="cerebras",
        package="cerebras-cloud-sdk",
        module="cerebras.cloud.sdk",
        client="Cerebras",
        root="/v1",
        operations=("chat.completions",),
        provider="cerebras",
    ),
    DrivenSdk(
        id="groq",
        package="groq",
        module="groq",
        client="Groq",
        root="/openai/v1",
        operations=("chat.completions",),
        provider="groq",
    ),
)


@cache
def version_of(package: str, module: str) -> str | None:
    """The version of a package if its module is installed; None otherwise."""
    try:
        found = importlib.util.find_spec(module) is not None
        return metadata.version(package) if found else None
    except (ModuleNotFoundError, metadata.PackageNotFoundError):
        return None
