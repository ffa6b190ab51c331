"""What a peer can send to an observer without a token, and what a script may hold: bounded, and answered."""

from __future__ import annotations

import socket
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from ampmap_conformance.observer import Observer
from ampmap_conformance.observer.records import nonces_in
from ampmap_conformance.observer.script import Reply
from ampmap_conformance.observer.wire import MAX_HEAD
from ampmap_conformance.reference.types import Reference

CHUNKED = b"POST /groq/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def observer(reference: Reference) -> Iterator[Observer]:
    with Observer(reference, token="any") as started:
        yield started


def answer_to(observer: Observer, data: bytes, then: bytes = b"", times: int = 0) -> bytes:
    host, _, port = observer.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as sock:
        try:
            sock.sendall(data)
            for _ in range(times):
                sock.sendall(then)
            return sock.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            return b"reset"


@pytest.mark.parametrize(
    ("data", "then"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b""),
        (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nabc", b""),
        (CHUNKED + b"-5\r\nabc\r\n", b""),
        (CHUNKED + b"f" * 99 + b"\r\nabc\r\n", b""),
        (CHUNKED + b"0\r\n", b"X: " + b"a" * 60_000 + b"\r\n"),
        (CHUNKED + b"1;", b"a" * 60_000),
        (CHUNKED, b"1;" + b"a" * 60_000 + b"\r\nx\r\n"),
        (b"GET / HTTP/1.1\r\n", b"X: " + b"a" * 60_000 + b"\r\n"),
        (b"\0" * 2 * MAX_HEAD, b""),
    ],
    ids=range(9),
)
def test_what_does_not_end_or_has_no_length_is_refused(observer: Observer, data: bytes, then: bytes) -> None:
    got = answer_to(observer, data, then, 2000 if then else 0)
    assert got == b"reset" or got.startswith(b"HTTP/1.1 400 ")
    assert sum(map(len, observer.malformed())) < 1 << 20


def test_a_body_that_unpacks_without_end_is_looked_at_up_to_a_limit() -> None:
    packer = zlib.compressobj(9, wbits=31)
    nonce = b"ampmap-0123456789abcdef"
    packed = packer.compress(nonce) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    tracemalloc.start()
    try:
        assert nonces_in(b"POST / HTTP/1.1\r\n\r\n" + packed, packed) == (nonce.decode(),)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20


@pytest.mark.parametrize(
    "data",
    [
        {"status": "x"},
        {"status": 99},
        {"status": True},
        {"delay": "x"},
        {"delay": -1},
        {"delay": 1e999},
        {"split": 1.5},
        {"held": "yes"},
        {"interim": ["x"]},
        {"pieces": [["x", ""]]},
        {"more_headers": [["x", "\u65e5"]]},
    ],
    ids=str,
)
def test_a_script_of_wrong_values_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Reply.from_json(data)
    right = Reply(status=201, delay=0.5, split=3, held=True, interim=(103,), pieces=((0.0, b"x"),))
    assert Reply.from_json(right.to_json()) == right


@pytest.mark.parametrize("body", [b"[" * 100_000, b'[{"status": "x"}]', b"{", b"5"])
def test_a_wrong_call_of_the_control_api_is_answered(observer: Observer, body: bytes) -> None:
    head = b"PUT /-/ampmap/scripts/ampmap-0123456789abcdef HTTP/1.1\r\nAuthorization: Bearer any\r\n"
    assert answer_to(observer, head + b"Content-Length: %d\r\n\r\n" % len(body) + body).startswith(b"HTTP/1.1 400 ")
