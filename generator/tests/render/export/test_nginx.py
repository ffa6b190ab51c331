"""nginx with an exported configuration does what its comments say, call by call."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ampmap_conformance import reference as kit_reference
from ampmap_conformance.observer import AMP, End, Observer, Reply
from ampmap_conformance.wire.messages import UpstreamRequest
from ampmap_generator.render.export.config import export
from ampmap_generator.render.export.plan import make_plan
from ampmap_generator.render.export.shapes import Plan
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support import nginx

pytestmark = pytest.mark.usefixtures("nginx")

OBSERVER = "http://127.0.0.1:9100"
Headers = dict[str, str | None]


# --- the configuration


@pytest.mark.parametrize("proxy", ["nginx", "portkey"])
@pytest.mark.parametrize("observer", [None, OBSERVER], ids=["real", "observer"])
def test_nginx_takes_it(proxy: str, observer: str | None, reference: Reference, tmp_path: Path) -> None:
    plan = make_plan(reference, observer=observer)
    config = nginx.with_keys(nginx.offline(export(proxy, plan)), nginx.keys(plan.variables))

    assert nginx.complaints(tmp_path, config) == ""


def test_nginx_refuses_it_while_keys_are_still_names(reference: Reference, tmp_path: Path) -> None:
    config = nginx.offline(export("nginx", make_plan(reference, observer=OBSERVER)))

    assert 'unknown "anthropic_api_key" variable' in nginx.complaints(tmp_path, config).lower()


# --- one call after another


class Proxy:
    """A running nginx and what its upstreams got."""

    def __init__(self, plan: Plan, server: socket.socket, observer: Observer) -> None:
        self.address, self.observer = server.getsockname(), observer
        self.keys = nginx.keys(plan.variables)
        self.key = self.keys[plan.client_keys[0]]
        self.number = 0

    def nonce(self) -> str:
        self.number += 1
        return f"ampmap-{self.number:016x}"

    def opened(self, method: str, target: str, nonce: str, headers: Headers | None = None, body: bytes = b"") -> Any:
        """A context with the answer's beginning; with the client's key, unless `headers` differ."""
        sent = {"authorization": f"Bearer {self.key}", "user-agent": nonce, **(headers or {})}
        return nginx.opened(self.address, method, target, sent, body)

    def call(self, method: str, target: str, nonce: str, headers: Headers | None = None, body: bytes = b"") -> Any:
        """The whole answer. Raises http.client.IncompleteRead for one that breaks off."""
        with self.opened(method, target, nonce, headers, body) as response:
            return nginx.Response.of(response)

    def upstream(self, nonce: str) -> UpstreamRequest:
        (only,) = self.observer.requests(nonce)
        return only


@pytest.fixture(scope="module")
def proxy(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx with the exported configuration, and the kit's observer behind it."""
    folder = tmp_path_factory.mktemp("nginx")
    with Observer(kit_reference.load()).start() as observer, nginx.listening() as server:
        listen = "{}:{}".format(*server.getsockname())
        plan = make_plan(reference, observer=observer.url, listen=listen)
        with nginx.running(folder, nginx.with_keys(export("nginx", plan), nginx.keys(plan.variables)), server):
            yield Proxy(plan, server, observer)


CHAT = b'{"model":"m","messages":[{"role":"user","content":"hi"}],"unknown":12345678901234567890,  "z":1}'

# target on the proxy, who gets it, target there
ROUTES = [
    ("/api/provider/anthropic/v1/messages?beta=true", "anthropic", "/v1/messages?beta=true"),
    ("/api/provider/openai/v1/responses", "openai", "/v1/responses"),
    ("/api/provider/xai/v1/chat/completions", "xai", "/v1/chat/completions"),
    ("/api/provider/supernova/v1/chat/completions", "supernova", "/chat/completions"),
    ("/api/provider/cerebras/v1/chat/completions", "cerebras", "/v1/chat/completions"),
    ("/api/provider/groq/chat/completions", "groq", "/openai/v1/chat/completions"),
    ("/api/provider/groq/openai/v1/chat/completions", "groq", "/openai/v1/chat/completions"),
    ("/api/provider/groq/v1/chat/completions", "groq", "/openai/v1/chat/completions"),
    (
        "/api/provider/google/v1beta1/publishers/google/models/g%2Fx%3AgenerateContent?alt=sse&a=&a=%C3%A9&b",
        "google",
        "/v1beta1/publishers/google/models/g%2Fx%3AgenerateContent?alt=sse&a=&a=%C3%A9&b",
    ),
    (
        "/api/provider/google/v1beta1/projects/p/locations/global/publishers/google/models/x:countTokens",
        "google",
        "/v1beta1/projects/p/locations/global/publishers/google/models/x:countTokens",
    ),
    ("/api/provider/google/v1beta/models/x:generateContent", "google", "/v1beta/models/x:generateContent"),
]


@pytest.mark.parametrize(("target", "persona", "there"), ROUTES)
def test_a_call_goes_on_as_it_came_with_the_upstreams_key(
    target: str, persona: str, there: str, proxy: Proxy, reference: Reference
) -> None:
    nonce = proxy.nonce()
    sent = {"x-api-key": proxy.key, "x-goog-api-key": "placeholder", "amp-thread-id": "T-1", "x_under_score": "1"}
    sent |= {"cookie": "a=1", "api-key": "theirs"}
    proxy.call("POST", target, nonce, headers={**sent, "content-type": "application/json"}, body=CHAT)

    upstream = proxy.upstream(nonce)
    assert (upstream.persona, upstream.method, upstream.target, upstream.body) == (persona, "POST", there, CHAT)
    assert proxy.key.encode() not in upstream.raw
    assert b"placeholder" not in upstream.raw
    assert (upstream.headers.get("cookie"), upstream.headers.get("api-key")) == (None, None)
    assert upstream.headers.get("amp-thread-id") == "T-1"
    assert upstream.headers.get("x_under_score") == "1"
    assert upstream.headers.get("host") == proxy.observer.url.removeprefix("http://")
    key = proxy.keys[f"{persona.upper()}_API_KEY"]
    if reference.providers[persona].upstream_credential == "x-api-key":
        assert (upstream.headers.get("x-api-key"), upstream.headers.get("authorization")) == (key, None)
    else:
        assert (upstream.headers.get("authorization"), upstream.headers.get("x-api-key")) == (f"Bearer {key}", None)


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("key={}", ""),
        ("a=1&key={}&b=2", "?a=1&b=2"),
        ("auth_token={}&a=%20", "?a=%20"),
        ("monkey=1&key={}", "?monkey=1"),
        ("key={}&auth_token={}&alt=sse", "?alt=sse"),
    ],
)
def test_a_key_in_the_query_is_taken_and_taken_out(query: str, there: str, proxy: Proxy) -> None:
    nonce = proxy.nonce()
    target = "/api/provider/openai/v1/models?" + query.replace("{}", proxy.key)

    response = proxy.call("GET", target, nonce, headers={"authorization": None})

    assert response.status == 200
    assert proxy.upstream(nonce).target == f"/v1/models{there}"


REFUSED: list[Headers] = [
    {},
    {"authorization": "Bearer wrong"},
    {"authorization": "Bearer placeholder"},
    {"authorization": "Bearer "},
    {"authorization": "Basic {}"},
    {"x-api-key": ""},
    {"x-api-key": "wrong"},
    {"x-api-key": "{}x"},
    {"x-goog-api-key": "placeholder"},
    {"x-api-key": "${{AMPMAP_CLIENT_KEY}}"},
]


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_whoever_has_no_key_is_refused_in_the_providers_form(
    headers: Headers, proxy: Proxy, reference: Reference
) -> None:
    sent = {name: value.replace("{}", proxy.key) if value else value for name, value in headers.items()}
    for path, provider in (("anthropic/v1/messages", "anthropic"), ("xai/v1/chat/completions", "xai")):
        nonce = proxy.nonce()
        response = proxy.call(
            "POST", f"/api/provider/{path}", nonce, headers={"authorization": None, **sent}, body=CHAT
        )

        assert response.status == 401
        assert set(response.json()) == set(reference.error_shapes[provider].body)
        assert proxy.observer.requests(nonce) == ()


@pytest.mark.parametrize("key", ["", "placeholder"])
def test_a_key_that_is_not_set_opens_no_door(key: str, reference: Reference, tmp_path: Path) -> None:
    with Observer(kit_reference.load()).start() as observer, nginx.listening() as server:
        listen = "{}:{}".format(*server.getsockname())
        plan = make_plan(reference, observer=observer.url, listen=listen)
        config = nginx.with_keys(export("nginx", plan), {**nginx.keys(plan.variables), plan.client_keys[0]: key})
        with nginx.running(tmp_path, config, server):
            here = Proxy(plan, server, observer)
            for headers in ({}, {"x-api-key": ""}, {"authorization": "Bearer "}, {"x-goog-api-key": "placeholder"}):
                response = here.call(
                    "GET",
                    "/api/provider/openai/v1/models?key=",
                    here.nonce(),
                    headers={"authorization": None, **headers},
                )
                assert response.status == 401
        assert observer.all_requests() == ()


@pytest.mark.parametrize(
    ("target", "shape"),
    [
        ("/api/provider/nobody/v1/chat/completions", "openai"),
        ("/api/provider/anthropic/messages", "anthropic"),
        ("/api/provider/google/models/x:generateContent", "google"),
        ("/api/attachments", "openai"),
        ("/v1/chat/completions", "openai"),
        ("/api/provider/groq/../openai/v1/models", "groq"),
        ("/api/provider/groq/%2e%2e/openai/v1/models", "groq"),
        ("/api/provider/groq/x%2f..%2fy", "groq"),
        ("/threads/../api/internal", "openai"),
        ("/.amp-known-headers", "openai"),
    ],
)
def test_what_has_no_route_goes_nowhere(target: str, shape: str, proxy: Proxy, reference: Reference) -> None:
    nonce = proxy.nonce()
    response = proxy.call("GET", target, nonce)

    assert response.status == 404
    assert response.header("content-type") == ["application/json"]
    assert set(response.json()) == set(reference.error_shapes[shape].body)
    assert proxy.observer.requests(nonce) == ()


@pytest.mark.parametrize(
    ("method", "target", "has_key", "status", "goes_on"),
    [
        ("POST", "/api/internal?getUserInfo", True, 200, True),
        ("POST", "/api/internal?getUserInfo", False, 401, False),
        ("GET", "/api/threads/T-1%20x.md?truncate=1&truncate=", True, 200, True),
        ("GET", "/api/ads", True, 200, True),
        ("GET", "/api/ads/x", True, 404, False),
        ("GET", "/threads", False, 200, True),
        ("GET", "/threads/T-1", False, 200, True),
        ("POST", "/threads", True, 405, False),
        ("GET", "/threads.rss", False, 401, False),
        ("POST", "/auth/sign-out", False, 200, True),
    ],
)
def test_management_routes_go_to_amp(
    method: str, target: str, has_key: bool, status: int, goes_on: bool, proxy: Proxy
) -> None:
    nonce = proxy.nonce()
    key = {} if has_key else {"authorization": None}
    response = proxy.call(method, target, nonce, headers={"cookie": "a=1", **key})

    assert response.status == status
    if not goes_on:
        assert proxy.observer.requests(nonce) == ()
        return
    upstream = proxy.upstream(nonce)
    assert (upstream.persona, upstream.method, upstream.target) == (AMP, method, target)
    assert upstream.headers.get("cookie") == "a=1"
    amp_key = proxy.keys["AMP_API_KEY"]
    assert upstream.headers.get("authorization") == (
        None if target.startswith(("/threads", "/auth")) else f"Bearer {amp_key}"
    )


def test_headers_of_the_clients_connection_stay(proxy: Proxy) -> None:
    nonce = proxy.nonce()
    named = {"connection": "keep-alive, X-Mine", "x-mine": "1", "proxy-authorization": "Basic x", "trailer": "x"}
    proxy.call("POST", ROUTES[1][0], nonce, headers={**named, "anthropic-beta": "b", "te": "trailers"}, body=CHAT)

    upstream = proxy.upstream(nonce)
    assert {name.lower() for name, _ in upstream.headers} & {"x-mine", "proxy-authorization", "trailer", "te"} == set()
    assert upstream.headers.get("anthropic-beta") == "b"
    assert upstream.body == CHAT


def test_the_warm_up_is_answered_at_once_and_costs_nothing(proxy: Proxy) -> None:
    nonce = proxy.nonce()
    response = proxy.call("GET", "/api/provider/cerebras/v1/tcp_warming", nonce)

    assert (response.status, response.json()) == (200, {})
    assert proxy.observer.requests(nonce) == ()


def test_errors_of_the_upstream_come_back_as_they_are(proxy: Proxy) -> None:
    nonce, body = proxy.nonce(), b'{"odd":  1}'
    reply = Reply(
        status=429, body=body, more_headers=(("Retry-After", "7"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    )
    proxy.observer.script(nonce, [reply])

    response = proxy.call("POST", ROUTES[1][0], nonce, body=CHAT)

    assert (response.status, response.body, response.header("retry-after")) == (429, body, ["7"])
    assert response.header("set-cookie") == ["a=1", "b=2"]
    assert len(proxy.observer.requests(nonce)) == 1


def test_an_upstream_that_hangs_up_gives_502_in_the_providers_form(proxy: Proxy) -> None:
    nonce = proxy.nonce()
    proxy.observer.script(nonce, [Reply(end=End.RESET_BEFORE_HEAD)] * 3)

    response = proxy.call("POST", ROUTES[0][0], nonce, body=CHAT)

    assert response.status == 502
    assert response.json()["error"]["type"] == "api_error"
    assert re.fullmatch(r"req_[0-9a-f]{32}", response.json()["request_id"])
    assert len(proxy.observer.requests(nonce)) == 1


def test_a_body_over_the_limit_is_refused_in_the_providers_form(proxy: Proxy) -> None:
    nonce = proxy.nonce()
    response = proxy.call("POST", ROUTES[0][0], nonce, headers={"content-length": str(65 << 20)})

    assert response.status == 413
    assert response.json()["error"]["type"] == "request_too_large"
    assert proxy.observer.requests(nonce) == ()


def test_a_large_body_arrives_whole(proxy: Proxy) -> None:
    nonce, body = proxy.nonce(), b'{"model":"m","x":"' + b"a" * (8 << 20) + b'"}'
    proxy.call("POST", ROUTES[1][0], nonce, body=body)

    assert proxy.upstream(nonce).body == body


STREAM = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()


def test_a_stream_that_breaks_off_does_not_end_cleanly(proxy: Proxy) -> None:
    for end in (End.CUT, End.RESET):
        nonce = proxy.nonce()
        proxy.observer.script(nonce, [Reply(end=end)])
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            proxy.call("POST", ROUTES[2][0], nonce, body=STREAM)


def test_a_stream_comes_piece_by_piece_and_its_upstream_is_told_when_the_client_leaves(proxy: Proxy) -> None:
    """The upstream would take an hour for the last piece: what arrives has not waited for the end."""
    nonce, pieces = proxy.nonce(), [b"data: 1\n\n", b": comment\n\n", b"data: 2\n\n"]
    waits = (0.0, 0.05, 0.05, 3600.0)
    proxy.observer.script(nonce, [Reply(pieces=tuple(zip(waits, [*pieces, b"late"], strict=True)))])

    with proxy.opened("POST", ROUTES[2][0], nonce, body=STREAM) as response:
        assert [response.read1() for _ in pieces] == pieces

    assert proxy.observer.client_closed(nonce, within=10)
