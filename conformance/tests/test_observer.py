"""The observer on real sockets: what it keeps, what it answers, how it misbehaves on command."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from ampmap_conformance import bodies
from ampmap_conformance.observer import End, Framing, Gzip, Observer, Reply, StreamFault, fail_then_succeed
from ampmap_conformance.observer.server import KEPT_BYTES, KEPT_MALFORMED
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Call, Provider, calls, find_call
from ampmap_conformance.schemas import Schemas

REFERENCE = load()
NONCE = "ampmap-0123456789abcdef"
CHAT = json.dumps({"model": "m", "messages": [], "note": NONCE}).encode()
STREAM = json.dumps({"model": "m", "messages": [], "stream": True, "note": NONCE}).encode()


@pytest.fixture(scope="module")
def shared() -> Iterator[Observer]:
    with Observer(REFERENCE) as observer:
        yield observer


@pytest.fixture
def observer(shared: Observer) -> Iterator[Observer]:
    yield shared
    shared.forget(NONCE)


def post(path: str, body: bytes, *lines: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: h", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def talk(observer: Observer, *sent: bytes) -> bytes:
    """Everything that comes back until the connection ends. Raises ConnectionResetError on a reset."""
    at = urlsplit(observer.url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        for part in sent:
            sock.sendall(part)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def once(observer: Observer, body: bytes, *lines: str, path: str = "/groq/openai/v1/chat/completions") -> bytes:
    return talk(observer, post(path, body, "Connection: close", *lines))


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


def test_head_has_the_length_but_no_body(observer: Observer) -> None:
    got = talk(observer, b"HEAD /groq/openai/v1/models HTTP/1.1\r\nConnection: close\r\n\r\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert b"Content-Length: 0" not in head
    assert body == b""


@pytest.mark.parametrize(
    "raw",
    [b"\x16\x03\x01\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
     b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_kept_and_refused(observer: Observer, raw: bytes) -> None:
    assert talk(observer, raw).startswith(b"HTTP/1.1 400 ")
    assert observer.malformed()[-1].startswith(raw[:16])


CALLS = [
    pytest.param(call, stream, id=f"{call.provider.id}-{call.id}-{'stream' if stream else 'whole'}")
    for provider in REFERENCE.providers.values()
    for call in calls(REFERENCE, provider)
    for stream in ((False, True) if call.operation.stream else (False,))
]


@pytest.mark.parametrize(("call", "stream"), CALLS)
def test_every_persona_answers_every_operation_on_every_root(observer: Observer, call: Call, stream: bool) -> None:
    model = "vendor/some model" if call.operation.model_in != "none" else ""
    expected_model = model or bodies.listed_model(REFERENCE, call.provider.id)
    body = bodies.request_body(call, model, NONCE, stream=stream)
    for root in call.provider.roots:
        target = call.upstream_url(model, stream=stream, root=root).removeprefix("https://").partition("/")[2]
        for spelling in {target, target.replace("%2F", "/"), target.replace(":", "%3A")}:
            path = f"/{call.provider.id}/{spelling}".replace("{project}", "p").replace("{location}", "global")
            head = (
                f"{call.operation.method} {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            got = talk(observer, head.encode() + body)
            assert got.startswith(b"HTTP/1.1 200 "), (path, got)
            if stream:
                frames = bodies.stream_frames(call, expected_model, bodies.framing(REFERENCE, call))
                assert unchunked(got) == b"".join(frames)
            else:
                assert got.partition(b"\r\n\r\n")[2] == bodies.response_body(call, expected_model)


def unchunked(got: bytes) -> bytes:
    rest, body = got.partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body


def test_a_gemini_stream_without_alt_sse_is_a_json_array(observer: Observer) -> None:
    got = once(observer, b'{"contents":[]}', path="/google/v1beta/models/g:streamGenerateContent")
    assert [chunk["modelVersion"] for chunk in json.loads(unchunked(got))] == ["g", "g"]


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("/groq/openai/v1/nope", 404, b'"error"'),
        ("/groq/openai/v1/models", 405, b"Allow: GET, HEAD"),
        ("/anthropic/v1/v1/messages", 404, b'"not_found_error"'),
        ("/groq/openai/v1/../v1/chat/completions", 404, b'"error"'),
        ("/nobody/v1", 404, b"anthropic"),
        ("/amp/api/provider/groq/chat/completions", 200, b'"x_groq"'),
        ("/amp/api/provider/groq/nope", 404, b'"error"'),
        ("/amp/api/internal?getUserInfo", 200, b'"features"'),
        ("/amp/api/internal?loadPlugins", 200, b'{"ok":true,"result":[]}'),
        ("/amp/threads/T-1", 200, b'"ok":true'),
        ("/amp/api/nope", 404, b'"ok":false'),
    ],
)
def test_personas_know_their_paths(observer: Observer, path: str, status: int, part: bytes) -> None:
    got = once(observer, CHAT, path=path)
    assert got.startswith(b"HTTP/1.1 %d " % status)
    assert part in got


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"x"'])
def test_a_body_that_is_no_json_object_is_refused(observer: Observer, body: bytes) -> None:
    assert once(observer, body).startswith(b"HTTP/1.1 400 ")


def test_a_persona_can_have_a_port_of_its_own(observer: Observer) -> None:
    at = urlsplit(observer.listen_for("groq"))
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        sock.sendall(post("/openai/v1/chat/completions", CHAT))
        (request,) = observer.requests(NONCE, at_least=1, within=5)
    assert (request.persona, request.target) == ("groq", "/openai/v1/chat/completions")
    with pytest.raises(LookupError, match="anthropic"):
        observer.persona_url("nobody")


def test_a_script_is_used_up_and_then_answers_are_normal_again(observer: Observer) -> None:
    shape = REFERENCE.error_shapes["groq"]
    observer.script(NONCE, fail_then_succeed(Reply.error(shape, 429, more_headers=(("Retry-After", "3"),)), 2))
    got = [once(observer, CHAT) for _ in range(3)]
    assert [answer[9:12] for answer in got] == [b"429", b"429", b"200"]
    assert b"\r\nRetry-After: 3\r\n" in got[0]
    assert got[0].endswith(bodies.error_body(shape, 429, "Scripted error."))
    assert [answer.status for answer in observer.answers(NONCE)] == [429, 429, 200]


def test_headers_are_sent_with_their_case_order_and_repeats(observer: Observer) -> None:
    lines = (("set-COOKIE", "a=1"), ("Set-Cookie", "b=2"), ("X-Empty", ""))
    observer.script(NONCE, [Reply(status=299, headers=lines, body=b"ok")])
    head = b"HTTP/1.1 299 Answer\r\nset-COOKIE: a=1\r\nSet-Cookie: b=2\r\nX-Empty: \r\nContent-Length: 2\r\n\r\nok"
    assert once(observer, CHAT) == head


LONG = tuple((0.0, b"bit %d " % number) for number in range(4))


@pytest.mark.parametrize(
    ("reply", "ends_with"),
    [
        (Reply(pieces=LONG, framing=Framing.CONTENT_LENGTH), b"Content-Length: 24\r\n\r\nbit 0 bit 1 bit 2 bit 3 "),
        (Reply(pieces=LONG[:1], framing=Framing.CHUNKED), b"Encoding: chunked\r\n\r\n6\r\nbit 0 \r\n0\r\n\r\n"),
        (Reply(pieces=LONG[:2], framing=Framing.CLOSE), b"Connection: close\r\n\r\nbit 0 bit 1 "),
        (Reply(pieces=LONG, end=End.CUT), b"Content-Length: 24\r\nConnection: close\r\n\r\nbit 0 bit 1 "),
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
    assert got.count(b"\x00\x00\xff\xff\r\n") == 5


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
    assert Reply.normal().to_json() == {}
    with pytest.raises(ValueError, match="statuss"):
        Reply.from_json({"statuss": 1})


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


CALLS = [
    (provider, call, stream)
    for provider in REFERENCE.providers.values()
    for call in calls(REFERENCE, provider)
    for stream in (False, True)
    if call.operation.stream is not None or not stream
]


@pytest.mark.parametrize(
    ("provider", "call", "stream"), CALLS, ids=[f"{p.id}-{c.id}{'-stream' * s}" for p, c, s in CALLS]
)
def test_every_answer_of_its_own_fits_the_schemas(
    observer: Observer, provider: Provider, call: Call, stream: bool
) -> None:
    judge = Schemas(REFERENCE)
    body = bodies.request_body(call, "m", f"Say hi. {NONCE}", stream=stream)
    assert judge.request(call, body) is None or not body
    path = urlsplit(call.upstream_url("m", stream=stream))
    target = f"/{provider.id}{path.path}{'?' * bool(path.query)}{path.query}"
    lines = (f"User-Agent: {NONCE}", "Connection: close", f"Content-Length: {len(body)}")
    talk(observer, "\r\n".join((f"{call.operation.method} {target} HTTP/1.1", *lines, "", "")).encode() + body)
    (seen,) = observer.seen(NONCE)
    assert seen.answer is not None
    assert (seen.answer.status, seen.answer.fault) == (200, None)
    problem = judge.stream(call, seen.answer.body) if stream else judge.response(call, seen.answer.body)
    assert problem is None


@pytest.mark.parametrize("shape", REFERENCE.error_shapes)
def test_every_error_of_its_own_fits_the_schemas(shape: str) -> None:
    known = REFERENCE.error_shapes[shape]
    judge = Schemas(REFERENCE)
    found = {status: judge.error(known, bodies.error_body(known, status, "Scripted.")) for status in known.statuses}
    assert {status: problem for status, problem in found.items() if problem} == {}
    assert judge.error(known, b'{"message": 1}') is not None


def test_a_stream_is_judged_event_by_event() -> None:
    judge = Schemas(REFERENCE)
    call = find_call(REFERENCE, REFERENCE.providers["anthropic"], "messages")
    frames = bodies.stream_frames(call, "m", bodies.framing(REFERENCE, call))
    assert judge.stream(call, b"".join(frames)) is None
    assert judge.stream(call, b"") == "the stream has no events"
    assert judge.stream(call, b": only a comment\n\n") == "the stream has no events"
    unnamed = frames[0].partition(b"\n")[2]
    assert judge.stream(call, unnamed) == "event 1 has no name"
    wrong = frames[0].replace(b'"message":', b'"massage":')
    assert str(judge.stream(call, frames[1] + wrong)).startswith("event 2: ")
