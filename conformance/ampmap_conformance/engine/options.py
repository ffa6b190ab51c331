"""What a user asks of a run."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from ..cases.covering import Depth
from ..fuzz.options import DEFAULT_SEED

DEFAULT_WORKERS = 8


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the user asks of a run."""

    target: Path | None = None
    base_url: str | None = None
    reference: Path | None = None
    edition: str | None = None
    observer: str | None = None
    server: str | None = None
    """What the target was built with, by a name that the reference's remedies have; by default its answers tell."""
    profiles: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    depth: Depth = Depth.DEFAULT
    """How many cells of each requirement are made."""
    workers: int = DEFAULT_WORKERS
    strict: bool = False
    fail_fast: bool = False
    require_observer: bool = False
    """Whether a run without an observer is incomplete; without this it is judged by what the client sees."""
    allow_partial: bool = False
    """Whether a target that leaves out what is core may end with 0."""
    defects: tuple[str, ...] = ()
    """Faults of the embedded proxy to switch on."""
    variant: str | None = None
    """The unusual proxy to embed in place of the plain one."""
    baseline: Path | None = None
    today: datetime.date | None = None
    """The day on which the baseline's entries must still hold; today by default."""
    trace: tuple[str, ...] = ()
    """Patterns of cases of which the report keeps the exchanges, whatever they came to."""
    repeat: int = 1
    """How often each case is made; one that does not always come to the same is flaky."""
    attribute: bool = False
    """Make failing cases again without the proxy, to tell whose fault they are."""
    max_requests: int | None = None
    time_limit: float | None = None
    """Seconds after which no request is sent any more."""
    rate: float | None = None
    """Requests to the target per second."""
    seed: int = DEFAULT_SEED
    """What the data of the profile `fuzz` is generated from."""
    max_examples: int = 0
    """How many random requests it adds for each operation of the document."""
    openapi: Path | None = None
    """The document that it generates from, in place of the packaged one."""
