"""Cases: one typed, named cell of a requirement each, with the request that it makes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from ..reference.types import (
    AgentMode,
    Call,
    CredentialCarrier,
    ManagementRoute,
    Method,
    Provider,
    Root,
)
from ..target.target import Target, Way
from ..wire.messages import AMP
from .sdks import DrivenSdk

WARM_UP = "tcp_warming"
"""The call that only opens a connection; a proxy may answer it itself."""

PLACES = MappingProxyType({"{project}": "example-project", "{location}": "global"})
"""What stands for the parameters of a root."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One cell of a requirement's expansion."""

    name: str = ""
    factors: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    """The word of each axis, in the order of the axes; empty for its usual form."""

    @property
    def method(self) -> str:
        """The method of the call."""
        raise NotImplementedError

    @property
    def target(self) -> str:
        """Path and query on the proxy."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CallCase(Case):
    """A call of a provider: which operation, for which model, on which of its roots, streaming or not."""

    call: Call
    model: str
    """The id as it is sent."""
    stream: bool = False
    root: Root

    @property
    def provider(self) -> Provider:
        """Whose call it is."""
        return self.call.provider

    @property
    def method(self) -> str:
        """The operation's method."""
        return self.call.operation.method

    @property
    def target(self) -> str:
        """Path and query on the proxy."""
        return _placed(self.call.path(self.model, stream=self.stream, root=self.root))

    @property
    def upstream_target(self) -> str:
        """Path and query that must arrive at the provider."""
        url = urlsplit(_placed(self.call.upstream_url(self.model, stream=self.stream, root=self.root)))
        return f"{url.path}?{url.query}" if url.query else url.path


@dataclass(frozen=True, kw_only=True)
class VariedCase(CallCase):
    """A call, words for what is special about it, and which way its model goes."""

    variation: str = ""
    way: Way = "local"


@dataclass(frozen=True, kw_only=True)
class CredentialCase(VariedCase):
    """A call, and a way to carry a credential."""

    carrier: CredentialCarrier


@dataclass(frozen=True, kw_only=True)
class StatusCase(VariedCase):
    """A call, and the status that the upstream answers with."""

    status: int


@dataclass(frozen=True, kw_only=True)
class ClientCase(VariedCase):
    """A call that an SDK makes itself."""

    sdk: DrivenSdk


@dataclass(frozen=True, kw_only=True)
class ModeCase(CallCase):
    """The call that an agent mode makes for its primary model."""

    mode: AgentMode


@dataclass(frozen=True, kw_only=True)
class ManagementCase(Case):
    """One path of a family that is forwarded to Amp's own servers, with one method.

    As with the calls of providers, a word may say what is special about it, and a carrier where its credential is.
    """

    route: ManagementRoute
    verb: Method
    path: str
    variation: str = ""
    carrier: CredentialCarrier | None = None

    @property
    def method(self) -> str:
        """The method that this case uses."""
        return self.verb

    @property
    def target(self) -> str:
        """The path; it is the same at Amp's servers."""
        return self.path


def back_end_of(case: Case, target: Target) -> str:
    """Where a case's call must arrive: the id of a provider, or `AMP`."""
    if not isinstance(case, CallCase):
        return AMP
    operation = case.call.operation
    if not operation.metered and case.call.id != WARM_UP and target.lists_of(case.provider) == "amp":
        return AMP
    return target.back_end_of(case.provider, "" if operation.model_in == "none" else case.model)


def _placed(path: str) -> str:
    for parameter, value in PLACES.items():
        path = path.replace(parameter, value)
    return path
