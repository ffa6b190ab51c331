"""Errors that tell the client when to try again: by status, and by how `Retry-After` is written."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from ...cases.cases import CallCase
from ...checks.expect import assert_header, assert_served, expect
from ...checks.findings import gathering
from ...observer import Reply
from ...probe.probe import Probe
from ...wire.messages import Exchange
from .attempts import ATTEMPTS

SECONDS, DATE = "7", "Wed, 21 Oct 2099 07:28:00 GMT"
"""The two forms of `Retry-After` (RFC 9110, section 10.2.3)."""
HINTS = ((400, SECONDS), (429, SECONDS), (429, DATE), (503, SECONDS), (503, DATE), (529, SECONDS))
"""Statuses that SDKs retry, and one that they do not, each with the value of `Retry-After` beside it."""
OTHERS = MappingProxyType({"x-should-retry": "false"})
"""The values of retry headers that are not times."""
RETRY_AFTER = "retry-after"


def assert_every_hint_relayed(case: CallCase, probe: Probe) -> None:
    """The proxy relays the retry headers of the dialect unchanged, with each status that has them."""
    names = probe.relayed_headers(case, "conditional")
    with gathering() as part:
        for status, value in HINTS:
            lines = hint_lines(names, value)
            with part():
                exchange = probe.send(case, replies=(Reply.error(status, more_headers=lines),) * ATTEMPTS)
                assert_hints_relayed(exchange, status, lines)


def hint_lines(names: Iterable[str], value: str) -> tuple[tuple[str, str], ...]:
    """A line for each of these retry headers; only `Retry-After` may hold a date."""
    return tuple((name, value if name.lower() == RETRY_AFTER else OTHERS.get(name.lower(), SECONDS)) for name in names)


def assert_hints_relayed(exchange: Exchange, status: int, lines: Iterable[tuple[str, str]]) -> None:
    """The client got an error with these retry headers as the upstream wrote them."""
    assert_served(exchange)
    came = exchange.response
    expect(came.status >= 400, "the error was not relayed", expected=f"status {status}", actual=f"status {came.status}")
    saying = f"a header that steers retries was lost or changed with status {status}"
    with gathering() as part:
        for name, value in lines:
            with part():
                assert_header(came.headers, name, value, saying=saying)
