"""Faults with dot segments in paths, with clients that choose an upstream, and with ambiguous messages."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from ...dialects.routes import has_dot_segments
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Incoming, Local, Outgoing, Place, ProviderCall, Refusal, RoutedExchange
from ..routing import Routes
from ..upstream import StreamedAnswer, UpstreamSender
from .registry import defect

CLIMB = re.compile(r"(?<=[^/])/(?:/?\.|%2e)", re.IGNORECASE)
SLASHES = re.compile(r"/\.\.%2f", re.IGNORECASE)
LONGEST = 65_536
"""Bytes of a header line."""


def _keeping_climbs(right: Behaviour, climb: re.Pattern[str]) -> Behaviour:
    def place(routes: Routes, incoming: Incoming) -> Place:
        found = climb.search(incoming.path)
        if found is None:
            return right.place(routes, incoming)
        match right.place(routes, replace(incoming, path=incoming.path[: found.start()])):
            case ProviderCall(provider, match):
                return ProviderCall(provider, replace(match, tail=match.tail + incoming.path[found.start() :]))
            case other:
                return other

    return replace(right, place=place)


@defect(
    "climbing-paths-forwarded",
    breaks=("security.no-path-traversal", "security.no-path-traversal-by-encoded-slash"),
    seen_in="BerriAI/litellm#24501",
)
def climbing_paths_forwarded(right: Behaviour) -> Behaviour:
    """Matches the beginning of a path, and forwards all of it with its dot segments."""
    return _keeping_climbs(right, CLIMB)


@defect(
    "encoded-slashes-forwarded",
    breaks=("security.no-path-traversal-by-encoded-slash",),
    seen_in="BerriAI/litellm#24501",
)
def encoded_slashes_forwarded(right: Behaviour) -> Behaviour:
    """Sends dots between encoded slashes on."""
    return _keeping_climbs(right, SLASHES)


@defect("open-prefix-before-dots", breaks=("security.equal-auth-on-all-routes",), seen_in="BerriAI/litellm#24501")
def open_prefix_before_dots(right: Behaviour) -> Behaviour:
    """Requires no key below an open path, and resolves dots only when it forwards."""

    def resolved(incoming: Incoming) -> Incoming:
        climbs = has_dot_segments(incoming.path)
        return replace(incoming, path=posixpath.normpath(unquote(incoming.path))) if climbs else incoming

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        opens = has_dot_segments(incoming.path) and incoming.path.startswith(("/docs", "/threads", "/settings"))
        return config.client_keys[0] if opens else right.authenticate(config, incoming)

    return replace(
        right, place=lambda routes, incoming: right.place(routes, resolved(incoming)), authenticate=authenticate
    )


def _open_where(right: Behaviour, is_open: Callable[[Incoming], bool]) -> Behaviour:
    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        return config.client_keys[0] if is_open(incoming) else right.authenticate(config, incoming)

    return replace(right, authenticate=authenticate)


@defect("endings-open", breaks=("security.equal-auth-on-all-routes",), seen_in="tlbx-ai/tlbx#153")
def endings_open(right: Behaviour) -> Behaviour:
    """Requires no key for a path that ends like a picture or a style sheet."""
    return _open_where(right, lambda incoming: incoming.path.endswith((".png", ".ico", ".css")))


@defect("open-words-anywhere", breaks=("security.equal-auth-on-all-routes",))
def open_words_anywhere(right: Behaviour) -> Behaviour:
    """Requires no key where an open path is anywhere in the address."""
    return _open_where(right, lambda incoming: "/docs" in f"{incoming.path}?{incoming.query}"[1:])


@defect("head-open", breaks=("security.equal-auth-on-all-routes", "management.every-method-needs-key"))
def head_open(right: Behaviour) -> Behaviour:
    """Requires no key for HEAD, whose answer has no body."""
    return _open_where(right, lambda incoming: incoming.method == "HEAD")


def _led_by(right: Behaviour, names: Callable[[RoutedExchange], str | None]) -> Behaviour:
    """Calls any server that a request names, if an operator could have meant that server."""

    def chosen(exchange: RoutedExchange) -> str | None:
        config = exchange.config
        urls = [upstream.url for upstream in config.upstreams.values()] + ([config.amp.url] if config.amp else [])
        host = names(exchange)
        return host if host in {urlsplit(url).netloc for url in urls} else None

    def base(exchange: RoutedExchange) -> str:
        host = chosen(exchange)
        return f"http://{host}" if host else right.upstream_base(exchange)

    def target(exchange: RoutedExchange) -> str:
        return exchange.incoming.path if chosen(exchange) else right.upstream_target(exchange)

    return replace(right, upstream_base=base, upstream_target=target)


@defect(
    "host-chooses-upstream",
    breaks=("security.absolute-url-not-followed", "security.client-chooses-no-upstream"),
)
def host_chooses_upstream(right: Behaviour) -> Behaviour:
    """Calls the host that the request names, as a forward proxy does."""
    return _led_by(right, lambda exchange: exchange.incoming.headers.get("host"))


@defect("forwarding-header-chooses-upstream", breaks=("security.client-chooses-no-upstream",))
def forwarding_header_chooses_upstream(right: Behaviour) -> Behaviour:
    """Calls the host that `X-Forwarded-Host` names."""
    return _led_by(right, lambda exchange: exchange.incoming.headers.get("x-forwarded-host"))


@defect(
    "address-header-chooses-upstream",
    breaks=("security.client-chooses-no-upstream",),
    seen_in="Portkey-AI/gateway#1718",
)
def address_header_chooses_upstream(right: Behaviour) -> Behaviour:
    """Calls the server whose URL a header names."""
    return _led_by(
        right, lambda exchange: urlsplit(exchange.incoming.headers.get("x-portkey-custom-host") or "").netloc
    )


@defect("body-chooses-upstream", breaks=("security.client-chooses-no-upstream",))
def body_chooses_upstream(right: Behaviour) -> Behaviour:
    """Calls the server that a field of the body names."""

    def host(exchange: RoutedExchange) -> str | None:
        try:
            return urlsplit(str(json.loads(exchange.incoming.body)["api_base"])).netloc
        except (ValueError, KeyError, TypeError):
            return None

    return _led_by(right, host)


class _Overriding:
    """A client that does what a header says in place of the method."""

    def __init__(self, client: UpstreamSender) -> None:
        self._client = client

    def send(self, request: Outgoing) -> AbstractAsyncContextManager[StreamedAnswer]:
        return self._client.send(
            replace(request, method=request.headers.get("x-http-method-override") or request.method)
        )


class _Following:
    """A client that goes where an answer sends it."""

    def __init__(self, client: UpstreamSender) -> None:
        self._client = client

    @asynccontextmanager
    async def send(self, request: Outgoing) -> AsyncIterator[StreamedAnswer]:
        async with self._client.send(request) as answer:
            place = urlsplit(answer.headers.get("location") or "")
            if not (300 < answer.status < 400 and place.netloc):
                yield answer
                return
        to = replace(request, base=f"{place.scheme}://{place.netloc}", target=place.path)
        async with self._client.send(to) as answer:
            yield answer


@defect(
    "provider-redirects-followed",
    breaks=("security.redirects-take-no-key",),
    also=("management.redirects-relayed",),
    seen_in="NVIDIA-NeMo/Switchyard#543",
)
def provider_redirects_followed(right: Behaviour) -> Behaviour:
    """Goes where a provider's answer sends it, with its own key."""
    return replace(right, sender=lambda client: _Following(right.sender(client)))


@defect(
    "key-asked-for-by-letters",
    breaks=("security.equal-auth-on-all-model-routes",),
    seen_in="jpsnover/ai-triad-research#264",
)
def key_asked_for_by_letters(right: Behaviour) -> Behaviour:
    """Requires a key where a path begins as listed, and routes by the resolved path."""

    def meant(incoming: Incoming) -> Incoming:
        listed = incoming.path.startswith("/api/")
        return incoming if listed else replace(incoming, path="/" + unquote(incoming.path).lstrip("/"))

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        forgotten = meant(incoming) is not incoming and meant(incoming).path.startswith("/api/provider/")
        return config.client_keys[0] if forgotten else right.authenticate(config, incoming)

    return replace(
        right, place=lambda routes, incoming: right.place(routes, meant(incoming)), authenticate=authenticate
    )


@defect("method-overridden", breaks=("security.client-chooses-no-upstream",))
def method_overridden(right: Behaviour) -> Behaviour:
    """Takes the method from a header where one names it."""
    return replace(right, sender=lambda client: _Overriding(right.sender(client)))


def _answering(right: Behaviour, method: str, status: int, text: Callable[[Incoming], str]) -> Behaviour:
    def place(routes: Routes, incoming: Incoming) -> Place:
        if incoming.method == method:
            return Refusal(status, text(incoming), open=True)
        return right.place(routes, incoming)

    return replace(right, place=place)


@defect("tunnel-opened", breaks=("security.no-tunnel",))
def tunnel_opened(right: Behaviour) -> Behaviour:
    """Opens a tunnel to any host that CONNECT names."""
    return _answering(right, "CONNECT", 200, lambda _: "")


@defect("trace-echoed", breaks=("security.no-echo",))
def trace_echoed(right: Behaviour) -> Behaviour:
    """Answers TRACE with the request as it came."""
    return _answering(
        right, "TRACE", 200, lambda incoming: "\n".join(f"{name}: {value}" for name, value in incoming.headers)
    )


@defect("line-ends-decoded", breaks=("security.no-header-injection",))
def line_ends_decoded(right: Behaviour) -> Behaviour:
    """Writes the decoded query into the head of the upstream request."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        lines = unquote(exchange.incoming.query).split("\r\n")[1:]
        parts = [line.partition(":") for line in lines]
        return right.upstream_headers(exchange, body).adding(*((name, value.strip()) for name, _, value in parts))

    return replace(right, upstream_headers=headers)


@defect("both-lengths-forwarded", breaks=("security.conflicting-framing",))
def both_lengths_forwarded(right: Behaviour) -> Behaviour:
    """Takes a request with two lengths and sends both on."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent, coding = right.upstream_headers(exchange, body), exchange.incoming.headers.get("transfer-encoding")
        return sent.adding(("Transfer-Encoding", coding)) if coding and isinstance(exchange.back_end, Local) else sent

    return replace(right, framing_problem=lambda _: None, upstream_headers=headers)


@defect("large-headers-fail", breaks=("security.large-headers",))
def large_headers_fail(right: Behaviour) -> Behaviour:
    """Fails where a header is larger than its buffer."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        if any(len(value) > LONGEST for _, value in incoming.headers):
            return Refusal(500, "Internal error.", open=True)
        return right.place(routes, incoming)

    return replace(right, place=place)
