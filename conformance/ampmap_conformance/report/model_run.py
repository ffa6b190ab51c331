"""What a run sent, and with what: parts of the report (`model.py`)."""

from __future__ import annotations

from ..engine.estimate import PaidCalls
from ..reference.types import Shape


class Requests(Shape):
    """How many requests the target got."""

    planned: int
    """Upper estimate of the requests in the plan; cases that fail may send a few more."""
    sent: int
    limit: int | None = None
    """`--max-requests`."""
    rate: float | None = None
    """`--rate`, in requests per second."""
    paid: tuple[PaidCalls, ...] = ()
    """What the target's own upstreams may charge for, by model; nothing where an observer takes their place."""


class Generated(Shape):
    """What the data of the profile `fuzz` came from; the same values give the same data."""

    seed: int
    max_examples: int
    """Random requests for each operation, beside those of the coverage phase."""
    by: str
    """The generator and its version."""


class Client(Shape):
    """An SDK that made calls."""

    name: str
    """As it is called on the package index."""
    version: str
