"""What all probes of a run share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from ssl import SSLContext
from threading import RLock
from typing import Any, Protocol

from ..cases.cases import Case
from ..dialects.schemas import Schemas
from ..dialects.upstream_calls import UpstreamCalls
from ..meanings import Codec, codecs
from ..observer.api import Observing
from ..observer.script import Reply
from ..reference.types import Reference
from ..target.reload import Reloading
from ..target.target import Target
from ..wire.client import ProxyClient
from ..wire.foreign_peer import Sender
from ..wire.messages import Exchange
from ..wire.redaction import SecretBook
from .budget import Budget
from .exchange import Sending
from .once import SharedCalls
from .patience import OBSERVED, UNOBSERVED, Patience, patience_for
from .requests import RequestForms

LARGE = 4 << 20
"""Bytes of a call, with its scripted answers, from which on it is large."""


class GeneratedRequests(Protocol):
    """What the generated requests of a case showed."""

    def raise_for(self, rule: str, exchanges: list[Exchange]) -> None:
        """Raise what was found out about a rule, and add the request that shows it to `exchanges`."""


class Fuzzing(Protocol):
    """Sends generated data, once for all rules on it."""

    def require(self, cases: Iterable[Case]) -> None:
        """Say which cases will be asked for. Raises UsageError when nothing can be generated."""

    def of(self, case: Case, rule: str, context: RunContext) -> GeneratedRequests:
        """The generated requests of a case, asked for one rule. Raises NotTestableError and KitFaultError."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What all probes of a run share."""

    target: Target
    client: ProxyClient
    secrets: SecretBook
    schemas: Schemas
    observer: Observing | None = None
    budget: Budget = field(default_factory=Budget)
    direct: ProxyClient | None = None
    """To the observer without the proxy, for a run that attributes failures."""
    near: ProxyClient | None = None
    """Calls a target on this machine by its loopback address, where its own address is another one."""
    tls: SSLContext | None = None
    """What calls to the target use for https; None for a target without."""
    foreign: Sender | None = None
    """Calls the target from another address than its own machine's loopback."""
    reloading: Reloading | None = None
    """Changes the target's configuration."""
    fuzzing: Fuzzing | None = None
    on_send: Callable[[Sending], None] | None = None
    """Called with each request before it is sent, for measurements."""
    large: contextlib.AbstractContextManager[Any] = field(default_factory=RLock)
    """Taken by a case, or else a call, of some MB, of which a proxy in this process and the observer hold copies."""
    timeout: float | None = None
    """Seconds that a probe waits for an answer in all; None leaves it to `patience_for`."""

    @property
    def reference(self) -> Reference:
        """The reference that the target is held against."""
        return self.target.reference

    def calling_by(self, client: ProxyClient) -> RunContext:
        """The same run with another client; it keeps what was looked up already."""
        made = replace(self, client=client)
        found = {name: value for name, value in self.__dict__.items() if name not in made.__dict__}
        made.__dict__.update(found)
        return made

    def patience(self, replies: Iterable[Reply] = (), sent: int = 0) -> Patience:
        """How long a call with `sent` bytes of body is waited for that the upstream answers with `replies`."""
        if self.timeout is not None:
            return Patience(self.timeout, self.timeout)
        usual = UNOBSERVED if self.observer is None else OBSERVED
        return patience_for(replies, self.target.policy, usual, sent)

    @cached_property
    def codecs(self) -> dict[str, Codec]:
        """What reads and writes each dialect."""
        return codecs(self.reference)

    @cached_property
    def dialects_seen(self) -> dict[tuple[str, str, str], str]:
        """In which dialect a provider was seen to be called for calls of a client's dialect that go to a persona."""
        return {}

    @cached_property
    def answers(self) -> SharedCalls:
        """Calls whose answers several checks judge."""
        return SharedCalls()

    @cached_property
    def served(self) -> dict[tuple[str, str, str, bool], bool]:
        """Whether a plain call was served the first time: by provider, operation, persona, and stream or not."""
        return {}

    @cached_property
    def calls(self) -> UpstreamCalls:
        """Which call a request to an upstream makes."""
        return UpstreamCalls(self.reference)

    @cached_property
    def forms(self) -> RequestForms:
        """The requests of the reference's calls."""
        return RequestForms(self.reference, self.schemas)
