"""The reference proxy between a client and the observer: what passes, what is replaced, what is refused."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from ampmap_conformance import bodies
from ampmap_conformance.client import ProxyClient
from ampmap_conformance.messages import Headers, Request, Response, UpstreamRequest
from ampmap_conformance.observer import End, Framing, Gzip, Observer, Reply, StreamFault
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Call, Provider, calls
from ampmap_conformance.refproxy import (
    AmpUpstream,
    ModelMapping,
    ProxyConfig,
    ReferenceProxy,
    config_for_observer,
)
from ampmap_conformance.refproxy.rewriting import RESPONSE_PATHS, replace_strings

REFERENCE = load()
NONCE = "ampmap-00112233aabbccdd"
KEY = "client-key-one"
BEARER = ("Authorization", f"Bearer {KEY}")
CHAT = json.dumps({"model": "m", "messages": [], "note": NONCE}).encode()
STREAM = json.dumps({"model": "m", "messages": [], "stream": True, "note": NONCE}).encode()
GROQ = "/api/provider/groq/chat/completions"


@dataclass(frozen=True)
class Bench:
    """A proxy, its observer and a client."""

    observer: Observer
    config: ProxyConfig
    proxy: ReferenceProxy
    client: ProxyClient

    def send(
        self, target: str = GROQ, body: bytes = CHAT, *lines: tuple[str, str], method: str = "POST", key: bool = True
    ) -> Response:
        headers = Headers((*((BEARER,) if key else ()), ("User-Agent", NONCE), *lines))
        return self.client.send(Request(method, target, headers, body), timeout=10)

    def seen(self) -> UpstreamRequest:
        (request,) = self.observer.requests(NONCE)
        return request


@pytest.fixture(scope="module")
def observer() -> Iterator[Observer]:
    with Observer(REFERENCE) as running:
        yield running


@pytest.fixture(scope="module")
def make(observer: Observer) -> Iterator[Callable[..., Bench]]:
    """Benches by configuration; one that is asked for twice is the same."""
    made: dict[str, Bench] = {}

    def bench(**changes: Any) -> Bench:
        name = repr(changes)
        if name not in made:
            config = replace(config_for_observer(REFERENCE, observer.persona_url, [KEY, "client-key-two"]), **changes)
            proxy = ReferenceProxy(config).start()
            made[name] = Bench(observer, config, proxy, ProxyClient(proxy.url))
        return made[name]

    yield bench
    for each in made.values():
        each.client.close()
        each.proxy.close()


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    return make()


@pytest.fixture(autouse=True)
def _clean(observer: Observer) -> Iterator[None]:
    yield
    observer.forget(NONCE)


CASES = [
    pytest.param(provider, call, stream, id=f"{provider.id}-{call.id}-{'stream' if stream else 'whole'}")
    for provider in REFERENCE.providers.values()
    if provider.via_proxy
    for call in calls(REFERENCE, provider)
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


@pytest.mark.parametrize("provider", [p for p in REFERENCE.providers.values() if p.via_proxy], ids=lambda p: str(p.id))
@pytest.mark.parametrize(
    ("lines", "query"),
    [
        ([BEARER], ""),
        ([("authorization", f"bearer   {KEY}")], ""),
        ([("X-Api-Key", KEY)], ""),
        ([("x-goog-api-key", KEY)], ""),
        ([], f"key={KEY}&a=1"),
        ([], f"a=1&auth_token={KEY}"),
        ([BEARER, ("x-goog-api-key", "placeholder")], ""),
        ([BEARER, ("X-Api-Key", "stale-key")], "key=stale-key"),
        ([("Authorization", "Bearer stale-key"), ("X-Api-Key", KEY)], ""),
    ],
)
def test_any_carrier_lets_in_and_none_reaches_the_upstream(
    bench: Bench, provider: Provider, lines: list[tuple[str, str]], query: str
) -> None:
    call = calls(REFERENCE, provider)[0]
    path = call.path("m") + (f"?{query}" if query else "")
    response = bench.send(path, bodies.request_body(call, "m", NONCE, stream=False), *lines, key=False)
    assert response.status == 200
    raw = bench.seen().raw
    assert KEY.encode() not in raw
    assert b"stale-key" not in raw
    assert b"placeholder" not in raw
    assert f"upstream-key-{provider.id}".encode() in raw
    assert bench.seen().query == ("a=1" if "a=1" in query else None)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [("Authorization", "Bearer wrong-key")],
        [("Authorization", KEY)],
        [("Authorization", f"Basic {KEY}")],
        [("Authorization", "Bearer")],
        [("x-goog-api-key", "placeholder")],
        [("X-Api-Key", KEY[:-1])],
    ],
)
@pytest.mark.parametrize(
    "path", [GROQ, "/api/provider/anthropic/v1/messages", "/api/provider/nobody/x", "/api/internal"]
)
def test_without_an_accepted_key_nothing_is_sent(bench: Bench, path: str, lines: list[tuple[str, str]]) -> None:
    response = bench.send(path, CHAT, *lines, key=False)
    assert response.status == 401
    assert response.headers.get("www-authenticate") == "Bearer"
    assert b"wrong-key" not in response.body
    assert bench.observer.requests(NONCE) == ()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "provider"),
    [
        ("POST", "/api/provider/nobody/v1/x", CHAT, 404, None),
        ("POST", "/api/nobody", CHAT, 404, None),
        ("GET", "/favicon.ico", b"", 404, None),
        ("POST", "/api/provider/groq/nope", CHAT, 404, "groq"),
        ("POST", "/api/provider/google/v1beta/models/m:dance", CHAT, 404, "google"),
        ("GET", GROQ, b"", 405, "groq"),
        ("OPTIONS", "/api/provider/openai/v1/responses", b"", 405, "openai"),
        ("DELETE", "/threads", b"", 405, None),
        ("POST", GROQ, b"{", 400, "groq"),
        ("POST", GROQ, b"", 400, "groq"),
        ("POST", GROQ, b"[]", 400, "groq"),
        ("POST", GROQ, b"[" * 100_000, 400, "groq"),
        ("POST", "/api/provider/anthropic/v1/messages", b"nope", 400, "anthropic"),
        ("POST", "/api/provider/xai/v1/chat/completions", b"nope", 400, "xai"),
    ],
)
def test_own_errors_have_the_status_and_the_shape_of_whom_was_called(
    bench: Bench, method: str, path: str, body: bytes, status: int, provider: str | None
) -> None:
    response = bench.send(path, body, method=method)
    assert response.status == status
    assert ("allow" in response.headers) == (status == 405)
    assert bench.observer.requests(NONCE) == ()
    if provider is not None:
        expected = json.loads(bodies.error_body(REFERENCE.error_shapes[provider], status, "x"))
        assert shape(response.json()) == shape(expected)


def shape(value: Any) -> Any:
    return {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else type(value)


def test_the_same_key_gets_in_where_the_errors_were(bench: Bench) -> None:
    assert bench.send().status == 200


def test_a_body_over_the_limit_is_413_and_the_connection_lives(make: Callable[..., Bench]) -> None:
    bench = make(body_limit=1000)
    response = bench.send(GROQ, b'{"model":"' + b"m" * 300_000 + b'"}')
    assert response.status == 413
    assert shape(response.json()) == shape(json.loads(bodies.error_body(REFERENCE.error_shapes["groq"], 413, "x")))
    assert bench.observer.requests(NONCE) == ()
    assert bench.send().status == 200


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
    bench.observer.script(NONCE, [Reply.error(REFERENCE.error_shapes["groq"], status, "of the upstream", lines)])
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


MAPPED = {
    "unavailable": frozenset({"gone", "lost"}),
    "mappings": (ModelMapping("gone", "here"), ModelMapping("^go", "lost", True)),
}


def names_of_models(body: bytes) -> set[str]:
    return {name.decode() for name in re.findall(rb'"model(?:Version)?":"([^"]*)"', body)}


@pytest.mark.parametrize("provider", [p for p in REFERENCE.providers.values() if p.via_proxy], ids=lambda p: str(p.id))
@pytest.mark.parametrize("stream", [False, True])
def test_a_mapping_changes_the_model_and_nothing_else(
    make: Callable[..., Bench], provider: Provider, stream: bool
) -> None:
    bench = make(**MAPPED)
    call = next(c for c in calls(REFERENCE, provider) if c.id == provider.default_operation)
    body = bodies.request_body(call, "gone", NONCE, stream=stream).replace(b'"model":', b' "model" :')
    response = bench.send(call.path("gone", stream=stream), body, ("Accept-Encoding", "gzip"))
    seen = bench.seen()
    assert seen.persona == provider.id
    assert seen.target == re.sub("^https://[^/]+", "", call.upstream_url("here", stream=stream))
    assert seen.body == body.replace(b'"gone"', b'"here"')
    assert seen.headers.get("content-length") == str(len(seen.body))
    assert "accept-encoding" not in seen.headers
    (answer,) = bench.observer.answers(NONCE)
    assert response.body == answer.body.replace(b'"here"', b'"gone"')
    assert names_of_models(response.body) == {"gone"}


def test_a_mapped_answer_is_read_through_gzip_and_any_split(make: Callable[..., Bench]) -> None:
    bench = make(**MAPPED)
    body = STREAM.replace(b'"m"', b'"gone"')
    for reply in (Reply(gzip=Gzip.DECLARED), Reply(split=3)):
        bench.observer.script(NONCE, [reply])
        response = bench.send(GROQ, body)
        assert names_of_models(response.body) == {"gone"}
        assert response.body.endswith(b"data: [DONE]\n\n")
        assert "content-encoding" not in response.headers


def test_names_in_texts_are_no_model_names() -> None:
    text = (
        '{"model" : "a", "choices":[{"delta":{"content":"\\"model\\":\\"a\\"", "model":"a"}}],'
        ' "message":{"model":"a","x":{"model":"a"}}}'
    )
    expected = text.replace('"model" : "a"', '"model" : "ü"').replace('{"model":"a","x"', '{"model":"ü","x"')
    assert replace_strings(text, RESPONSE_PATHS, "ü") == expected
    for other in ("[DONE]", "", '{"model":', "[]", "{}", '"model"', '{"model":null}'):
        assert replace_strings(other, RESPONSE_PATHS, "x") == other


@pytest.mark.parametrize(
    ("force", "model", "expected"),
    [
        (False, "gone", ("groq", "here")),
        (False, "GONE ", ("groq", "GONE ")),
        (False, "lost", ("amp", "lost")),
        (False, "going", ("groq", "going")),
        (True, "GONE ", ("groq", "here")),
        (True, "other", ("groq", "other")),
        (True, "lost", ("amp", "lost")),
    ],
)
def test_who_takes_a_call(make: Callable[..., Bench], force: bool, model: str, expected: tuple[str, str]) -> None:
    bench = make(**MAPPED, force_mappings=force)
    bench.send(GROQ, CHAT.replace(b'"m"', json.dumps(model).encode()))
    assert (bench.seen().persona, bench.seen().json()["model"]) == expected


def test_an_unmapped_model_goes_to_amp_unchanged_with_amps_key(make: Callable[..., Bench]) -> None:
    bench = make(**MAPPED)
    body = CHAT.replace(b'"m"', b' "lost"')
    response = bench.send(f"{GROQ}?beta=true", body)
    seen = bench.seen()
    assert (seen.persona, seen.target, seen.body) == ("amp", f"{GROQ}?beta=true", body)
    assert seen.headers.all("authorization") == ("Bearer amp-key-1",)
    assert seen.headers.all("x-api-key") == ("amp-key-1",)
    assert names_of_models(response.body) == {"lost"}


def test_without_anybody_to_serve_a_model_it_is_404(make: Callable[..., Bench]) -> None:
    bench = make(unavailable=frozenset({"m"}), amp=None)
    assert bench.send().status == 404
    assert bench.send("/api/internal").status == 503


@pytest.mark.parametrize("route", REFERENCE.management.values(), ids=lambda route: str(route.id))
def test_management_families_are_forwarded_with_amps_key(bench: Bench, route: Any) -> None:
    method = "POST" if "POST" in route.methods else "GET"
    for path in route.paths:
        target = path.replace("*", "a/b.c%20d") + "?getUserInfo&a=&key=settings"
        response = bench.send(
            target, gzip.compress(CHAT, mtime=0), ("Content-Encoding", "gzip"), ("Cookie", "c=1"), method=method
        )
        seen = bench.seen()
        assert (seen.persona, seen.method, seen.target, seen.body) == (
            "amp",
            method,
            target,
            gzip.compress(CHAT, mtime=0),
        )
        assert seen.headers.all("authorization") == ("Bearer amp-key-1",)
        assert seen.headers.get("cookie") == "c=1"
        assert KEY.encode() not in seen.raw
        assert response.status == 200
        bench.observer.forget(NONCE)
        without = bench.send(path.replace("*", "a"), method=method, key=False)
        if route.authentication == "open":
            assert without.status == 200
            assert b"amp-key" not in bench.seen().raw
            bench.observer.forget(NONCE)
        else:
            assert (without.status, bench.observer.requests(NONCE)) == (401, ())


def test_each_client_has_its_own_key_at_amp(make: Callable[..., Bench]) -> None:
    bench = make(amp=AmpUpstream(make().config.amp.url, "shared", {KEY: "own"}))  # type: ignore[union-attr]
    bench.send("/api/internal")
    bench.send("/api/internal", CHAT, ("Authorization", "Bearer client-key-two"), key=False)
    keys = [request.headers.get("x-api-key") for request in bench.observer.requests(NONCE)]
    assert keys == ["own", "shared"]


def test_management_can_be_kept_to_this_machine(make: Callable[..., Bench]) -> None:
    bench = make(restrict_management_to_localhost=True)
    assert bench.send("/api/internal").status == 200
    assert (
        bench.send("/api/internal", CHAT, ("Host", "rebound.example"), ("X-Forwarded-For", "127.0.0.1")).status == 403
    )
    assert bench.send(GROQ, CHAT, ("Host", "proxy.example")).status == 200


def test_64_concurrent_calls_do_not_mix(bench: Bench) -> None:
    nonces = [f"ampmap-{number:016x}" for number in range(64)]
    start = threading.Barrier(len(nonces))

    def probe(nonce: str) -> bytes:
        start.wait(10)
        headers = Headers((BEARER, ("User-Agent", nonce)))
        return bench.client.send(Request("POST", GROQ, headers, STREAM.replace(b'"m"', b'"%b"' % nonce.encode()))).body

    with ThreadPoolExecutor(len(nonces)) as pool:
        for nonce, body in zip(nonces, pool.map(probe, nonces), strict=True):
            assert names_of_models(body) == {nonce}
            assert [request.json()["model"] for request in bench.observer.requests(nonce)] == [nonce]
            bench.observer.forget(nonce)


@pytest.mark.parametrize(
    "serve",
    [
        "observer import serve_observer; serve_observer('127.0.0.1', 0)",
        "refproxy import serve_proxy; serve_proxy('127.0.0.1', 0, ['query-dropped'])",
    ],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_servers_print_their_url_first_and_end_cleanly(serve: str, number: int) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-W", "error", "-c", f"from ampmap_conformance.{serve}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = urlsplit(server.stdout.readline().decode().strip())
        socket.create_connection((url.hostname, url.port), timeout=5).close()
        server.send_signal(number)
        assert server.wait(10) == 0
        assert server.stderr.read() == b""


def test_a_proxy_that_was_closed_is_gone(make: Callable[..., Bench]) -> None:
    with ReferenceProxy(make().config) as proxy:
        at = urlsplit(proxy.url)
        socket.create_connection((at.hostname, at.port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((at.hostname, at.port), timeout=5)
