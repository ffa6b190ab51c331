"""What comes back: answers, streams and their faults as the upstream sent them, and what is said where none came."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.observer import End, Framing, Gzip, Reply, StreamFault

from .bench import CHAT, GROQ, KEY, NONCE, REFERENCE, STREAM, Bench, shape


@pytest.mark.parametrize("status", [400, 401, 402, 404, 409, 418, 429, 498, 500, 503, 529])
@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
def test_upstream_errors_pass_byte_for_byte(bench: Bench, status: int, body: bytes) -> None:
    lines = (
        ("Retry-After", "7"),
        ("retry-after-ms", "7"),
        ("x-should-retry", "false"),
        ("Set-Cookie", "a"),
        ("Set-Cookie", "b"),
    )
    bench.observer.script(NONCE, [Reply.error(status, "of the upstream", lines)])
    response = bench.send(GROQ, body)
    (answer,) = bench.observer.answers(NONCE)
    assert (response.status, response.body) == (status, answer.body)
    assert response.headers.lines == (*answer.headers, ("Content-Length", str(len(answer.body))))


@pytest.mark.parametrize("kind", [Gzip.DECLARED, Gzip.UNDECLARED])
@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
def test_compressed_answers_pass_undecoded(bench: Bench, kind: Gzip, body: bytes) -> None:
    bench.observer.script(NONCE, [Reply(gzip=kind)])
    response = bench.send(GROQ, body)
    (answer,) = bench.observer.answers(NONCE)
    assert response.body == answer.body
    assert response.headers.get("content-encoding") == ("gzip" if kind is Gzip.DECLARED else None)


def test_hop_by_hop_headers_of_answers_are_dropped(bench: Bench) -> None:
    lines = (("Connection", "X-Mine"), ("X-Mine", "1"), ("Keep-Alive", "9"), ("X-Kept", "1"))
    bench.observer.script(NONCE, [Reply(more_headers=lines)])
    response = bench.send()
    assert response.headers.get("x-kept") == "1"
    assert not {"x-mine", "keep-alive"} & {name.lower() for name, _ in response.headers}


@pytest.mark.parametrize("status", [204, 304, 302])
def test_answers_without_a_body(bench: Bench, status: int) -> None:
    bench.observer.script(NONCE, [Reply(status=status, headers=(("Location", "/x"),), body=b"")])
    response = bench.send("/api/internal?x")
    assert (response.status, response.body, response.headers.get("location")) == (status, b"", "/x")


def test_head_is_forwarded_and_has_no_body(bench: Bench) -> None:
    response = bench.send("/api/provider/openai/v1/models", b"", method="HEAD")
    assert (response.status, response.body) == (200, b"")
    assert bench.seen().method == "HEAD"
    assert int(response.headers.get("content-length") or 0) > 0


def test_streams_arrive_event_by_event_while_the_upstream_still_holds_the_rest(bench: Bench) -> None:
    bench.observer.script(
        NONCE, [Reply(pieces=((0.0, b"data: first\n\n"), (60.0, b"data: last\n\n")), framing=Framing.CHUNKED)]
    )
    at = urlsplit(bench.proxy.url)
    head = f"POST {GROQ} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(STREAM)}\r\n\r\n"
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        sock.sendall(head.encode() + STREAM)
        got = b""
        while b"data: first\n\n" not in got:
            got += sock.recv(1000)
    assert bench.observer.client_closed(NONCE, within=5), "the client's going away did not reach the upstream"


@pytest.mark.parametrize("split", [1, 7])
def test_any_split_of_a_stream_gives_the_same_bytes(bench: Bench, split: int) -> None:
    bench.observer.script(
        NONCE, [Reply(body="data: é…😀\r\n\r\n: ping\n\ndata:{}\n\n".encode(), split=split, framing=Framing.CHUNKED)]
    )
    assert bench.send(GROQ, STREAM).body.decode() == "data: é…😀\r\n\r\n: ping\n\ndata:{}\n\n"


def test_large_bodies_pass_both_ways(bench: Bench) -> None:
    big = CHAT[:-1] + b',"pad":"' + b"x" * (8 << 20) + b'"}'
    bench.observer.script(NONCE, [Reply(body=big, framing=Framing.CHUNKED, split=65536)])
    response = bench.send(GROQ, big)
    assert (response.body == big, bench.seen().body == big) == (True, True)


@pytest.mark.parametrize(
    "fault", [StreamFault.IN_BAND_ERROR, StreamFault.NO_TERMINATOR, StreamFault.IN_BAND_ERROR_BARE]
)
def test_faulty_streams_pass_as_they_are(bench: Bench, fault: StreamFault) -> None:
    bench.observer.script(NONCE, [Reply(stream=fault)])
    response = bench.send(GROQ, STREAM)
    (answer,) = bench.observer.answers(NONCE)
    assert (response.body, response.broken) == (answer.body, None)


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
def test_an_upstream_that_breaks_off_is_no_clean_end(bench: Bench, end: End, body: bytes) -> None:
    bench.observer.script(NONCE, [Reply(end=end)])
    response = bench.send(GROQ, body)
    assert (response.status, response.broken is not None) == (200, True)
    assert bench.send().broken is None


@pytest.mark.parametrize("end", [End.CUT_BEFORE_HEAD, End.RESET_BEFORE_HEAD])
def test_no_answer_is_502_after_a_single_try(bench: Bench, end: End) -> None:
    bench.observer.script(NONCE, [Reply(end=end)])
    response = bench.send()
    assert response.status == 502
    assert len(bench.observer.requests(NONCE)) == 1
    assert shape(response.json()) == shape(json.loads(bodies.error_body(REFERENCE.error_shapes["groq"], 502, "x")))


def test_silence_is_504(make: Callable[..., Bench]) -> None:
    bench = make(answer_timeout=0.2)
    bench.observer.script(NONCE, [Reply.silent(60)])
    response = bench.send()
    assert response.status == 504
    assert bench.observer.client_closed(NONCE, within=5)


@pytest.mark.parametrize("reply", [Reply(status=429), Reply(status=503), Reply(end=End.CUT_BEFORE_HEAD)])
def test_the_warm_up_call_never_fails(bench: Bench, reply: Reply) -> None:
    bench.observer.script(NONCE, [reply])
    assert bench.send("/api/provider/cerebras/v1/tcp_warming", b"", method="GET").status == 200
    assert bench.seen().target == "/v1/tcp_warming"
