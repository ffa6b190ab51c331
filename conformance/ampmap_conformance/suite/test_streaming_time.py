"""Profile streaming: events arrive as they are sent, and an upstream call ends when its client disconnects."""

from __future__ import annotations

from dataclasses import replace

from ..cases.cases import VariedCase
from ..checks.error_events import assert_no_clean_end
from ..checks.expect import assert_served, assert_success, expect, only_upstream_request
from ..checks.registry import Pace, checks
from ..observer import Gzip, Reply
from ..probe.probe import LONGER, Probe
from ..wire.messages import Exchange
from ..wire.raw import whole
from .support.abandoned import FAR, LEAVING, NOTICED, assert_left
from .support.conditions import LONGEST_WAIT, streams, streams_here
from .support.outside import IN_PIECES, of_call
from .support.streams import big_frames, in_pieces, in_words, several_frames, stream_frames, stream_reply
from .support.timing import ATTEMPTS, assert_flushed
from .support.told import assert_told

IDLE = 2.0
"""Seconds of silence in the middle of a stream, where the target promises nothing."""
FAIR = 0.85
"""Part of the promised time for which a stream must survive silence."""
DELAY = 1.0
"""Seconds by which a busy machine may lengthen a silence."""
STALL = 5.0
"""Seconds of silence in which a proxy may give up a stream that the target promises nothing of."""
GRACE = 3.0
"""Seconds beyond the promised time within which a proxy must have given up."""
LASTING = 6.0
"""Seconds that a long stream takes."""
TICK = 0.2
"""Seconds between two events of a stream whose client leaves: some proxies notice that only when they write."""
SLOW = 2.0
"""Seconds for which a slow client reads nothing."""
LONG = 8 << 20
"""Bytes of the stream that it reads: more than the system keeps for it."""


@checks("streaming.flushed", when=streams, requests=ATTEMPTS, outside=IN_PIECES)
def test_events_are_flushed(case: VariedCase, probe: Probe) -> None:
    """Given events of which none is sent before the last one came, when the stream runs, then it does not stall."""
    assert_flushed(case, probe, in_words())


@checks("streaming.flushed-with-compression", when=streams, requests=ATTEMPTS + 1)
def test_compressed_events_are_flushed(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that compresses a stream because it was allowed to, then each event comes before later ones."""
    allowed = only_upstream_request(probe.send(case)).headers.all("accept-encoding")
    coding = Gzip.DECLARED if any("gzip" in value for value in allowed) else Gzip.NONE
    assert_flushed(case, probe, replace(in_words(), gzip=coding))


@checks("streaming.survives-silence", when=streams_here, pace=Pace.WAITS)
def test_silence_is_survived(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that pauses, inside an event too, when it continues, then the stream is complete."""
    promised = probe.target.policy.stream_idle_timeout
    idle = IDLE if promised is None or promised > LONGEST_WAIT else _shorter_than(promised)
    first, *rest = stream_frames(case, probe)
    half = len(first) // 2
    pieces = {
        "before-first-event": ((idle, first), *in_pieces(rest)),
        "between-events": ((0.0, first), (idle, rest[0]), *in_pieces(rest[1:])),
        "inside-event": ((0.0, first[:half]), (idle, first[half:]), *in_pieces(rest)),
    }[case.variation]
    exchange = probe.send(case, replies=(stream_reply(case, probe, pieces),))

    only_upstream_request(exchange)
    assert_success(exchange)
    assert_told(case, probe, exchange)


def _shorter_than(promised: float) -> float:
    """A silence, in seconds, that is no longer than promised where a busy machine lengthens it; at least the half."""
    return max(promised / 2, min(FAIR * promised, promised - DELAY))


@checks("streaming.stalled-not-ended-cleanly", when=streams, pace=Pace.WAITS, is_long=True)
def test_stalled_not_ended_cleanly(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that falls silent in a stream, when the proxy gives up, then the end is not a clean one."""
    promised = probe.target.policy.stream_idle_timeout
    limit = promised if promised is not None and promised <= LONGEST_WAIT else None
    silence = STALL if limit is None else limit + GRACE + 1
    frames = stream_frames(case, probe)
    middle = len(frames) // 2
    pieces = (*in_pieces(frames[:middle]), (silence, frames[middle]), *in_pieces(frames[middle + 1 :]))
    exchange = probe.send(case, replies=(stream_reply(case, probe, pieces),))

    assert_served(exchange)
    if exchange.response.seconds < silence:
        assert_no_clean_end(exchange, case.call.operation.in_band_error)
        return
    saying, wanted = "the client still waits for a stream that fell silent", "an end within the promised time"
    expect(limit is None, saying, expected=wanted, actual="a later end")


@checks("streaming.outlasts-limits", when=streams, pace=Pace.WAITS, is_long=True)
def test_streams_outlast_limits(case: VariedCase, probe: Probe) -> None:
    """Given a stream that takes longer than an answer may be waited for, when it ends, then it is whole."""
    limit = probe.target.policy.answer_timeout or 0.0
    seconds = max(LASTING, limit + LASTING / 3 if limit <= LONGEST_WAIT else 0.0)
    frames = several_frames(case, probe, fewest=8)
    exchange = probe.send(
        case, replies=(stream_reply(case, probe, in_pieces(frames, gap=seconds / (len(frames) - 1))),)
    )

    assert_success(exchange)
    assert_told(case, probe, exchange)


def _read_slowly(case: VariedCase, probe: Probe, *replies: Reply) -> Exchange:
    return probe.send_raw(case, lambda request: replace(whole(request), read_after=SLOW), replies=replies)[0]


@checks(
    "streaming.slow-reader",
    when=streams,
    pace=Pace.WAITS,
    is_large=True,
    outside=of_call("that a stream whose client reads late is whole", _read_slowly),
)
def test_slow_reader(case: VariedCase, probe: Probe) -> None:
    """Given a client that does not read for a while, when the stream ends, then it has all of it."""
    reply = stream_reply(case, probe, in_pieces(big_frames(case, probe, size=LONG)))
    exchange = _read_slowly(case, probe, reply)

    assert_success(exchange)
    assert_told(case, probe, exchange)


@checks("streaming.client-gone", when=streams, pace=Pace.WAITS, requests=len(LONGER))
def test_client_that_leaves(case: VariedCase, probe: Probe) -> None:
    """Given a stream in progress, when the client disconnects, then the upstream call ends soon after."""
    frames = several_frames(case, probe, fewest=int(FAR / TICK))
    left = probe.leave(
        case, after=LEAVING, within=NOTICED, replies=(stream_reply(case, probe, in_pieces(frames, gap=TICK)),)
    )

    saying = "the upstream call continues after the client left, and is billed"
    expect(left, saying, expected=f"a closed connection within {NOTICED:g} s", actual="a call that continues")


@checks("streaming.client-gone-early", pace=Pace.WAITS, requests=len(LONGER))
def test_client_that_leaves_early(case: VariedCase, probe: Probe) -> None:
    """Given a client that leaves before its answer has begun, when it is gone, then the upstream call ends as well."""
    assert_left(case, probe, Reply(delay=FAR), patience=probe.target.policy.answer_timeout)


@checks("streaming.client-gone-in-silence", when=streams, pace=Pace.WAITS, requests=len(LONGER))
def test_client_that_leaves_in_silence(case: VariedCase, probe: Probe) -> None:
    """Given a stream that fell silent, when its client leaves, then the upstream call ends as well."""
    first, *rest = stream_frames(case, probe)
    reply = stream_reply(case, probe, ((0.0, first), (FAR, b"".join(rest))))
    assert_left(case, probe, reply, patience=probe.target.policy.stream_idle_timeout)
