"""What all probes of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from .budget import Budget
from .client import ProxyClient
from .elsewhere import Sender
from .redaction import SecretBook
from .reference.types import Reference
from .request_forms import RequestForms
from .schemas import Schemas
from .target import Target

if TYPE_CHECKING:
    from .fuzz.session import Campaigns
    from .observer import Observing
    from .reloading import Reloading


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
