"""Profile security: paths with dot segments, clients that choose an upstream, and ambiguous messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ..cases.cases import CallCase, ManagementCase, VariedCase
from ..checks.client_half import ClientHalf
from ..checks.expect import (
    assert_absent,
    assert_equal,
    assert_nothing_upstream,
    assert_same_path,
    assert_served,
    assert_success,
    expect,
    only_upstream_request,
)
from ..checks.registry import checks
from ..dialects import bodies
from ..dialects.routes import has_dot_segments
from ..errors import NoAnswerError
from ..observer import Reply
from ..probe.probe import Probe
from ..wire.credentials import CREDENTIAL_HEADERS, NO_CREDENTIAL
from ..wire.messages import AMP, Headers, Request
from ..wire.raw import Piece, RawRequest, chunked, in_chunks, wire
from .support.management_conditions import is_sample_page
from .test_security import assert_no_key_lent

CLIMBS = MappingProxyType({"plain": "/../..", "encoded": "/%2e%2E/.%2e", "doubled-slash": "//../.."})
BY_SLASH = "/..%2F..%2f"
DOTS = re.compile(r"/(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)
DOORS = (
    "{open}/../{path}", "{open}/%2e%2e/{path}", "{open}/..%2f{path}", "{open}%2f..%2f{path}", "{open}/..;/{path}",
    "{open}/..\\{path}", "{open}x/../{path}", "//{path}", "/./{path}", "/{path}/.", "/{path};x={open}", "/{upper}",
    "/{path}{open}", "/{path}?x={open}", "/{path}.png", "/{path}/app.css", "/{path}/health",
)  # fmt: skip
"""Spellings of a protected path. `open` begins with a slash, `path` does not."""
PROTECTED = "api/internal/ampmap"
UP = ("../", "%2e%2e/", "..%2f", "%2e%2e%2F", "..%5c", "..;/", "..%252f", "%252e%252e/")
"""One step up, as servers, frameworks and filters read it."""
OPEN_PAGE = "docs"
MODEL_DOORS = (
    "/{path}",
    "{upper}",
    "/{first}/{rest}",
    "/auth/%2e%2e{path}",
    "{path};x=/docs",
    "{like}",
)
"""Spellings of the path of a model's call."""
BARE = 4
"""Most paths without a provider that a dialect is known to have."""
FOLLOWED = "ampmap-followed"
INJECTED = "X-Ampmap-Injected"
LINE = f"%0d%0a{INJECTED}:%20yes"
SMUGGLED = "ampmap-smuggled"
LARGE = 200_000
"""Bytes of a header line: more than any server takes by default."""
OVERRIDES = ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method")
FORWARDING = ("X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Upstream-Host", "X-Forwarded-Server")
REWRITING = ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri")
ADDRESSES = (
    "X-Portkey-Custom-Host",
    "Helicone-Target-Url",
    "X-Upstream-Url",
    "X-Target-Url",
    "X-Base-Url",
    "X-Api-Base",
)
"""Headers by which gateways let clients choose an upstream, by its URL."""
ADDRESS_FIELDS = ("api_base", "base_url", "baseURL", "url", "endpoint")


@checks("security.no-path-traversal")
def test_no_path_traversal(case: VariedCase, probe: Probe) -> None:
    """Given a path with dot segments, when it is called, then the proxy forwards none of them."""
    path = case.target.partition("?")[0]
    exchange = probe.send(case, target=f"{path}{CLIMBS[case.variation]}/ampmap")

    climbing = [request.path for request in exchange.upstream if DOTS.search(request.path)]
    expect(
        not climbing,
        "the upstream gets a path with dot segments",
        expected="no dot segment",
        actual=", ".join(climbing),
    )


@checks("security.no-path-traversal-by-encoded-slash")
def test_no_path_traversal_by_encoded_slash(case: CallCase, probe: Probe) -> None:
    """Given dots between encoded slashes, when the path is called, then the proxy does not forward it like that."""
    path = case.target.partition("?")[0]
    exchange = probe.send(case, target=f"{path}{BY_SLASH}/ampmap")

    climbing = [request.path for request in exchange.upstream if has_dot_segments(request.path)]
    expect(
        not climbing,
        "the upstream may decode dot segments in the path",
        expected="no dot segment",
        actual=", ".join(climbing),
    )


@checks("security.equal-auth-on-all-routes", when=is_sample_page, requests=len(DOORS) + 3 * len(UP) + 1)
def test_equal_auth_on_all_routes(case: ManagementCase, probe: Probe) -> None:
    """Given other spellings of a protected path, when a caller has no key, then the proxy does not add its key."""
    doors = [door.format(open=case.path, path=PROTECTED, upper=PROTECTED.upper()) for door in DOORS]
    doors += _climbs(case.path, PROTECTED) + _climbs(f"/{PROTECTED}", case.path.lstrip("/"))
    exchanges = [probe.send(case, target=door, credential=NO_CREDENTIAL) for door in doors]
    exchanges += [
        probe.send(case, target=door, method="POST", body=b"{}", credential=NO_CREDENTIAL)
        for door in _climbs(f"/{PROTECTED}", case.path.lstrip("/"))
    ]
    exchanges.append(probe.send(case, method="HEAD", target=f"/{PROTECTED}", credential=NO_CREDENTIAL))
    assert_no_key_lent(exchanges)


@checks("security.equal-auth-on-all-model-routes", requests=len(MODEL_DOORS) + BARE + 2 * len(UP))
def test_equal_auth_on_all_model_routes(case: CallCase, probe: Probe) -> None:
    """Given other spellings of a model's path, when each is called without a key, then no provider is called."""
    probe.require_client_key()
    path = case.target.partition("?")[0]
    first, *rest = path.lstrip("/").split("/")
    encoded = f"%{ord(first[0]):02x}{first[1:]}"
    like = path.replace(f"/{case.provider.id}/", f"/{case.provider.id}x/", 1)
    doors = [
        door.format(path=path, upper=path.upper(), like=like, first=encoded, rest="/".join(rest))
        for door in MODEL_DOORS
    ]
    bare = probe.reference.endpoints[case.call.dialect].bare_paths
    doors += [door.replace("{model}", case.model) for door in bare]
    for target in (*doors, *_climbs(path, OPEN_PAGE), *_climbs(f"/{OPEN_PAGE}", path.lstrip("/"))):
        exchange = probe.send(case, target=target, credential=NO_CREDENTIAL)
        asked = tuple(request for request in exchange.upstream if request.persona != AMP)
        assert_nothing_upstream(replace(exchange, upstream=asked))
        assert_no_key_lent([exchange])  # Amp's servers, who get open pages, refuse a call without a key


@checks("security.redirects-take-no-key")
def test_redirects_take_no_key(case: CallCase, probe: Probe) -> None:
    """Given a provider that redirects to another host, when it is called, then that host does not get the key."""
    host = _other_name(probe.observer_host)
    away = Reply(status=307, headers=(("Location", f"http://{host}/{case.provider.id}/{FOLLOWED}"),), body=b"")
    exchange = probe.send(case, replies=(away,))

    assert_served(exchange)
    followed = [request for request in exchange.upstream if FOLLOWED in request.target]
    assert_no_key_lent([replace(exchange, upstream=tuple(followed))])


@checks("security.absolute-url-not-followed")
def test_absolute_url_not_followed(case: CallCase, probe: Probe) -> None:
    """Given a request for a whole URL, when it is sent, then its host does not get it."""
    exchange = probe.send(case, target=f"http://{probe.observer_host}{case.target}")

    elsewhere = [request.target for request in exchange.upstream if request.persona != probe.persona_of(case)]
    expect(not elsewhere, "the call went to the URL's host", expected="nothing there", actual=", ".join(elsewhere))


@checks("security.client-chooses-no-upstream", requests=2)
def test_client_chooses_no_upstream(case: VariedCase, probe: Probe) -> None:
    """Given a call that names a second host, path or method, when it is forwarded, then it goes its usual way."""
    usual = only_upstream_request(probe.send(case))
    request = _choosing(case.variation, probe.request(case), probe.observer_host)
    exchange = probe.exchange(request, persona=probe.persona_of(case))

    if exchange.upstream or exchange.response.status < 400:
        upstream = only_upstream_request(exchange)
        assert_equal(upstream.method, usual.method, "the client chose the method")
        assert_same_path(upstream.path, usual.path, "the client chose the path")


@checks("security.no-tunnel", outside=ClientHalf("that CONNECT is not answered with success"))
def test_no_tunnel(case: CallCase, probe: Probe) -> None:
    """Given CONNECT, when it is sent, then no tunnel is opened."""

    def connecting(request: Request) -> RawRequest:
        host = probe.observer_host if probe.is_observed else request.headers.get("host") or ""
        asked = Request("CONNECT", host, request.headers.setting("Host", host).without("content-type"))
        return RawRequest((Piece(wire(asked)),), half_close=True)

    try:
        status = probe.send_raw(case, connecting)[0].response.status
    except NoAnswerError:
        return
    expect(status >= 300, "a tunnel was opened", expected="a refusal", actual=f"status {status}")


@checks("security.no-echo")
def test_no_echo(case: CallCase, probe: Probe) -> None:
    """Given TRACE, when it is sent with a key, then the answer does not hold the key."""
    try:
        response = probe.send(case, method="TRACE", body=b"").response
    except NoAnswerError:
        return
    assert_absent(probe.client_key, in_=response, saying="the answer holds the key")


@checks("security.no-header-injection", requests=3, outside=ClientHalf("that the answer has no such header line"))
def test_no_header_injection(case: CallCase, probe: Probe) -> None:
    """Given encoded line ends, when a path, a query and a name hold them, then no header line comes of it."""
    path = case.target.partition("?")[0]
    named = replace(case, model=f"example\r\n{INJECTED}: yes")
    for exchange in (probe.send(case, more_query=f"a={LINE}"), probe.send(case, target=path + LINE), probe.send(named)):
        lines: list[Headers] = [request.headers for request in exchange.upstream]
        injected = any(INJECTED in headers for headers in (*lines, exchange.response.headers))
        expect(not injected, "a header was injected", expected=f"no {INJECTED}", actual=f"{INJECTED} as a header")


@checks("security.conflicting-framing")
def test_conflicting_framing(case: VariedCase, probe: Probe) -> None:
    """Given a request with two lengths, when it is sent, then no second request comes of it."""
    try:
        exchange, _ = probe.send_raw(case, FRAMINGS[case.variation])
    except NoAnswerError:
        return  # the connection was closed, which refuses it as well
    smuggled = [request.target for request in exchange.upstream if SMUGGLED in request.target]
    expect(not smuggled, "a second request came of it", expected="none", actual=", ".join(smuggled))
    for request in exchange.upstream:
        told = [name for name in ("content-length", "transfer-encoding") for _ in request.headers.all(name)]
        expect(len(told) <= 1, "the upstream gets two lengths", expected="one", actual=" and ".join(told))


@checks(
    "security.hidden-request-not-served",
    requests=2,
    outside=ClientHalf("that the hidden call gets no answer of success"),
)
def test_hidden_request_is_not_served(case: VariedCase, probe: Probe) -> None:
    """Given a call hidden in or behind another one, when both arrive at once, then the hidden one is not served."""
    probe.require_client_key()
    exchange, answer = probe.send_raw(case, HIDING[case.variation], responses=2)

    served = [response.status for response in answer.responses[1:] if response.status < 300]
    calls = len(exchange.upstream) - (case.variation == "behind-chunks" and exchange.response.status < 400)
    actual = f"statuses {', '.join(map(str, served))}" if served else f"{calls} calls upstream"
    saying = "a call was served that no client made with a key"
    expect(not served and calls <= 0, saying, expected="no such call", actual=actual)


@checks("security.large-headers", requests=2)
def test_large_headers(case: CallCase, probe: Probe) -> None:
    """Given a header of 200 kB, when it was sent, then nothing is worse than before."""
    try:
        status = probe.send(case, more_headers=[("X-Ampmap-Large", "x" * LARGE)]).response.status
    except NoAnswerError:
        status = 431
    expect(status < 500, "a large header makes the proxy fail", expected="431", actual=f"status {status}")

    exchange = probe.send(case)
    only_upstream_request(exchange)
    assert_success(exchange)


def _climbs(start: str, end: str) -> list[str]:
    """Paths that begin at one place, climb to the root and name another; `start` begins with a slash."""
    return [f"{start}/{up * start.count('/')}{end}" for up in UP]


def _choosing(word: str, request: Request, host: str) -> Request:
    """`request` with what names another host, path or method."""
    lines: list[tuple[str, str]] = []
    match word:
        case "host":
            return replace(request, headers=request.headers.setting("Host", host))
        case "forwarding-headers":
            lines = [("Forwarded", f"host={host}"), *((name, host) for name in FORWARDING)]
            lines += [(name, "/ampmap-elsewhere") for name in REWRITING]
            lines += [(name, f"http://{host}/ampmap-elsewhere") for name in ADDRESSES]
        case "method-override":
            lines = [(name, "DELETE") for name in OVERRIDES]
        case _:
            fields = bodies.dump(dict.fromkeys(ADDRESS_FIELDS, f"http://{host}/ampmap-elsewhere"))
            return replace(request, body=request.body[:-1] + b"," + fields[1:])
    return replace(request, headers=request.headers.adding(*lines))


def _other_name(host: str) -> str:
    """The same host by another name, where it has one: to a client that compares names it is another host."""
    name, _, port = host.rpartition(":")
    return f"localhost:{port}" if name == "127.0.0.1" else host


def _smuggling(request: Request, *lines: tuple[str, str]) -> RawRequest:
    """The call in chunks, a second one behind them, and a length that takes in both."""
    second = Request(
        "GET", f"/{SMUGGLED}", Headers((("Host", "x"), ("User-Agent", request.headers.get("user-agent") or "")))
    )
    body = chunked(request.body, len(request.body)) + wire(second)
    headers = request.headers.adding(("Content-Length", str(len(body))), *lines)
    return RawRequest((Piece(wire(replace(request, headers=headers, body=body))),))


def _two_lengths(request: Request) -> RawRequest:
    lengths = [("Content-Length", str(len(request.body))), ("Content-Length", "4")]
    return RawRequest((Piece(wire(replace(request, headers=request.headers.adding(*lengths)))),))


FRAMINGS: MappingProxyType[str, Callable[[Request], RawRequest]] = MappingProxyType(
    {
        "length-and-chunks": lambda request: _smuggling(request, ("Transfer-Encoding", "chunked")),
        "two-lengths": _two_lengths,
        "odd-coding": lambda request: _smuggling(request, ("Transfer-Encoding", "xchunked, chunked")),
        "space-before-colon": lambda request: _smuggling(request, ("Transfer-Encoding ", "chunked")),
    }
)


def _without_key(request: Request, **changes: Any) -> Request:
    """The same call without a credential."""
    keyless = request.headers.without(*CREDENTIAL_HEADERS)
    return replace(request, headers=keyless, **changes)


def _in_rejected_body(request: Request) -> RawRequest:
    """A call without a key, whose body is the call with its key; behind it a call for nothing."""
    body = wire(request)
    outer = _without_key(request, body=b"")
    outer = replace(outer, headers=outer.headers.setting("Content-Length", str(len(body))), body=body)
    return RawRequest((Piece(wire(outer)), Piece(wire(_without_key(request, method="GET", body=b"")))))


def _behind_chunks(request: Request) -> RawRequest:
    """The call in chunks, and the same call without a key behind it."""
    return RawRequest((*in_chunks(request).pieces, Piece(wire(_without_key(request)))))


HIDING: MappingProxyType[str, Callable[[Request], RawRequest]] = MappingProxyType(
    {"in-rejected-body": _in_rejected_body, "behind-chunks": _behind_chunks}
)
