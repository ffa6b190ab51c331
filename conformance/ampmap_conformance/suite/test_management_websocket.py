"""Profile management: WebSockets that Amp's servers open are passed on whole, or not opened for the client."""

from __future__ import annotations

from ..cases.cases import ManagementCase
from ..checks.expect import (
    assert_absent,
    assert_answered,
    assert_equal,
    assert_header,
    expect,
    only_upstream_request,
)
from ..checks.findings import expect_none, gathering
from ..checks.registry import checks
from ..observer import Reply, Switch
from ..probe.probe import Probe
from ..target.target import Target
from ..wire.credentials import NO_CREDENTIAL, carried, holding
from ..wire.messages import AMP, Exchange
from ..wire.websocket import SWITCHING, Offer, Said, Talk, Talked, accepting_lines, subprotocols_of
from .support.management_conditions import is_first_family, is_read, is_sample

SUBPROTOCOLS = ("rivet", "rivet_encoding.bare", "ampmap_token.%7B%22a%22%3A1%7D")
"""Such as clients send: the one that is spoken, and others that carry data, percent-encoded."""
GREETING = '{"jsonrpc":"2.0","method":"ampmap_greeting","params":{}}'
ASKED = '{"jsonrpc":"2.0","id":"ampmap-1","method":"executor_connect","params":{"é":[1,null]}}'
LONG = "ampmap " * 20_000
"""Longer than 64 KiB, from where on a frame states its length in 8 bytes."""
SAYS: tuple[Said, ...] = ("ping", ASKED, bytes(range(256)), "", LONG)
ANSWERS: tuple[Said, ...] = (
    GREETING,
    "pong",
    '{"jsonrpc":"2.0","id":"ampmap-1","result":{"method":"executor_connect","params":{"é":[1,null]}}}',
    *SAYS[2:],
)
CLOSES = 4001
NOTICED = 2.0
"""Seconds within which the other end is closed."""
GREETED = Reply(switch=Switch(greeting=GREETING))
NOT_OPENED = Reply(status=200)
ENDED = Reply(switch=Switch(closes=CLOSES))


def is_sample_read(case: ManagementCase, target: Target) -> bool:
    """One family of each kind that takes GET."""
    return is_read(case, target) and is_sample(case, target)


def is_first_read(case: ManagementCase, target: Target) -> bool:
    """One family, which takes GET."""
    return is_read(case, target) and is_first_family(case, target)


@checks("management.websocket", when=is_sample_read)
def test_websocket_is_passed_on(case: ManagementCase, probe: Probe) -> None:
    """Given Amp's servers that open a WebSocket, when the proxy opens it too, then everything passes both ways."""
    exchange, talked = probe.talk(
        case,
        Talk(says=SAYS, hears_first=1, pings=True),
        subprotocols=SUBPROTOCOLS,
        replies=(GREETED,),
    )

    if not _is_open(exchange):
        return
    with gathering() as part:
        with part():
            _assert_opened_by_amp(exchange)
        with part():
            _assert_all_heard(talked)


def _is_open(exchange: Exchange) -> bool:
    """Whether the proxy opened the WebSocket; it need not."""
    assert_answered(exchange)
    return exchange.response.status == SWITCHING


def _assert_opened_by_amp(exchange: Exchange) -> None:
    """The answer is the one to this client's offer, with what Amp's servers chose."""
    upstream = only_upstream_request(exchange, AMP)
    offered = ", ".join(subprotocols_of(upstream.headers))
    assert_equal(offered, ", ".join(SUBPROTOCOLS), "the upstream got other subprotocols")
    for name, value in accepting_lines(exchange.request.headers):
        if name in (Offer.ACCEPT, Offer.PROTOCOL):
            assert_header(exchange.response.headers, name, value, saying="the client cannot accept the answer")


def _assert_all_heard(talked: Talked) -> None:
    """Every message came through both ways, in order, as did the ping and the closing."""
    for number, answer in enumerate(ANSWERS, start=1):
        saying = f"message {number} of {len(ANSWERS)} did not come through"
        came = number <= len(talked.heard)
        expect(came, saying, expected=_shown(answer), actual=f"nothing: {talked.ending}")
        assert_equal(talked.heard[number - 1], answer, saying)
    expect(talked.ponged, "a ping got no answer", expected="a pong", actual=f"nothing: {talked.ending}")
    closed = talked.closed is not None
    expect(closed, "the end of the WebSocket got no answer", expected="a closing frame", actual=str(talked.ending))


def _shown(said: Said) -> str:
    text = said if isinstance(said, str) else f"{len(said)} bytes"
    return f"{text[:40]}..." if len(text) > 40 else text or "an empty message"


@checks("management.websocket-open-for-both", when=is_first_read)
def test_websocket_is_open_for_both(case: ManagementCase, probe: Probe) -> None:
    """Given Amp's servers that open a WebSocket, when the client's offer reached them, then the client gets it open."""
    exchange, _ = probe.talk(case, Talk(says=("a",)), replies=(GREETED,))

    accepted = any(answer.status == SWITCHING for answer in exchange.answers)
    status = exchange.response.status  # none where the proxy hangs, which `management.websocket` tells
    saying = "Amp's servers hold a WebSocket open that the client did not get"
    held = not accepted or status in (0, SWITCHING)
    expect(held, saying, expected=f"status {SWITCHING}", actual=f"status {status}")


@checks("management.websocket-ends", when=is_first_read, requests=2)
def test_both_ends_of_a_websocket_end(case: ManagementCase, probe: Probe) -> None:
    """Given an open WebSocket, when one end is closed, then the proxy closes the other."""
    with gathering() as part:
        with part():
            exchange, talked = probe.talk(case, Talk(says=("a",)), replies=(ENDED,))
            if _is_open(exchange):
                code = str(talked.closed) if talked.closed is not None else f"none: {talked.ending}"
                assert_equal(code, str(CLOSES), "the client is not told how Amp's servers ended the WebSocket")
        with part():
            left = probe.leave_talk(case, Talk(says=("a",), leaves=True), within=NOTICED)
            saying = "the WebSocket to Amp's servers stays open when the client has left"
            expect(left, saying, expected="a closed connection soon after", actual="an open connection")


@checks("management.websocket-keys", when=is_sample_read, requests=3)
def test_keys_of_an_offer(case: ManagementCase, probe: Probe) -> None:
    """Given an offer with the client's key, a wrong key and none, then no key is lent and the client's is stripped."""
    exchange, _ = probe.talk(case, Talk(), replies=(NOT_OPENED,))
    for upstream in exchange.upstream:
        assert_absent(probe.client_key, in_=upstream, saying="the client's key reached Amp's servers")
    wrong = probe.canary()
    for credential in (NO_CREDENTIAL, holding("authorization-bearer", wrong)):
        exchange, _ = probe.talk(case, Talk(), credential=credential, replies=(NOT_OPENED,))
        lent = [
            carrier
            for upstream in exchange.upstream
            for carrier, values in carried(upstream.headers, upstream.query).items()
            if set(values) != {wrong}
        ]
        expect_none(lent, "the proxy lent its own key", expected="no key of the proxy's own upstream")
