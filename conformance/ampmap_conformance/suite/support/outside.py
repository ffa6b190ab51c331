"""What a client sees of a rule by itself: the parts of checks that are made where no observer sees the upstreams."""

from __future__ import annotations

from ...cases.cases import CallCase
from ...checks.expect import assert_equal, assert_whole, expect
from ...checks.expect_streams import came_events
from ...dialects.stream_order import broken_rule
from ...errors import NotTestableError
from ...probe.probe import Probe
from ...wire.messages import Response, media_type
from ...wire.sse import decode_body


def whole_answer(case: CallCase, probe: Probe) -> None:
    """An answer to a plain call is complete, and is one of its dialect."""
    response = _served(case, probe)
    assert_whole(response)
    problem = probe.schemas.response(case.call, decode_body(response.headers, response.body))
    saying, wanted = "the answer is not one of the dialect", "an answer that the dialect's schema allows"
    expect(problem is None, saying, expected=wanted, actual=problem or "")


def whole_stream(case: CallCase, probe: Probe) -> None:
    """The stream of a plain call is complete and marked as one, and a client of its dialect can follow it."""
    response = _served(case, probe)
    assert_whole(response)
    kind = media_type(response.headers.get("content-type"))
    assert_equal(kind, "text/event-stream", "the answer is not marked as a stream")
    events = came_events(response)
    expect(bool(events), "the stream has no events", expected="at least one event", actual="none")
    problem = probe.schemas.stream(case.call, decode_body(response.headers, response.body))
    if problem is None:
        problem = broken_rule(probe.reference.endpoints[case.call.dialect], events)
    expect(problem is None, "a client cannot follow the stream", expected="the dialect's order", actual=problem or "")


def _served(case: CallCase, probe: Probe) -> Response:
    """The answer to the call of a case. Raises NotTestableError where it is an error: it may be the upstream's own."""
    response = probe.send(case).response
    if not 200 <= response.status < 300:
        raise NotTestableError(f"the call was answered with status {response.status}, and the upstream was not seen")
    return response
