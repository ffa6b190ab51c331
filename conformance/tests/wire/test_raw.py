"""The raw client against a server that does exactly what a test says: bytes out, and what is made of bytes in."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from ampmap_conformance.errors import Failure, NoAnswerError
from ampmap_conformance.wire.limits import HEAD, PIECES, Pieces, TooMuchError
from ampmap_conformance.wire.messages import Headers, Request
from ampmap_conformance.wire.raw import Ending, Piece, RawAnswer, RawRequest, chunked, send_raw, split, whole, wire

Serve = Callable[[socket.socket], bytes]
"""Handles the one connection; returns what it read."""
POST = Request("POST", "/x?a=%20", Headers((("hOsT", "h"), ("X-Dup", "1"), ("x-dup", "2"))), b"body")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture
def against() -> Iterator[Callable[..., tuple[RawAnswer, bytes]]]:
    """Sends a raw request to a server of one connection: `against(request, serve)` is the answer and what it read."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def exchanged(request: RawRequest, serve: Serve, **options: float) -> tuple[RawAnswer, bytes]:
            def handle() -> bytes:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    return serve(connection)

            served: Future[bytes] = pool.submit(handle)
            answer = send_raw(f"http://127.0.0.1:{listener.getsockname()[1]}", request, **options)  # type: ignore[arg-type]
            return answer, served.result(10)

        yield exchanged


def reading(size: int, answer: bytes = OK) -> Serve:
    """Reads so many bytes, one receive at a time, then answers and closes."""

    def serve(connection: socket.socket) -> bytes:
        read = b""
        while len(read) < size:
            read += connection.recv(size - len(read))
        connection.sendall(answer)
        return read

    return serve


def answering(answer: bytes, to: Request = POST) -> Serve:
    return reading(len(wire(to)), answer)


def test_bytes_go_out_exactly_as_written(against: Callable[..., tuple[RawAnswer, bytes]]) -> None:
    sent = b"POST /x?a=%20 HTTP/1.1\r\nhOsT: h\r\nX-Dup: 1\r\nx-dup: 2\r\nContent-Length: 4\r\n\r\nbody"
    assert wire(POST) == sent
    answer, read = against(whole(POST), reading(len(sent)))
    assert read == sent
    response = answer.response()
    assert (response.status, response.body, response.broken) == (200, b"hi", None)
    assert answer.ending is Ending.COMPLETE


@pytest.mark.parametrize(
    "data",
    [
        b"GET http://elsewhere.example/x HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"abc", 2),
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"\x16\x03\x01\x00",
    ],
    ids=["absolute form", "length and chunks", "bare newlines", "no HTTP"],
)
def test_what_no_library_sends_goes_out_too(against: Callable[..., tuple[RawAnswer, bytes]], data: bytes) -> None:
    _, read = against(RawRequest((Piece(data),)), reading(len(data)))
    assert read == data


def test_a_request_is_split_where_it_is_told_and_each_write_has_its_time(
    against: Callable[..., tuple[RawAnswer, bytes]],
) -> None:
    arrived: list[bytes] = []

    def serve(connection: socket.socket) -> bytes:
        while sum(map(len, arrived)) < len(wire(POST)):
            arrived.append(connection.recv(65536))
        connection.sendall(OK)
        return b"".join(arrived)

    answer, read = against(split(POST, (3, 40), pause=0.05), serve)
    assert read == wire(POST)
    assert arrived[0] == b"POS"
    assert len(answer.sent_at) == 3
    assert answer.sent_at[2] - answer.sent_at[0] >= 0.1
    assert answer.response().head_at >= answer.sent_at[2]


def test_a_half_closed_connection_is_still_answered(against: Callable[..., tuple[RawAnswer, bytes]]) -> None:
    def serve(connection: socket.socket) -> bytes:
        read = b"".join(iter(lambda: connection.recv(65536), b""))
        connection.sendall(OK)
        return read

    answer, read = against(RawRequest((Piece(wire(POST)),), half_close=True), serve)
    assert read == wire(POST)
    assert answer.response().status == 200


CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("came", "status", "body", "broken", "ending"),
    [
        (OK, 200, b"hi", None, Ending.COMPLETE),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"hi", None, Ending.COMPLETE),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", None, Ending.COMPLETE),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", 200, b"to the end", None, Ending.CLOSED),
        (CHUNKS + chunked(b"several", 3), 200, b"several", None, Ending.COMPLETE),
        (CHUNKS + b"3;ext=1\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, b"abc", None, Ending.COMPLETE),
        (CHUNKS + b"3\r\nabc\r\n", 200, b"abc", "the connection was closed", Ending.CLOSED),
        (CHUNKS + b"zz\r\n", 200, b"", "the answer is not valid HTTP", Ending.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", 200, b"hi", "the connection was closed", Ending.CLOSED),
        (CHUNKS + b"-5\r\nabc\r\n", 200, b"", "the answer is not valid HTTP", Ending.MALFORMED),
        (CHUNKS + b"f" * 99 + b"\r\nabc\r\n", 200, b"", "the answer is not valid HTTP", Ending.MALFORMED),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, b"", "the connection was closed", Ending.CLOSED),
    ],
)
def test_answers_are_read_to_their_end_or_to_where_they_break(
    against: Callable[..., tuple[RawAnswer, bytes]],
    came: bytes,
    status: int,
    body: bytes,
    broken: str | None,
    ending: Ending,
) -> None:
    answer, _ = against(whole(POST), answering(came))
    response = answer.response()
    assert (response.status, response.body, response.broken, answer.ending) == (status, body, broken, ending)
    assert answer.raw == came


@pytest.mark.parametrize(
    ("came", "failure"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", Failure.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\nabc" % (b"9" * 5000), Failure.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", Failure.MALFORMED),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 101 + OK, Failure.TOO_MUCH),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (HEAD + 65536), Failure.TOO_MUCH),
    ],
    ids=["negative", "huge", "twice", "interim", "head"],
)
def test_a_head_that_is_invalid_or_does_not_end_is_no_answer(
    against: Callable[..., tuple[RawAnswer, bytes]], came: bytes, failure: Failure
) -> None:
    answer, _ = against(whole(POST), answering(came))
    with pytest.raises(NoAnswerError) as caught:
        answer.response()
    assert caught.value.failure is failure


def test_a_body_of_many_parts_keeps_all_bytes_and_few_times() -> None:
    pieces = Pieces(most=PIECES + 10)
    for number in range(PIECES + 10):
        pieces.add(float(number), b"x")
    chunks = pieces.chunks()
    assert (len(chunks), chunks[-1].at, len(chunks[-1].data)) == (PIECES + 1, float(PIECES), 10)
    with pytest.raises(TooMuchError):
        pieces.add(0.0, b"x")


def test_two_answers_to_one_message_are_both_seen(against: Callable[..., tuple[RawAnswer, bytes]]) -> None:
    answer, _ = against(whole(POST), answering(OK + OK), responses=2)
    assert [response.body for response in answer.responses] == [b"hi", b"hi"]


def test_an_answer_to_head_has_no_body(against: Callable[..., tuple[RawAnswer, bytes]]) -> None:
    head = Request("HEAD", "/", Headers((("Host", "h"),)))
    answer, _ = against(whole(head), answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", head))
    assert (answer.response().body, answer.ending) == (b"", Ending.COMPLETE)


def reset(connection: socket.socket) -> bytes:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return connection.recv(1)


@pytest.mark.parametrize(
    ("serve", "failure"),
    [
        (lambda connection: connection.recv(65536), Failure.DROPPED),
        (reset, Failure.DROPPED),
        (answering(b"SSH-2.0-example\r\n"), Failure.MALFORMED),
    ],
    ids=["closed", "reset", "another protocol"],
)
def test_no_answer_is_told_apart(
    against: Callable[..., tuple[RawAnswer, bytes]], serve: Serve, failure: Failure
) -> None:
    answer, _ = against(whole(POST), serve)
    with pytest.raises(NoAnswerError) as caught:
        answer.response()
    assert caught.value.failure is failure


def test_silence_ends_with_the_timeout_and_a_closed_port_is_refused(
    against: Callable[..., tuple[RawAnswer, bytes]],
) -> None:
    answer, _ = against(whole(POST), lambda connection: b"".join(iter(lambda: connection.recv(99), b"")), timeout=0.1)
    assert answer.ending is Ending.TIMEOUT
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(NoAnswerError) as caught:
        send_raw(url, whole(POST))
    assert caught.value.failure is Failure.REFUSED
