"""The proxies that a configuration can be made for, and what a target file says of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proxy:
    """A proxy that a configuration can be made for."""

    id: str
    title: str
    template: str
    claims: tuple[str, ...] = ("management",)
    policy: tuple[tuple[str, str], ...] = (("amp_headers", "forwarded"),)
    """Keys of a target file's policy and their values, as YAML."""
    has_many_keys: bool = True
    """Whether the configuration knows several clients' keys."""
    leaves_room: bool = False
    """Whether the proxy has mappings and a fallback to Amp, so that a test leaves models out."""


_CLIPROXYAPI_POLICY = (
    (
        "body",
        "{anthropic-messages: rewritten, openai-chat: rewritten, openai-responses: translated, gemini: rewritten}",
    ),
    ("upstream_dialects", "[openai-chat]"),
    ("response_model", "requested"),
    ("amp_headers", "stripped"),
    ("lists", "own"),
    ("carriers", "[authorization-bearer, x-api-key, x-goog-api-key, query-key]"),
)

PROXIES = {
    proxy.id: proxy
    for proxy in (
        Proxy("nginx", "nginx", "nginx.conf.j2"),
        Proxy("caddy", "Caddy", "Caddyfile.j2"),
        Proxy("haproxy", "HAProxy", "haproxy.cfg.j2"),
        Proxy("litellm", "LiteLLM", "litellm.yaml.j2", claims=(), has_many_keys=False),
        Proxy("portkey", "Portkey", "portkey.conf.j2", policy=(("body", "rewritten"),)),
        Proxy(
            "cliproxyapi",
            "CLIProxyAPI",
            "cliproxyapi.yaml.j2",
            claims=("management", "mapping", "upstream-fallback"),
            policy=_CLIPROXYAPI_POLICY,
            leaves_room=True,
        ),
    )
}
