"""Profile streaming: events come when they are sent, however long that takes, and nobody works for one who left."""

from __future__ import annotations

from dataclasses import replace

from ampmap_conformance.cases import VariedCase
from ampmap_conformance.expect import assert_success, expect
from ampmap_conformance.expect_streams import assert_events
from ampmap_conformance.observer import Gzip, Reply
from ampmap_conformance.probe import Probe
from ampmap_conformance.raw import whole
from ampmap_conformance.registry import Pace, checks
from ampmap_conformance.suite.conditions import claims_way, forwards_bodies, streams, streams_here
from ampmap_conformance.suite.streams import big_frames, client_model, in_few_pieces, in_pieces, stream_frames
from ampmap_conformance.suite.timing import ATTEMPTS, EVENTS, GAP, assert_flushed_once

IDLE = 1.0
"""Seconds of silence in the middle of a stream."""
FAR = 30.0
"""Seconds that the upstream would go on for a client that has left."""
LEAVING = 0.8
"""Seconds after which the client leaves."""
SLOW = 2.0
"""Seconds for which a slow client reads nothing."""
LONG = 8 << 20
"""Bytes of the stream that it reads: more than the system keeps for it."""
NOTICED = 5.0
"""Seconds within which the upstream must be left too."""


@checks("streaming.flushed", when=streams, applies=claims_way, pace=Pace.WAITS, requests=ATTEMPTS)
def test_events_are_flushed(case: VariedCase, probe: Probe) -> None:
    """Given events with time between them, when they come back, then each comes when it was sent."""
    reply = Reply(pieces=in_few_pieces(stream_frames(case, probe), EVENTS, gap=GAP))
    assert_flushed_once(case, probe, reply)


@checks("streaming.flushed-with-compression", when=streams, applies=claims_way, pace=Pace.WAITS, requests=ATTEMPTS + 1)
def test_compressed_events_are_flushed(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that compresses a stream because it was allowed to, then each event comes when it was sent."""
    allowed = probe.send(case).only_upstream_request().headers.all("accept-encoding")
    coding = Gzip.DECLARED if any("gzip" in value for value in allowed) else Gzip.NONE
    reply = Reply(pieces=in_few_pieces(stream_frames(case, probe), EVENTS, gap=GAP), gzip=coding)
    assert_flushed_once(case, probe, reply)


@checks("streaming.survives-silence", when=streams_here, applies=(forwards_bodies, claims_way), pace=Pace.WAITS)
def test_silence_is_survived(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that pauses, inside an event too, when it goes on, then the stream is whole."""
    first, *rest = stream_frames(case, probe)
    half = len(first) // 2
    pieces = {
        "before-first-event": ((IDLE, first), *in_pieces(rest)),
        "between-events": ((0.0, first), (IDLE, rest[0]), *in_pieces(rest[1:])),
        "inside-event": ((0.0, first[:half]), (IDLE, first[half:]), *in_pieces(rest)),
    }[case.variation]
    exchange = probe.send(case, replies=(Reply(pieces=pieces),))

    assert_success(exchange)
    assert_events(exchange, model=client_model(case, probe))


@checks("streaming.slow-reader", when=streams, applies=(forwards_bodies, claims_way), pace=Pace.WAITS)
def test_slow_reader(case: VariedCase, probe: Probe) -> None:
    """Given a client that does not read for a while, when the stream ends, then it has all of it."""
    reply = Reply(pieces=in_pieces(big_frames(case, probe, size=LONG)))
    exchange, _ = probe.send_raw(case, lambda request: replace(whole(request), read_after=SLOW), replies=(reply,))

    assert_success(exchange)
    assert_events(exchange)


@checks("streaming.client-gone", when=streams, applies=claims_way, pace=Pace.WAITS)
def test_client_that_leaves(case: VariedCase, probe: Probe) -> None:
    """Given a client that leaves in the middle of a stream, when it is gone, then the upstream call ends as well."""
    first, *rest = stream_frames(case, probe)
    reply = Reply(pieces=((0.0, first), (FAR, b"".join(rest))))
    left = probe.leave(case, after=LEAVING, within=NOTICED, replies=(reply,))

    saying = "the upstream goes on for a client that has left, and bills it"
    expect(left, saying, expected=f"a closed connection within {NOTICED:g} s", actual="a call that goes on")


@checks("streaming.client-gone-early", applies=claims_way, pace=Pace.WAITS)
def test_client_that_leaves_early(case: VariedCase, probe: Probe) -> None:
    """Given a client that leaves before its answer has begun, when it is gone, then the upstream call ends as well."""
    patience = (probe.target.policy.answer_timeout or FAR) - LEAVING
    left = probe.leave(case, after=LEAVING, within=min(NOTICED, patience * 0.6), replies=(Reply(delay=FAR),))

    saying = "the upstream works for a client that has left"
    expect(left, saying, expected="a closed connection soon after", actual="a call that goes on")
