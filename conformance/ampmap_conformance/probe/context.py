"""What all probes of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..dialects.schemas import Schemas
from ..reference.types import Reference
from ..target.target import Target
from ..wire.client import ProxyClient
from ..wire.foreign_peer import Sender
from ..wire.redaction import SecretBook
from .budget import Budget
from .requests import RequestForms

if TYPE_CHECKING:
    from ..fuzz.session import Campaigns
    from ..observer import Observing
    from ..target.reload import Reloading


@dataclass(frozen=True)
class Setting:
    """What all probes of a run share."""

    reference: Reference
    target: Target
    client: ProxyClient
    observer: Observing | None
    secrets: SecretBook
    schemas: Schemas
    budget: Budget = field(default_factory=Budget)
    direct: ProxyClient | None = None
    """To the observer without the proxy, for a run that attributes failures."""
    foreign: Sender | None = None
    """Calls the target from another address than its own machine's loopback."""
    reloading: Reloading | None = None
    """Changes the target's configuration."""
    fuzzing: Campaigns | None = None
    """Sends generated data, once for all rules on it."""
    timeout: float = 30.0

    @cached_property
    def forms(self) -> RequestForms:
        """The requests of the reference's calls."""
        return RequestForms(self.reference, self.schemas)
