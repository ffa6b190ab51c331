"""Configuration that makes a known proxy serve the routing map, as text. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace

from ..templates import environment
from .plan import MESSAGES, QUERY_KEYS, REQUEST_ID, check_address, escape_regex
from .shapes import Destination, Plan, ProviderPlan

GATEWAY = "127.0.0.1:8787"
"""Where Portkey's gateway listens by default."""

PORTKEY_PROVIDERS = {"anthropic-messages": "anthropic", "openai-chat": "openai", "openai-responses": "openai"}
"""Dialect to Portkey's name of a provider that speaks it; other dialects have no route there."""


@dataclass(frozen=True)
class Proxy:
    """A proxy that a configuration can be made for."""

    title: str
    template: str


PROXIES = {
    "nginx": Proxy("nginx", "nginx.conf.j2"),
    "caddy": Proxy("Caddy", "Caddyfile.j2"),
    "haproxy": Proxy("HAProxy", "haproxy.cfg.j2"),
    "litellm": Proxy("LiteLLM", "litellm.yaml.j2"),
    "portkey": Proxy("Portkey", "portkey.conf.j2"),
    "cliproxyapi": Proxy("CLIProxyAPI", "cliproxyapi.yaml.j2"),
}


def export(proxy: str, plan: Plan, gateway: str = GATEWAY) -> str:
    """The configuration of one proxy; `gateway` is where Portkey's listens, as `HOST:PORT`.

    Raises ExportError for a `gateway` that is not an address, and KeyError for a proxy that is not among PROXIES.
    """
    check_address("--gateway", gateway)
    templates = environment("export")
    templates.filters |= {"comment": comment, "escaped": escape_regex}
    chosen, more_headers = _behind_portkey(plan, gateway) if proxy == "portkey" else (plan, {})
    served = {provider.id for provider in chosen.providers}
    return templates.get_template(PROXIES[proxy].template).render(
        plan=chosen,
        title=PROXIES[proxy].title,
        statuses=sorted(MESSAGES),
        query_keys="|".join(QUERY_KEYS),
        request_id=REQUEST_ID,
        more_headers=more_headers,
        gateway=gateway,
        not_served=[provider.provider for provider in plan.providers if provider.id not in served],
    )


def comment(text: str, mark: str = "# ", width: int = 110) -> str:
    """Text as comment lines: each of its lines is a paragraph, or an entry of a list (`- ...`)."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        hang = "  " if line.startswith("- ") else ""
        wrapped = textwrap.wrap(line, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
        lines += wrapped or [""]
    return "\n".join(f"{mark}{line}".rstrip() for line in lines)


def _behind_portkey(plan: Plan, gateway: str) -> tuple[Plan, dict[str, dict[str, str]]]:
    """The plan of an nginx that sends calls to Portkey, and the headers that select their destination for Portkey."""
    served = [(provider, name) for provider in plan.providers if (name := _portkey_name(provider)) is not None]
    moved = tuple(
        replace(
            provider,
            destination=Destination("http", gateway, gateway, ""),
            header="Authorization",
            prefix="Bearer ",
            rewrites=tuple(replace(each, keeps_root=False, to="/v1") for each in provider.rewrites),
        )
        for provider, _ in served
    )
    return replace(plan, providers=moved), {
        "x-portkey-provider": {provider.id: name for provider, name in served},
        "x-portkey-custom-host": {
            provider.id: provider.destination.url + provider.provider.roots[0].upstream for provider, _ in served
        },
    }


def _portkey_name(provider: ProviderPlan) -> str | None:
    return next((PORTKEY_PROVIDERS[name] for name in provider.provider.operations if name in PORTKEY_PROVIDERS), None)
