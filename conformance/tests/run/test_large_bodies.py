"""Bodies of some MB: how often they are copied, and how long they are kept."""

from __future__ import annotations

import socket
import threading
import time
import traceback
import tracemalloc

import pytest
from ampmap_conformance.checks.expect import assert_events_came
from ampmap_conformance.engine.judge import KEPT
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.errors import Violation, place_of, without_locals
from ampmap_conformance.observer.records import Seen
from ampmap_conformance.observer.transport import decode_seen, encoded
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.run.open import open_run
from ampmap_conformance.verdicts import Verdict
from ampmap_conformance.wire.client import ProxyClient
from ampmap_conformance.wire.messages import Chunk, Exchange, Headers, Request, Response, UpstreamRequest

SIZE = 16 << 20
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"


def sizes(exchange: Exchange) -> list[int]:
    bodies = [exchange.request.body, exchange.response.body]
    bodies += [part for one in exchange.upstream for part in (one.body, one.raw)]
    return [len(body) for body in (*bodies, *(one.body for one in exchange.answers))]


def test_a_large_body_is_sent_without_a_copy_of_it() -> None:
    got = []

    def serve(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            left = SIZE
            begun = sock.recv(1 << 16)
            got.append(begun[: begun.index(b" ")])
            left -= len(begun) - begun.index(b"\r\n\r\n") - 4
            while left > 0:
                left -= len(sock.recv(1 << 16))
            got.append(b"whole" if left == 0 else b"too much")
            sock.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        request = Request("POST", "/", Headers(), b"x" * SIZE)
        with ProxyClient("http://127.0.0.1:{1}".format(*listener.getsockname())) as client:
            tracemalloc.start()
            try:
                status = client.send(request).status
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        server.join()
    assert (status, got) == (204, [b"POST", b"whole"])
    assert peak < SIZE / 4


def test_whether_a_stream_has_an_event_is_told_by_its_first_one() -> None:
    body = b'data: {"a":1}\n\n' * 100_000
    response = Response(200, Headers((("Content-Type", "text/event-stream"),)), (Chunk(0.0, body),), 1.0)
    tracemalloc.start()
    try:
        assert_events_came([Exchange(Request("POST", "/"), response, ())])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * len(body)  # its texts, and not 100,000 events


def test_an_error_that_is_kept_keeps_its_place_and_no_bodies() -> None:
    def check() -> None:
        body = b"x" * KEPT
        raise Violation(f"{len(body)} bytes", expected="none", actual="some")

    with pytest.raises(Violation) as found:
        check()
    without_locals(found.value)
    frames = [frame for frame, _ in traceback.walk_tb(found.value.__traceback__)]
    assert place_of(found.value).startswith("Violation (check in test_large_bodies.py")
    assert frames[-1].f_locals == {}


@pytest.mark.parametrize("raw", [HEAD + b"body", HEAD + b"4\r\nbody\r\n0\r\n\r\n", b""])
def test_a_body_travels_once_from_an_observer_elsewhere(raw: bytes) -> None:
    sent = UpstreamRequest("groq", "POST", "/", Headers((("Host", "a"),)), b"body", raw, 1, time.monotonic())
    plain = encoded(Seen(sent, None), sent.at)
    assert plain["body"] == (4 if raw.endswith(b"body") else "Ym9keQ==")
    assert decode_seen(plain, sent.at).request == sent


@pytest.mark.parametrize("trace", [(), ("bodies.large[anthropic]",)])
def test_of_a_large_case_that_passes_the_beginning_is_kept(reference: Reference, trace: tuple[str, ...]) -> None:
    with open_run(RunOptions(select=("bodies.large[anthropic]",), trace=trace), reference) as session:
        outcome = session.engine.outcome(session.plan.selected[0])
    assert outcome.verdict is Verdict.PASS
    found = [size for exchange in outcome.exchanges for size in sizes(exchange)]
    assert found
    assert (max(found) <= KEPT) == (not trace)
