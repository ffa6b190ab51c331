"""Faults of proxies that state in their target file who serves what."""

from __future__ import annotations

from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import CORRECT, Behaviour
from ..credentials import given_keys
from ..exchange import Amp, Incoming, RoutedExchange
from ..variants.targets import AMP_HOST, with_redirects
from .registry import defect


@defect("page-redirected-to-named-host", breaks=("management.pages-redirected-to-amp",), variant="pages-redirected")
def page_redirected_to_named_host(right: Behaviour) -> Behaviour:
    """Redirects a page for browsers to the host that the call names."""
    return with_redirects(right, lambda incoming: f"https://{incoming.headers.get('host')}{_whole(incoming)}")


@defect("page-redirected-to-start", breaks=("management.pages-redirected-to-amp",), variant="pages-redirected")
def page_redirected_to_start(right: Behaviour) -> Behaviour:
    """Redirects every page for browsers to Amp's start page."""
    return with_redirects(right, lambda _: f"{AMP_HOST}/")


@defect("redirect-carries-key", breaks=("management.redirects-hold-no-key",), variant="pages-redirected")
def redirect_carries_key(right: Behaviour) -> Behaviour:
    """Puts the client's key into the redirect of a page, for Amp to know the user."""

    def location(incoming: Incoming) -> str:
        key = next(iter(given_keys(incoming)), None)
        mark = "&" if incoming.query else "?"
        return f"{AMP_HOST}{_whole(incoming)}{f'{mark}key={key}' if key else ''}"

    return with_redirects(right, location)


@defect("operators-key-for-all", breaks=("management.client-amp-key-forwarded",), variant="clients-have-amp-keys")
def operators_key_for_all(right: Behaviour) -> Behaviour:
    """Calls Amp's servers with the operator's key, though its clients send their Amp keys."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        if not isinstance(exchange.back_end, Amp):
            return sent
        own = CORRECT.upstream_headers(exchange, body)
        return own if exchange.key is not None else sent

    return replace(right, upstream_headers=headers)


@defect("path-chooses-provider", breaks=("routing.model-chooses-provider",), variant="models-choose-providers")
def path_chooses_provider(right: Behaviour) -> Behaviour:
    """Sends a call to the provider in its path, though it says that the model chooses."""
    parts = ("back_end", "upstream_base", "upstream_target", "upstream_headers")
    return replace(right, **{part: getattr(CORRECT, part) for part in parts})


def _whole(incoming: Incoming) -> str:
    return f"{incoming.path}?{incoming.query}" if incoming.query else incoming.path
