"""Whether events come when they are sent: no event is sent before the client has the one before it."""

from __future__ import annotations

from ..cases import Case, ManagementCase, VariedCase
from ..expect import assert_success, expect
from ..observer import Reply
from ..probe import AMP, Probe
from ..steps import Steps

ATTEMPTS = 2
"""The best counts: a busy machine holds events back too."""


def assert_flushed(case: Case, probe: Probe, reply: Reply) -> None:
    """The client has each event of a reply's pieces before the next but one is sent, in one of some attempts."""
    elsewhere = isinstance(case, ManagementCase) or (isinstance(case, VariedCase) and case.way == "elsewhere")
    stalled, attempts = True, 0
    while stalled and attempts < ATTEMPTS:
        with Steps() as steps:
            exchange = probe.send_in_step(case, steps, reply)
        exchange.only_upstream_request(AMP if elsewhere else None)
        assert_success(exchange)
        stalled, attempts = steps.stalled, attempts + 1
    expect(
        not stalled,
        "events were held back",
        expected="each event before later ones are sent",
        actual="an event that came only when all had been sent",
    )
