"""What the observer keeps: every byte, found by its nonce, and not for ever."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.observer import Observer, Reply
from ampmap_conformance.observer.server import KEPT_BYTES, KEPT_MALFORMED

from .talking import CHAT, NONCE, REFERENCE, once, post, talk


def test_every_byte_is_kept_with_header_order_case_and_duplicates(observer: Observer) -> None:
    raw = post("/groq/openai/v1/chat/completions?b=2&a=&b=%20", CHAT, "x-LOWER: 1", "X-Dup: a", "x-dup: b", "X-E:")
    at = urlsplit(observer.url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        for place in range(len(raw)):
            sock.sendall(raw[place : place + 1])
        (request,) = observer.requests(NONCE, at_least=1, within=5)
    assert request.raw == raw
    assert request.persona == "groq"
    assert request.target == "/openai/v1/chat/completions?b=2&a=&b=%20"
    assert request.headers.lines[1:5] == (("x-LOWER", "1"), ("X-Dup", "a"), ("x-dup", "b"), ("X-E", ""))
    assert request.body == CHAT


def test_chunked_bodies_are_decoded_and_kept_raw(observer: Observer) -> None:
    half = len(CHAT) // 2
    parts = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(part), part) for part in (CHAT[:half], CHAT[half:]))
    head = b"POST /openai/v1/responses HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = talk(observer, head + parts + b"0\r\nX-Trailer: 1\r\n\r\n")
    (request,) = observer.requests(NONCE)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert request.body == CHAT
    assert request.raw.endswith(b"0\r\nX-Trailer: 1\r\n\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        post(f"/groq/x?n=%61mpmap-{NONCE[7:]}", b""),
        post("/groq/x", b"", f"User-Agent: {NONCE}"),
        post("/groq/x", gzip.compress(CHAT), "Content-Encoding: gzip"),
        b"POST /groq/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nampm\r\n13\r\n" + NONCE[4:].encode()
        + b"\r\n0\r\n\r\n",
    ],
    ids=["encoded query", "header", "gzip body", "across chunks"],
)  # fmt: skip
def test_requests_are_found_by_any_surviving_nonce(observer: Observer, sent: bytes) -> None:
    talk_in_background = threading.Thread(target=lambda: talk(observer, sent), daemon=True)
    talk_in_background.start()
    assert len(observer.requests(NONCE, at_least=1, within=5)) == 1


def test_keep_alive_pipelining_and_expect_continue(observer: Observer) -> None:
    first = post("/groq/openai/v1/chat/completions", CHAT)
    last = post("/groq/openai/v1/chat/completions", CHAT, "Expect: 100-continue", "Connection: close")
    answers = talk(observer, first + last)
    assert answers.count(b"HTTP/1.1 200 ") == 2
    assert answers.count(b"HTTP/1.1 100 Continue\r\n\r\n") == 1
    assert len({request.connection for request in observer.requests(NONCE)}) == 1


def test_memory_is_bounded_in_bytes_with_answers_and_scripts() -> None:
    nonces = [f"ampmap-{number:016x}" for number in range(6)]
    long = Reply(body=b"x" * 40_000)
    with Observer(REFERENCE, max_bytes=100_000) as observer:
        for nonce in nonces[:3]:
            observer.script(nonce, [long])
        answers = [once(observer, b"{}", f"User-Agent: {nonce}") for nonce in nonces[:3]]
        assert [b"xxxx" in answer for answer in answers] == [False, True, True]  # the oldest script went
        for nonce in nonces[3:]:
            observer.script(nonce, [long])
            once(observer, b"{}", f"User-Agent: {nonce}")
        assert [len(observer.requests(nonce)) for nonce in nonces] == [0, 0, 0, 0, 1, 1]
        for nonce in nonces:
            observer.forget(nonce)
        assert observer.all_requests() == ()
        once(observer, b"x" * 90_000, f"User-Agent: {nonces[0]}")
        assert observer.requests(nonces[0]) == ()  # head, body and raw message are more than it may keep
        once(observer, b"{}", f"User-Agent: {nonces[1]}")
        assert len(observer.requests(nonces[1])) == 1  # what was dropped counts no longer


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    with Observer(REFERENCE, max_requests=3) as observer:
        for number in range(5):
            once(observer, b"{}", f"User-Agent: ampmap-{number:016x}")
        assert [len(observer.requests(f"ampmap-{number:016x}")) for number in range(5)] == [0, 0, 1, 1, 1]
        assert len(observer.all_requests()) == 3


def test_200_concurrent_requests_do_not_mix(observer: Observer) -> None:
    nonces = [f"ampmap-{number:016x}" for number in range(1, 201)]
    for place, nonce in enumerate(nonces):
        if place % 2:
            observer.script(nonce, [Reply(status=500, body=nonce.encode(), delay=0.05)])
    start = threading.Barrier(len(nonces))

    def probe(nonce: str) -> bytes:
        start.wait(10)
        return once(observer, json.dumps({"model": nonce}).encode())

    with ThreadPoolExecutor(len(nonces)) as pool:
        answers = list(pool.map(probe, nonces))
    for nonce, answer in zip(nonces, answers, strict=True):
        (request,) = observer.requests(nonce)
        assert request.json() == {"model": nonce}
        assert nonce.encode() in answer
        assert answer.count(b"ampmap-") == 1
        observer.forget(nonce)
    assert not any(observer.requests(nonce) for nonce in nonces)


def test_what_is_no_request_is_kept_in_part_and_not_for_ever() -> None:
    with Observer(REFERENCE) as observer:
        for number in range(KEPT_MALFORMED + 20):
            talk(observer, b"%05d no request\r\n\r\n" % number)
        talk(observer, b"x" * 9000 + b"\r\n\r\n")
        kept = observer.malformed()
    assert len(kept) == KEPT_MALFORMED
    assert kept[0].startswith(b"00021 ")
    assert len(kept[-1]) == KEPT_BYTES


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /groq/x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /groq/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    ],
)
def test_a_body_without_end_is_refused_before_it_is_read(observer: Observer, sent: bytes) -> None:
    assert talk(observer, sent).startswith(b"HTTP/1.1 400 ")
