"""Streams in step: what is sent when, and when a stream that stands still is given up."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable

from ampmap_conformance.wire.lockstep import Steps, whole_pieces
from ampmap_conformance.wire.messages import Headers

PLAIN = Headers()
PIECES = [b"data: %d\n\n" % number for number in range(5)]


class Upstream:
    """Remembers how many pieces of each answer may be sent."""

    def __init__(self) -> None:
        self.allowed: dict[str, int] = {}
        self.let_go = threading.Event()

    def release(self, nonces: Iterable[str], pieces: int) -> None:
        self.allowed.update(dict.fromkeys(nonces, pieces))
        if pieces > len(PIECES):
            self.let_go.set()


def test_a_stream_goes_on_when_its_client_has_what_was_sent() -> None:
    upstream = Upstream()
    with Steps() as steps:
        watch = steps.joined("one", whole_pieces(PIECES), upstream.release)
        seen = [upstream.allowed["one"]]
        for piece in PIECES[:3]:
            watch(PLAIN, piece[:4])
            watch(PLAIN, piece[4:])
            seen.append(upstream.allowed["one"])
    assert seen == [2, 2, 3, 4]
    assert not steps.stalled


def test_no_stream_goes_on_before_all_have_begun_and_one_that_ended_is_not_waited_for() -> None:
    upstream = Upstream()
    with Steps(parties=2) as steps:
        first = steps.joined("one", whole_pieces(PIECES), upstream.release)
        for piece in PIECES[:2]:
            first(PLAIN, piece)
        assert upstream.allowed == {"one": 2}
        second = steps.joined("two", whole_pieces(PIECES), upstream.release)
        assert upstream.allowed == {"one": 2, "two": 2}
        assert not steps.wait_until_begun(0)
        second(PLAIN, PIECES[0])
        assert steps.begun == 2
        steps.left("two")
        assert upstream.allowed == {"one": 3, "two": 3}


def test_who_waits_for_something_else_can_let_streams_go_on() -> None:
    upstream = Upstream()
    with Steps(parties=2) as steps:
        watch = steps.joined("one", whole_pieces(PIECES), upstream.release)
        watch(PLAIN, PIECES[0] + PIECES[1])
        assert upstream.allowed == {"one": 2}
        steps.go_on()
        assert upstream.allowed == {"one": 3}


def test_compressed_events_count_when_they_can_be_read() -> None:
    upstream, packer = Upstream(), zlib.compressobj(wbits=31)
    packed = Headers.of(content_encoding="gzip")
    with Steps() as steps:
        watch = steps.joined("one", whole_pieces(PIECES), upstream.release)
        for piece in PIECES[:2]:
            watch(packed, packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH))
    assert upstream.allowed == {"one": 3}


def test_a_stream_that_stands_still_is_let_go_and_told() -> None:
    upstream = Upstream()
    with Steps(patience=0.01) as steps:
        steps.joined("one", whole_pieces(PIECES), upstream.release)
        assert upstream.let_go.wait(5)
    assert steps.stalled
