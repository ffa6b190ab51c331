"""How the observer misbehaves on command."""

from __future__ import annotations

import gzip
import json
import socket
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.observer import End, Form, Framing, Gzip, Observer, Reply, StreamFault, fail_then_succeed
from ampmap_conformance.suite.support.rich_streams import RICH

from .talking import CHAT, NONCE, REFERENCE, STREAM, once, post, talk, unchunked


def test_a_script_is_used_up_and_then_answers_are_normal_again(observer: Observer) -> None:
    shape = REFERENCE.error_shapes["groq"]
    observer.script(NONCE, fail_then_succeed(Reply.error(429, more_headers=(("Retry-After", "3"),)), 2))
    got = [once(observer, CHAT) for _ in range(3)]
    assert [answer[9:12] for answer in got] == [b"429", b"429", b"200"]
    assert b"\r\nRetry-After: 3\r\n" in got[0]
    assert got[0].endswith(bodies.error_body(shape, 429, "Scripted error."))
    assert [answer.status for answer in observer.answers(NONCE)] == [429, 429, 200]


def test_headers_are_sent_with_their_case_order_and_repeats(observer: Observer) -> None:
    lines = (("set-COOKIE", "a=1"), ("Set-Cookie", "b=2"), ("X-Empty", ""))
    observer.script(NONCE, [Reply(status=299, headers=lines, body=b"ok")])
    head = b"HTTP/1.1 299 Answer\r\nset-COOKIE: a=1\r\nSet-Cookie: b=2\r\nX-Empty: \r\nContent-Length: 2\r\n"
    assert once(observer, CHAT) == head + b"Connection: close\r\n\r\nok"


LONG = tuple((0.0, b"bit %d " % number) for number in range(4))
LAST = b"\r\nConnection: close\r\n\r\n"
LENGTH_24 = b"Content-Length: 24" + LAST


@pytest.mark.parametrize(
    ("reply", "ends_with"),
    [
        (Reply(pieces=LONG, framing=Framing.CONTENT_LENGTH), LENGTH_24 + b"bit 0 bit 1 bit 2 bit 3 "),
        (Reply(pieces=LONG[:1], framing=Framing.CHUNKED), b"chunked" + LAST + b"6\r\nbit 0 \r\n0\r\n\r\n"),
        (Reply(pieces=LONG[:2], framing=Framing.CLOSE), b"Connection: close\r\n\r\nbit 0 bit 1 "),
        (Reply(pieces=LONG, end=End.CUT), LENGTH_24 + b"bit 0 bit 1 "),
        (Reply(pieces=LONG, end=End.CUT, stop_after=3, framing=Framing.CHUNKED), b"6\r\nbit 2 \r\n"),
        (Reply(body=b"12345678", end=End.CUT), b"Content-Length: 8\r\nConnection: close\r\n\r\n1234"),
        (Reply(body=b"abc", split=2, framing=Framing.CHUNKED), b"\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
    ],
)  # fmt: skip
def test_framing_and_cuts_are_exact(observer: Observer, reply: Reply, ends_with: bytes) -> None:
    observer.script(NONCE, [reply])
    got = once(observer, CHAT)
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert got.endswith(ends_with)


def test_a_cut_before_the_head_sends_nothing(observer: Observer) -> None:
    observer.script(NONCE, [Reply(end=End.CUT_BEFORE_HEAD)])
    assert once(observer, CHAT) == b""


@pytest.mark.parametrize("end", [End.RESET, End.RESET_BEFORE_HEAD])
def test_resets_are_resets(observer: Observer, end: End) -> None:
    observer.script(NONCE, [Reply(end=end)])
    with pytest.raises(ConnectionResetError):
        once(observer, STREAM)


def test_gzip_with_and_without_telling(observer: Observer) -> None:
    observer.script(NONCE, [Reply(body=b"text", gzip=kind) for kind in (Gzip.DECLARED, Gzip.UNDECLARED)])
    declared, undeclared = (once(observer, CHAT).split(b"\r\n\r\n", 1) for _ in range(2))
    assert gzip.decompress(declared[1]) == gzip.decompress(undeclared[1]) == b"text"
    assert (b"Content-Encoding: gzip" in declared[0], b"Content-Encoding" in undeclared[0]) == (True, False)


def test_a_gzipped_stream_is_still_flushed_event_by_event(observer: Observer) -> None:
    observer.script(NONCE, [Reply(gzip=Gzip.DECLARED)])
    got = once(observer, STREAM)
    assert gzip.decompress(unchunked(got)).endswith(b"data: [DONE]\n\n")
    assert got.count(b"\x00\x00\xff\xff\r\n") == 4  # of five events; the last one ends the body as well


@pytest.mark.parametrize(
    ("fault", "has", "lacks"),
    [
        (StreamFault.NO_TERMINATOR, b'"finish_reason":"stop"', b"[DONE]"),
        (StreamFault.IN_BAND_ERROR, b'data: {"error":', b"[DONE]"),
        (StreamFault.IN_BAND_ERROR_BARE, b'\n\n{"error":', b"[DONE]"),
    ],
)
def test_stream_faults_end_cleanly(observer: Observer, fault: StreamFault, has: bytes, lacks: bytes) -> None:
    observer.script(NONCE, [Reply(stream=fault)])
    got = once(observer, STREAM)
    assert got.endswith(b"\r\n0\r\n\r\n")
    assert has in unchunked(got)
    assert lacks not in got


def test_a_held_answer_goes_on_when_it_is_released(observer: Observer) -> None:
    pieces = tuple((0.0, b"data: %d\n\n" % number) for number in range(3))
    observer.script(NONCE, [Reply(pieces=pieces, held=True)])
    at = urlsplit(observer.url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        sock.sendall(post("/groq/openai/v1/chat/completions", STREAM, "Connection: close"))
        got = b""
        for number in range(3):
            observer.release((NONCE,), number + 1)
            while b"data: %d" % number not in got:
                got += sock.recv(1000)
            assert b"data: %d" % (number + 1) not in got


def test_a_peer_that_leaves_is_noted(observer: Observer) -> None:
    observer.script(NONCE, [Reply(gap=60.0)])
    at = urlsplit(observer.url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        sock.sendall(post("/groq/openai/v1/chat/completions", STREAM))
        assert sock.recv(1000)
        assert not observer.client_closed(NONCE, within=0)
    assert observer.client_closed(NONCE, within=5)


def test_closing_does_not_wait_for_a_silent_reply() -> None:
    with Observer(REFERENCE) as observer:
        observer.script(NONCE, [Reply.silent()])
        at = urlsplit(observer.url)
        sock = socket.create_connection((at.hostname, at.port), timeout=5)
        sock.sendall(post("/groq/openai/v1/chat/completions", CHAT))
        assert observer.requests(NONCE, at_least=1, within=5)
    with sock:
        assert sock.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((at.hostname, at.port), timeout=5)


def test_replies_survive_json() -> None:
    reply = Reply(
        status=503, headers=(("A", "b"),), pieces=((0.5, b"\xff"),), framing=Framing.CLOSE, end=End.RESET,
        gzip=Gzip.UNDECLARED, stream=StreamFault.NO_TERMINATOR, stop_after=0,
    )  # fmt: skip
    assert Reply.from_json(json.loads(json.dumps(reply.to_json()))) == reply
    said = Reply(says=RICH, by_word=True, form=Form("gemini", stream=True))
    assert Reply.from_json(json.loads(json.dumps(said.to_json()))) == said
    assert Reply.from_json(json.loads(json.dumps(Reply.error(429).to_json()))) == Reply.error(429)
    assert Reply.normal().to_json() == {}
    with pytest.raises(ValueError, match="statuss"):
        Reply.from_json({"statuss": 1})


def test_scripts_that_nobody_takes_are_bounded_too() -> None:
    with Observer(REFERENCE, max_requests=3) as observer:
        for number in range(5):
            observer.script(f"ampmap-{number:016x}", [Reply(status=500)])
        statuses = [once(observer, b"{}", f"User-Agent: ampmap-{number:016x}")[9:12] for number in range(5)]
    assert [status == b"500" for status in statuses] == [False, False, True, True, True]


def test_each_write_of_an_answer_has_its_time(observer: Observer) -> None:
    observer.script(NONCE, [Reply(gap=0.02)])
    once(observer, STREAM)
    (seen,) = observer.seen(NONCE)
    assert seen.answer is not None
    assert len(seen.answer.sent_at) >= 5
    assert seen.request.at <= seen.answer.sent_at[0]
    assert seen.answer.sent_at[-1] - seen.answer.sent_at[0] >= 0.07


@pytest.mark.parametrize("keep", ["keep-alive", "close"])
def test_chunks_are_not_sent_to_a_peer_that_does_not_know_them(observer: Observer, keep: str) -> None:
    """RFC 9112, 6.1: HTTP/1.0 knows no chunks, so the end of the connection is the end of the answer."""
    sent = post("/groq/openai/v1/chat/completions", STREAM, f"Connection: {keep}").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    head, _, body = talk(observer, sent).partition(b"\r\n\r\n")
    assert b"\r\nTransfer-Encoding:" not in head
    assert b"\r\nConnection: close" in head
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(("asked", "says"), [(("Connection: close",), True), ((), False)], ids=["last", "kept"])
def test_the_last_answer_on_a_connection_says_that_it_is(
    observer: Observer, asked: tuple[str, ...], says: bool
) -> None:
    """Else a proxy that keeps connections sends its next call on one that is about to be closed."""
    after = () if says else (post("/groq/openai/v1/chat/completions", CHAT, "Connection: close"),)
    got = talk(observer, post("/groq/openai/v1/chat/completions", CHAT, *asked), *after)

    assert (b"\r\nconnection: close\r\n" in got.partition(b"\r\n\r\n")[0].lower() + b"\r\n") is says
