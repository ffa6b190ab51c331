"""Whether events come when they are sent: no event is sent before the client has the one before it."""

from __future__ import annotations

from ...cases.cases import Case, ManagementCase, VariedCase
from ...checks.expect import assert_success, expect, only_upstream_request
from ...errors import Violation
from ...observer import Reply
from ...probe.probe import Probe
from ...wire.lockstep import Steps
from ...wire.messages import AMP

ATTEMPTS = 2
"""The best counts: a busy machine holds events back too."""


def assert_flushed(case: Case, probe: Probe, reply: Reply) -> None:
    """The client has each event of a reply's pieces before the next but one is sent, in one of some attempts."""
    elsewhere = isinstance(case, ManagementCase) or (isinstance(case, VariedCase) and case.way == "elsewhere")
    persona = AMP if elsewhere else None
    for left in reversed(range(ATTEMPTS)):
        try:
            _assert_flushed_now(case, probe, reply, persona)
        except Violation:
            if not left:
                raise
        else:
            return


def _assert_flushed_now(case: Case, probe: Probe, reply: Reply, persona: str | None) -> None:
    with Steps() as steps:
        exchange = probe.send_in_step(case, steps, reply)
    only_upstream_request(exchange, persona)
    assert_success(exchange)
    expect(
        not steps.stalled,
        "events were held back",
        expected="each event before later ones are sent",
        actual="an event that came only when all had been sent",
    )
