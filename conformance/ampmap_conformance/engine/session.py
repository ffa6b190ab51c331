"""A run that is ready to begin, as plain values."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property

from ..fuzz.options import PROFILE
from ..probe.context import RunContext
from ..probe.prerequisites import available
from ..reference.types import Reference
from ..releases import Release
from ..target.target import Target
from ..wire.redaction import Scrubber
from .estimate import Estimate, estimate
from .judge import Engine
from .options import RunOptions
from .plan import Plan


@dataclass(frozen=True, kw_only=True)
class Session:
    """A run that is ready to begin."""

    options: RunOptions
    context: RunContext
    plan: Plan
    engine: Engine
    scrubber: Scrubber
    release: Release
    """Which requirements score."""
    begun: float = field(default_factory=time.monotonic)
    """When it was made, in monotonic seconds."""

    @property
    def reference(self) -> Reference:
        """The reference that the target is held against."""
        return self.context.reference

    @property
    def target(self) -> Target:
        """The proxy under test."""
        return self.context.target

    @cached_property
    def estimate(self) -> Estimate:
        """What the run will send."""
        return estimate(
            self.plan,
            self.target,
            available=available(self.context),
            repeat=self.options.repeat,
            max_examples=self.options.max_examples,
            outside=not self.options.require_observer,
        )

    @property
    def generates(self) -> bool:
        """Whether data is generated for any of its cases."""
        return any(task.row.profile == PROFILE for task in self.plan.selected)
