"""The values that pass through the reference proxy's pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from typing import TypeAlias

from ..dialects.routes import Match
from ..reference.types import ManagementRoute, Provider
from ..wire.messages import Headers
from .config import AmpUpstream, ProxyConfig, Translation, Upstream


@dataclass(frozen=True, slots=True)
class Incoming:
    """A client's request, read whole."""

    method: str
    path: str
    """Byte for byte, without the query."""
    query: str
    """Byte for byte, without the question mark; empty where there is none."""
    headers: Headers
    body: bytes
    peer: str
    """Address of the TCP peer."""
    too_large: bool = False
    """The body was over the limit, and is not here."""
    in_pieces: bool = False
    """The body came in several pieces."""


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """The request is an operation of a provider."""

    provider: Provider
    match: Match


@dataclass(frozen=True, slots=True)
class ManagementPath:
    """The path is one of Amp's own servers."""

    route: ManagementRoute


@dataclass(frozen=True, slots=True)
class Refusal:
    """The proxy answers itself, with an error in the form of `about`."""

    status: int
    message: str
    about: Provider | ManagementRoute | None = None
    lines: tuple[tuple[str, str], ...] = ()
    open: bool = False
    """The answer is the same without a credential."""


Place: TypeAlias = ProviderCall | ManagementPath | Refusal
"""What a path means."""


@dataclass(frozen=True, slots=True)
class Local:
    """The provider's own upstream takes the call, as `mapped` if that is a model id."""

    upstream: Upstream
    mapped: str | None = None


@dataclass(frozen=True, slots=True)
class Amp:
    """Amp's own servers take the call."""

    upstream: AmpUpstream


BackEnd: TypeAlias = Local | Amp


@dataclass(frozen=True, slots=True)
class RoutedExchange:
    """A request with every decision taken: what the functions that build and relay messages go by."""

    config: ProxyConfig
    incoming: Incoming
    place: ProviderCall | ManagementPath
    key: str | None
    """The client key that was accepted; None on open routes without one."""
    model: str | None
    """As the client named it."""
    back_end: BackEnd

    @property
    def mapped(self) -> str | None:
        """The model that serves in place of the named one, or None."""
        return self.back_end.mapped if isinstance(self.back_end, Local) else None

    @property
    def translation(self) -> Translation | None:
        """How the call is made in another dialect; None where it is forwarded in the client's own."""
        if not isinstance(self.back_end, Local) or not isinstance(self.place, ProviderCall):
            return None
        return self.back_end.upstream.translations.get(self.place.match.call.dialect)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to an upstream. `target` is path and query, byte for byte."""

    method: str
    base: str
    """Scheme, host and port."""
    target: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """An answer that the proxy makes itself."""

    status: int
    headers: Headers
    body: bytes


@unique
class UpstreamFailure(Enum):
    """Why no answer came from the upstream."""

    UNREACHABLE = "unreachable"
    """Refused, reset or closed before the head of an answer."""
    TIMEOUT = "timeout"
    UNREADABLE = "unreadable"
    """An answer came that does not say anything in the dialect in which the upstream was called."""
