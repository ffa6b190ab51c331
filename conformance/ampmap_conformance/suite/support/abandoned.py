"""Calls whose client leaves while the upstream says nothing."""

from __future__ import annotations

from ...cases.cases import Case
from ...checks.expect import expect
from ...observer import Reply
from ...probe.probe import Probe

FAR = 30.0
"""Seconds for which the upstream would continue for a client that has left."""
LEAVING = 0.8
"""Seconds after which a client leaves that has no part of its answer yet."""
NOTICED = 5.0
"""Seconds within which the upstream must be left too."""


def assert_left(case: Case, probe: Probe, reply: Reply, *, patience: float | None) -> None:
    """The proxy leaves an upstream whose client has left, well before the proxy would give it up after `patience`."""
    rest = (patience or FAR) - LEAVING
    left = probe.leave(case, after=LEAVING, within=min(NOTICED, rest * 0.6), replies=(reply,))

    saying = "the upstream works for a client that has left"
    expect(left, saying, expected="a closed connection soon after", actual="a call that continues")
