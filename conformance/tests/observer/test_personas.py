"""What the personas answer by themselves, and that it is what the schemas say."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.dialects.schemas import Schemas
from ampmap_conformance.meanings import Completion, Conversation, Finish, Text, ToolCall, codecs, user
from ampmap_conformance.observer import End, Form, Observer, Reply
from ampmap_conformance.reference.types import Call, Provider, calls, find_call
from ampmap_conformance.suite.support.rich_streams import RICH
from ampmap_conformance.wire.sse import events

from .talking import CHAT, NONCE, REFERENCE, once, post, talk, unchunked

CODECS = codecs(REFERENCE)
TARGETS = {
    "anthropic-messages": "/anthropic/v1/messages",
    "openai-chat": "/openai/v1/chat/completions",
    "openai-responses": "/openai/v1/responses",
    "gemini": "/google/v1beta/models/m:VERB",
}


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
    for call in calls(provider, reference=REFERENCE)
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


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"x"', b"\xff", b'{"x":' + b"[" * 100_000])
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


EVERY_CALL = [
    (provider, call, stream)
    for provider in REFERENCE.providers.values()
    for call in calls(provider, reference=REFERENCE)
    for stream in (False, True)
    if call.operation.stream is not None or not stream
]


@pytest.mark.parametrize(
    ("provider", "call", "stream"), EVERY_CALL, ids=[f"{p.id}-{c.id}{'-stream' * s}" for p, c, s in EVERY_CALL]
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


@pytest.mark.parametrize(
    ("provider", "call", "stream"),
    [each for each in EVERY_CALL if each[1].operation.stream is not None],
    ids=[f"{p.id}-{c.id}{'-stream' * s}" for p, c, s in EVERY_CALL if c.operation.stream is not None],
)
def test_what_a_script_says_is_written_in_the_form_that_is_asked_for(
    observer: Observer, provider: Provider, call: Call, stream: bool
) -> None:
    observer.script(NONCE, [Reply(says=RICH)])
    body = bodies.request_body(call, "m", f"Say hi. {NONCE}", stream=stream)
    path = urlsplit(call.upstream_url("m", stream=stream))
    target = f"/{provider.id}{path.path}{'?' * bool(path.query)}{path.query}"

    answer = answered(observer, target, body)

    assert Schemas(REFERENCE).stream(call, answer) is None if stream else True
    assert read(call.dialect, answer, stream=stream) == (RICH.text, RICH.calls, Finish.TOOL_CALLS, "m")


WRITTEN_FOR = Form("anthropic-messages", stream=True)
HALF = 2
"""Pieces after which a stream is cut."""


@pytest.mark.parametrize(("dialect", "target"), TARGETS.items())
@pytest.mark.parametrize("stream", [False, True])
def test_bytes_of_another_form_are_translated(observer: Observer, dialect: str, target: str, stream: bool) -> None:
    frames = CODECS["anthropic-messages"].render_stream(replace(RICH, model="x"))
    observer.script(NONCE, [Reply(pieces=tuple((0.0, frame) for frame in frames), form=WRITTEN_FOR)])

    answer = answered(observer, *asking(dialect, target, stream=stream))

    assert read(dialect, answer, stream=stream) == (RICH.text, RICH.calls, Finish.TOOL_CALLS, "x")


@pytest.mark.parametrize(("dialect", "target"), TARGETS.items())
def test_a_stream_that_is_cut_is_cut_in_another_dialect_too(observer: Observer, dialect: str, target: str) -> None:
    frames = CODECS["anthropic-messages"].render_stream(Completion("x", (Text("one two three four"),)))[:3]
    reply = Reply(pieces=tuple((0.0, frame) for frame in frames), form=WRITTEN_FOR, end=End.CUT, stop_after=len(frames))
    observer.script(NONCE, [reply])

    answer = answered(observer, *asking(dialect, target, stream=True), whole=dialect == "anthropic-messages")

    text, _, finish, _ = read(dialect, answer, stream=True)
    assert (bool(text), text == "one two three four", finish) == (True, False, None)


def test_each_word_can_have_a_piece_of_its_own(observer: Observer) -> None:
    observer.script(NONCE, [Reply(says=Completion("", (Text("one two three"),)), by_word=True)])
    answered(observer, *asking("openai-responses", TARGETS["openai-responses"], stream=True))

    (answer,) = observer.answers(NONCE)

    texts = [read("openai-responses", piece, stream=True)[0] for _, piece in answer.pieces]
    assert texts == ["one ", "two ", "three", ""]


def test_a_provider_in_whose_place_a_gateway_is_speaks_every_dialect(observer: Observer) -> None:
    """But a path of its own dialect that it does not have stays unknown."""
    observer.script(NONCE, [Reply(says=RICH), Reply(says=RICH)])
    _, body = asking("openai-chat", "", stream=False)

    assert read("openai-chat", answered(observer, "/anthropic/v1/chat/completions", body), stream=False)[0] == RICH.text
    assert b"Not found" in answered(observer, "/groq/v2/chat/completions", body)


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("/anthropic/v1/messages", b'"type":"rate_limit_error"'),
        ("/google/v1beta/models/m:generateContent", b'"status":"RESOURCE_EXHAUSTED"'),
        ("/groq/openai/v1/chat/completions", b'"code":"rate_limit_exceeded"'),
        ("/amp/api/provider/cerebras/v1/chat/completions", b'"code":"request_quota_exceeded"'),
        ("/amp/api/user", b'"ok":false'),
    ],
)
def test_an_error_has_the_shape_of_who_is_asked(observer: Observer, target: str, part: bytes) -> None:
    observer.script(NONCE, [Reply.error(429)])
    assert part in answered(observer, target, CHAT)


VERSION = "anthropic-version: 2026-10-21\r\n"


@pytest.mark.parametrize(
    ("target", "lines", "body", "says"),
    [
        ("/anthropic/v1/messages", VERSION, {"max_tokens": 1, "temperature": 1}, b"temperature"),
        ("/anthropic/v1/messages", "", {"max_tokens": 1, "temperature": 1}, b"A short reply."),
        ("/anthropic/v1/messages", "", {"max_tokens": 1, "messages": [{"role": "system", "content": "x"}]}, b"role"),
        ("/openai/v1/chat/completions", "", {"n": 0}, b"n: 0"),
    ],
)
def test_a_strict_persona_rejects_what_its_vendor_rejects(
    target: str, lines: str, body: dict[str, object], says: bytes
) -> None:
    asked = bodies.dump({"model": "m", "messages": [{"role": "user", "content": NONCE}], **body})
    with Observer(REFERENCE, strict=True) as strict, Observer(REFERENCE) as lenient:
        for observer, wanted in ((strict, says), (lenient, b"A short reply.")):
            assert wanted in answered(observer, target, asked, lines=lines)


def answered(observer: Observer, target: str, body: bytes, *, whole: bool = True, lines: str = "") -> bytes:
    """The body of the answer to a POST, all of it or as far as it was sent; `lines` are more lines of its head."""
    head = f"POST {target} HTTP/1.1\r\nUser-Agent: {NONCE}\r\nConnection: close\r\n{lines}"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    talk(observer, head.encode() + body)
    answer = observer.answers(NONCE)[-1]
    return answer.body if whole else b"".join(data for _, data in answer.sent_pieces)


def asking(dialect: str, target: str, *, stream: bool) -> tuple[str, bytes]:
    """Path and body of a request in a dialect."""
    said = Conversation("m", user(Text(f"Say hi. {NONCE}")), stream=stream)
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return target.replace("VERB", verb), bodies.dump(CODECS[dialect].render_request(said))


def read(dialect: str, answer: bytes, *, stream: bool) -> tuple[str, tuple[ToolCall, ...], Finish | None, str]:
    """Text, calls, why it ends, and the model of an answer."""
    reader = CODECS[dialect].stream_reader()
    for event in events(answer) if stream else ():
        reader.take(event)
    said = reader.streamed.completion if stream else CODECS[dialect].read_answer(json.loads(answer))
    return said.text, said.calls, said.finish, said.model


@pytest.mark.parametrize("shape", REFERENCE.error_shapes)
def test_every_error_of_its_own_fits_the_schemas(shape: str) -> None:
    known = REFERENCE.error_shapes[shape]
    judge = Schemas(REFERENCE)
    found = {status: judge.error(known, bodies.error_body(known, status, "Scripted.")) for status in known.statuses}
    assert {status: problem for status, problem in found.items() if problem} == {}
    assert judge.error(known, b'{"message": 1}') is not None


def test_a_stream_is_judged_event_by_event() -> None:
    judge = Schemas(REFERENCE)
    call = find_call(REFERENCE.providers["anthropic"], "messages", reference=REFERENCE)
    frames = bodies.stream_frames(call, "m", bodies.framing(REFERENCE, call))
    assert judge.stream(call, b"".join(frames)) is None
    assert judge.stream(call, b"") == "the stream has no events"
    assert judge.stream(call, b": only a comment\n\n") == "the stream has no events"
    unnamed = frames[0].partition(b"\n")[2]
    assert judge.stream(call, unnamed) == "event 1 has no name"
    wrong = frames[0].replace(b'"message":', b'"massage":')
    assert str(judge.stream(call, frames[1] + wrong)).startswith("event 2: ")


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"model":"m"}', b'{"messages":[]}', b'{"model":"m","messages":' + b"[" * 20_000 + b"]" * 20_000 + b"}"],
    ids=["empty", "no-messages", "no-model", "deep"],
)
def test_what_a_provider_refuses_is_refused(observer: Observer, body: bytes) -> None:
    answer = once(observer, body)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"type":"invalid_request_error"' in answer
