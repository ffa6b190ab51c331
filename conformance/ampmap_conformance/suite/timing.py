"""Whether events come when they are sent: measured several times, for a busy machine holds them back too."""

from __future__ import annotations

from ..cases import Case, ManagementCase, VariedCase
from ..expect import assert_success
from ..expect_streams import assert_flushed
from ..observer import Reply
from ..probe import AMP, Probe
from ..verdicts import Violation

GAP = 0.3
"""Seconds between two events whose times are compared."""
EVENTS = 4
ATTEMPTS = 4
"""The best counts."""


def assert_flushed_once(case: Case, probe: Probe, reply: Reply) -> None:
    """The pieces of a reply, GAP seconds apart, come as they are sent in one of some attempts."""
    elsewhere = isinstance(case, ManagementCase) or (isinstance(case, VariedCase) and case.way == "elsewhere")
    for attempt in range(1, ATTEMPTS + 1):
        exchange = probe.send(case, replies=(reply,))
        exchange.only_upstream_request(AMP if elsewhere else None)
        assert_success(exchange)
        try:
            assert_flushed(exchange, GAP, events=len(reply.pieces or ()))
        except Violation:
            if attempt == ATTEMPTS:
                raise
        else:
            return
