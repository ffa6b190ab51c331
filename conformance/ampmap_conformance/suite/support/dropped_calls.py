"""Calls whose connection to the upstream dies without an answer, and how often the proxy makes them then."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from ...checks.expect import assert_served, expect
from ...observer import End, Reply
from ...wire.messages import Exchange, UpstreamRequest

DROPS = MappingProxyType(
    {"closed": End.CUT_BEFORE_HEAD, "reset": End.RESET_BEFORE_HEAD, "half-read": End.RESET_IN_REQUEST}
)
"""How the connection dies, by the words of the axis `dropped_call`."""
CALLS = 12
"""Calls until one is carried by a new connection: more than the connections that a proxy was seen to keep here."""
DROPPED = 24
"""Calls that are dropped: a proxy may repeat a GET as often as it has kept connections."""
LONG = b" " * (1 << 18)
"""Blanks behind a body, so that an upstream which stops reading has not read all of it."""
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods that a proxy may repeat (RFC 9110, section 9.2.2)."""


def dropping(word: str) -> tuple[Reply, ...]:
    """Replies of an upstream whose connections die in this way, again and again."""
    return (Reply(end=DROPS[word]),) * DROPPED


def assert_never_repeated(send: Callable[[], Exchange]) -> None:
    """No call was made again at the same back end after it had died on a new connection.

    A connection that was kept may have been closed by an upstream that never saw the call, so a second try is right.
    Such a connection is gone afterwards: `send` makes the call until a new one carried it.
    """
    for _ in range(CALLS):
        exchange = send()
        _assert_not_repeated(exchange)
        if min(exchange.upstream, key=lambda request: request.at).turn == 1:
            return


def _assert_not_repeated(exchange: Exchange) -> None:
    assert_served(exchange)
    calls = sorted(exchange.upstream, key=lambda request: request.at)
    again = [later for place, later in enumerate(calls) if any(_repeats(first, later) for first in calls[:place])]
    saying = "a call whose connection died without an answer was sent again"
    seen = ", ".join(f"{request.method} at {request.persona}" for request in calls)
    expect(not again, saying, expected="one request", actual=f"{len(calls)} requests: {seen}")


def _repeats(first: UpstreamRequest, later: UpstreamRequest) -> bool:
    return first.turn == 1 and first.persona == later.persona
