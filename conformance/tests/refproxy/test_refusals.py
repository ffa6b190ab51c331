"""Who is let in, and what the proxy answers by itself."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.reference.types import Provider, calls

from .bench import BEARER, CHAT, GROQ, KEY, NONCE, REFERENCE, Bench, shape


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
    call = calls(provider, reference=REFERENCE)[0]
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


def test_the_same_key_gets_in_where_the_errors_were(bench: Bench) -> None:
    assert bench.send().status == 200


def test_a_body_over_the_limit_is_413_and_the_connection_lives(make: Callable[..., Bench]) -> None:
    bench = make(body_limit=1000)
    response = bench.send(GROQ, b'{"model":"' + b"m" * 300_000 + b'"}')
    assert response.status == 413
    assert shape(response.json()) == shape(json.loads(bodies.error_body(REFERENCE.error_shapes["groq"], 413, "x")))
    assert bench.observer.requests(NONCE) == ()
    assert bench.send().status == 200


def test_a_404_names_the_edition_whose_clients_call_the_path(bench: Bench) -> None:
    other, none = bench.send("/api/provider/kimi/chat/completions"), bench.send("/api/provider/nope/chat/completions")

    assert (other.status, none.status) == (404, 404)
    assert b"started with `--edition amp-0.0.1777897475`" in other.body
    assert b"--edition" not in none.body
