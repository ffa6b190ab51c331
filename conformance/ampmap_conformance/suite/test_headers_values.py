"""Profile headers: rare values, and headers that may occur once."""

from __future__ import annotations

from ..cases.cases import CallCase
from ..checks.expect import assert_header, assert_success, expect, only_upstream_request, shown_status
from ..checks.findings import expect_none, gathering
from ..checks.registry import checks
from ..observer import Reply
from ..probe.probe import Probe
from ..wire.messages import Exchange, Response
from .support.outside import of_answer, of_call

ODD = (("X-Ampmap-Name", "Zo\u00c3\u00ab \u00e6\u0097\u00a5"), ("X-Ampmap-Empty", ""))
"""UTF-8, each octet a letter here, and nothing."""
OF_THE_UPSTREAM = (("Date", "Sat, 21 Nov 2026 08:00:00 GMT"), ("Server", "ampmap-upstream"), ("ETag", '"ampmap-1"'))
ONCE = ("Date", "Server", "ETag", "Content-Type", "Content-Length", "Last-Modified", "Location", "Retry-After", "Age")
"""Headers that are not lists."""


def _with_odd_values(case: CallCase, probe: Probe) -> Exchange:
    return probe.send(case, more_headers=ODD, replies=(Reply(more_headers=ODD),))


@checks("headers.odd-values-harmless")
def test_odd_values_do_no_harm(case: CallCase, probe: Probe) -> None:
    """Given headers with letters beyond ASCII, and empty ones, when call and answer have them, then nothing fails."""
    response = _with_odd_values(case, probe).response

    saying = "the proxy fails on a header that it does not need"
    expect(0 < response.status < 500, saying, expected="no 5xx status", actual=shown_status(response))


@checks(
    "headers.odd-values-served",
    outside=of_call("that a call with letters beyond ASCII in a header is served", _with_odd_values),
)
def test_odd_values_are_served(case: CallCase, probe: Probe) -> None:
    """Given headers with letters beyond ASCII, and empty ones, when call and answer have them, then it succeeds."""
    exchange = _with_odd_values(case, probe)

    only_upstream_request(exchange)
    assert_success(exchange)


@checks("headers.odd-values-kept")
def test_odd_values_are_kept(case: CallCase, probe: Probe) -> None:
    """Given headers with letters beyond ASCII, and empty ones, when they pass, then their values do not change."""
    exchange = _with_odd_values(case, probe)

    upstream = only_upstream_request(exchange)
    with gathering() as part:
        for name, value in ODD:
            for hop, headers in (("the call", upstream.headers), ("the answer", exchange.response.headers)):
                with part():
                    assert_header(headers, name, value, saying=f"a value in {hop} was lost or changed")


def _assert_lines_once(_case: CallCase, _probe: Probe, response: Response) -> None:
    doubled = [name for name in ONCE if len(response.headers.all(name)) > 1]
    expect_none(doubled, "a header occurs twice", expected="each once")


@checks(
    "headers.lines-not-doubled", outside=of_answer("that headers which are not lists occur once", _assert_lines_once)
)
def test_lines_are_not_doubled(case: CallCase, probe: Probe) -> None:
    """Given an answer with date and server, when the proxy relays it, then only headers that are lists occur twice."""
    exchange = probe.send(case, replies=(Reply(more_headers=OF_THE_UPSTREAM),))

    only_upstream_request(exchange)
    _assert_lines_once(case, probe, exchange.response)
