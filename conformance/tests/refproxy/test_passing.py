"""What a correct proxy sends on: operations, paths, queries, bodies and headers, byte for byte."""

from __future__ import annotations

import gzip
import re
import socket
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.reference.types import Call, Provider, calls

from .bench import CHAT, GROQ, KEY, NONCE, REFERENCE, Bench

CASES = [
    pytest.param(provider, call, stream, id=f"{provider.id}-{call.id}-{'stream' if stream else 'whole'}")
    for provider in REFERENCE.providers.values()
    if provider.via_proxy
    for call in calls(provider, reference=REFERENCE)
    for stream in ((False, True) if call.operation.stream else (False,))
]


def placed(path: str) -> str:
    return path.replace("{project}", "p").replace("{location}", "global")


def below_host(url: str) -> str:
    return re.sub("^https?://[^/]+", "", url)


@pytest.mark.parametrize(("provider", "call", "stream"), CASES)
def test_every_operation_on_every_root_reaches_its_upstream(
    bench: Bench, provider: Provider, call: Call, stream: bool
) -> None:
    model = "vendor/m-1.5:free"
    body = bodies.request_body(call, model, NONCE, stream=stream)
    for root in provider.roots:
        target = placed(call.path(model, stream=stream, root=root))
        url = placed(call.upstream_url(model, stream=stream, root=root))
        response = bench.send(target, body, method=call.operation.method)
        seen = bench.seen()
        assert (seen.persona, seen.method, seen.body) == (provider.id, call.operation.method, body)
        assert seen.target == below_host(url)
        (answer,) = bench.observer.answers(NONCE)
        assert (response.status, response.body, response.broken) == (200, answer.body, None)
        bench.observer.forget(NONCE)


@pytest.mark.parametrize(
    "query",
    ["a=1&b=two%20words&a=3", "b=&a", "x=%2F%2f+%C3%A9", "beta=true", "&&=&a==b", "c|{}^`[]=1;2", "keys=1&xkey=2"],
)
def test_queries_pass_byte_for_byte(bench: Bench, query: str) -> None:
    bench.send(f"{GROQ}?{query}")
    assert bench.seen().target == f"/openai/v1/chat/completions?{query}"


@pytest.mark.parametrize("model", ["openai%2Fgpt-oss", "openai/gpt-oss", "a%3Ab", "%C3%A9", "a|b", "a%25b"])
@pytest.mark.parametrize("verb", [":generateContent", "%3AgenerateContent", "%3acountTokens"])
def test_paths_pass_byte_for_byte(bench: Bench, model: str, verb: str) -> None:
    bench.send(f"/api/provider/google/v1beta/models/{model}{verb}", b"{}")
    assert bench.seen().target == f"/v1beta/models/{model}{verb}"


@pytest.mark.parametrize(
    "path",
    [
        "/api/provider/openai/v1/models/../files",
        "/api/provider/openai/v1/models/%2e%2e/files",
        "/api/provider/openai/v1/models/..%2Ffiles",
        "/api/provider/openai/v1/models/..%5Cfiles",
        "/threads/../api/internal",
        "/docs/%2e%2E/api/internal",
    ],
)
def test_paths_that_climb_are_served_nowhere(bench: Bench, path: str) -> None:
    assert bench.send(path, b"", method="GET").status == 404
    assert bench.observer.requests(NONCE) == ()


def test_bodies_pass_byte_for_byte(bench: Bench) -> None:
    body = (
        b'{ "model":"m",\n "n": 9007199254740993.0e0, "t":"\\u00e9\xc3\xa9", "a":1, "a":2, "note":"%b"}'
        % NONCE.encode()
    )
    bench.send(GROQ, body)
    assert bench.seen().body == body
    assert bench.seen().headers.all("content-length") == (str(len(body)),)


def test_gzipped_bodies_pass_as_they_are(bench: Bench) -> None:
    packed = gzip.compress(CHAT, mtime=0)
    assert bench.send(GROQ, packed, ("Content-Encoding", "gzip")).status == 200
    assert bench.seen().body == packed
    assert bench.seen().headers.get("content-encoding") == "gzip"


def test_a_chunked_request_gets_a_length(bench: Bench) -> None:
    at = urlsplit(bench.proxy.url)
    head = f"POST {GROQ} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        sock.sendall(head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(CHAT), CHAT))
        assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
    assert bench.seen().headers.get("content-length") == str(len(CHAT))
    assert "transfer-encoding" not in bench.seen().headers


def test_exactly_the_clients_headers_go_upstream(bench: Bench) -> None:
    lines = [
        ("anthropic-beta", "one"), ("X-Dup", "b"), ("Connection", "keep-alive, X-Listed"), ("X-Listed", "1"),
        ("Keep-Alive", "5"), ("TE", "trailers"), ("Proxy-Authorization", "Basic x"), ("X-Api-Key", KEY),
        ("x-goog-api-key", "placeholder"), ("anthropic-beta", "two"), ("x-stainless-timeout", "NOT_GIVEN"), ("X-E", ""),
    ]  # fmt: skip
    bench.send(GROQ, CHAT, *lines)
    got = [(name.lower(), value) for name, value in bench.seen().headers]
    host = urlsplit(bench.config.upstreams["groq"].url).netloc
    assert got == [
        ("host", host), ("user-agent", NONCE), ("anthropic-beta", "one"), ("x-dup", "b"), ("anthropic-beta", "two"),
        ("x-stainless-timeout", "NOT_GIVEN"), ("x-e", ""), ("content-length", str(len(CHAT))),
        ("authorization", "Bearer upstream-key-groq"),
    ]  # fmt: skip


def test_nothing_is_invented_for_a_bare_request(bench: Bench) -> None:
    at = urlsplit(bench.proxy.url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        sock.sendall(
            f"GET /api/provider/groq/models?n={NONCE} HTTP/1.1\r\nHost: h\r\nX-Api-Key: {KEY}\r\n\r\n".encode()
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
    assert [name.lower() for name, _ in bench.seen().headers] == ["host", "authorization"]
