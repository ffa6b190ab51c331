"""What the reference proxy is configured with. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..meanings import Codec
from ..reference.types import Call, Reference
from ..target.amp_config import BlockMapping


@dataclass(frozen=True, slots=True)
class Translation:
    """How a call of one dialect is made in another."""

    client: Codec = field(repr=False)
    upstream: Codec = field(repr=False)
    call: Call = field(repr=False)
    """The operation that is called upstream, as the vendor of its dialect serves it."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A provider's server. `url` stands for the scheme and host of the provider's own upstream URL."""

    url: str
    key: str = field(repr=False)
    translations: Mapping[str, Translation] = field(default_factory=dict)
    """By the dialects of clients that this server does not speak. The others are forwarded as they are."""


@dataclass(frozen=True, slots=True)
class AmpUpstream:
    """Amp's own servers, and the keys with which the proxy calls them."""

    url: str
    key: str | None = field(default=None, repr=False)
    keys_by_client: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Amp keys for single client keys; `key` serves the other clients."""


@dataclass(frozen=True)
class ProxyConfig:
    """Everything that an operator decides."""

    reference: Reference = field(repr=False)
    client_keys: tuple[str, ...] = field(repr=False)
    """Keys that clients may use. With none, every call that needs one is refused."""
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    """By provider id. A provider without one serves no model of its own."""
    amp: AmpUpstream | None = None
    unavailable: frozenset[str] = frozenset()
    """Model ids that no upstream of this proxy serves. Every other id is taken to be served, known or not."""
    mappings: tuple[BlockMapping, ...] = ()
    force_mappings: bool = False
    """Mappings win over models that are served here."""
    restrict_management_to_localhost: bool = False
    body_limit: int = 32 << 20
    """Bytes of a request body beyond which the answer is 413."""
    connect_timeout: float = 5.0
    """Seconds."""
    answer_timeout: float = 600.0
    """Seconds until the head of the upstream's answer; a stream that has begun may take any time."""
    stream_idle_timeout: float | None = None
    """Seconds of silence in an answer that has begun, after which it is given up; None for any time."""


def config_for_observer(
    reference: Reference, persona_url: Callable[[str], str], client_keys: Iterable[str]
) -> ProxyConfig:
    """Every provider and the Amp upstream played by an observer, with a distinct dummy key each.

    `persona_url` gives the URL of a persona, as `Observer.persona_url` does.
    """
    keys = tuple(client_keys)
    return ProxyConfig(
        reference=reference,
        client_keys=keys,
        upstreams={
            provider.id: Upstream(persona_url(provider.id), f"upstream-key-{provider.id}")
            for provider in reference.providers.values()
            if provider.via_proxy
        },
        amp=AmpUpstream(persona_url("amp"), "amp-key", {key: f"amp-key-{place}" for place, key in enumerate(keys, 1)}),
    )
