"""The lines that point a proxy's upstreams at an observer, for the servers that are met most. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..reference.types import Provider, Reference
from ..wire.address import Address

EXAMPLE = "http://127.0.0.1:9100"
"""Where an observer listens in an example."""
SHOWN = 2
"""Providers that the lines are shown of: those of the others differ in the name alone."""


def pointing_lines(observer: str, reference: Reference) -> tuple[str, ...]:
    """How each server is told that its upstreams are an observer at this URL, as lines of its own configuration.

    They are shown of the providers with the most models.
    """
    models = Counter(model.provider for model in reference.models.values())
    known = [one for one in reference.providers.values() if one.via_proxy and "://" in one.upstream]
    shown = sorted(known, key=lambda provider: -models[provider.id])[:SHOWN]
    lines = [f"# {observer}/PROVIDER stands for https://HOST of a provider, {observer}/amp for Amp's own servers."]
    for title, made in WAYS:
        lines += [f"# {title}", *(line for provider in shown for line in made(observer, provider))]
    return tuple(lines)


def variable(observer: str, provider: Provider) -> str:
    """The variable by which many servers and SDKs are told where a provider is."""
    return f"{provider.id.upper()}_BASE_URL={observer}/{provider.id}{_path(provider)}"


def _path(provider: Provider) -> str:
    """The path of the vendor's API, below which `Root.upstream` continues: `/v1` of `https://api.openai.com/v1`."""
    base = provider.upstream
    return Address.of(base).path if "://" in base else ""


def _nginx(observer: str, provider: Provider) -> Iterator[str]:
    yield f"location {provider.base_path}/ {{"
    yield f"  proxy_pass {observer}/{provider.id}{_path(provider)}/; proxy_http_version 1.1; proxy_buffering off;"
    yield "}"


def _caddy(observer: str, provider: Provider) -> Iterator[str]:
    yield f"handle_path {provider.base_path}/* {{"
    yield f"  rewrite * /{provider.id}{_path(provider)}{{uri}}"
    yield f"  reverse_proxy {Address.of(observer).netloc} {{"
    yield "    flush_interval -1"
    yield "  }"
    yield "}"


def _litellm(observer: str, provider: Provider) -> Iterator[str]:
    target = f"{observer}/{provider.id}{_path(provider)}"
    yield f"- {{path: {provider.base_path}, target: {target}, include_subpath: true}}   # of pass_through_endpoints"


def _variable(observer: str, provider: Provider) -> Iterator[str]:
    yield variable(observer, provider)


WAYS = (
    ("nginx", _nginx),
    ("Caddy", _caddy),
    ("LiteLLM", _litellm),
    ("variables of servers and SDKs that read them", _variable),
)
