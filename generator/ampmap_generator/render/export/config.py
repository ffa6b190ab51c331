"""Configuration that makes a known proxy serve the routing map, as text. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from jinja2 import Environment

from ..templates import environment
from . import quoting
from .plan import MESSAGES, QUERY_KEYS, REQUEST_ID, check_address, escape_regex
from .proxies import PROXIES, Proxy
from .room import Room, make_room
from .shapes import Destination, Plan, ProviderPlan

GATEWAY = "127.0.0.1:8787"
"""Where Portkey's gateway listens by default."""

PORTKEY_PROVIDERS = {"anthropic-messages": "anthropic", "openai-chat": "openai", "openai-responses": "openai"}
"""Dialect to Portkey's name of a provider that speaks it; other dialects have no route there."""


def export(proxy: str, plan: Plan, gateway: str = GATEWAY) -> str:
    """The configuration of one proxy; `gateway` is where Portkey's listens, as `HOST:PORT`.

    Raises ExportError for a `gateway` that is not an address, and KeyError for a proxy that is not among PROXIES.
    """
    check_address("--gateway", gateway)
    made, room = _with_room(PROXIES[proxy], plan)
    chosen, more_headers = _behind_portkey(made, gateway) if proxy == "portkey" else (made, {})
    served = {provider.id for provider in chosen.providers}
    return (
        _templates()
        .get_template(PROXIES[proxy].template)
        .render(
            plan=chosen,
            room=room,
            title=PROXIES[proxy].title,
            statuses=sorted(MESSAGES),
            query_keys="|".join(QUERY_KEYS),
            request_id=REQUEST_ID,
            more_headers=more_headers,
            gateway=gateway,
            not_served=[provider.provider for provider in plan.providers if provider.id not in served],
        )
    )


def target_file(proxy: str, plan: Plan) -> str:
    """A target file of the conformance kit for the configuration that `export` makes of the same plan.

    Raises KeyError for a proxy that is not among PROXIES.
    """
    about = PROXIES[proxy]
    made, room = _with_room(about, plan)
    chosen = _behind_portkey(made, GATEWAY)[0] if proxy == "portkey" else made
    return (
        _templates()
        .get_template("target.yaml.j2")
        .render(
            plan=chosen,
            room=room,
            proxy=about,
            title=about.title,
            providers=[provider.id for provider in chosen.providers],
            served_by_default=[*(each.id for each in plan.providers), *(each.id for each in plan.without_address)],
        )
    )


def _with_room(proxy: Proxy, plan: Plan) -> tuple[Plan, Room]:
    """A test needs models that are not served; in use, all of them are."""
    return make_room(plan) if proxy.leaves_room and plan.observer else (plan, Room())


def _templates() -> Environment:
    templates = environment("export")
    templates.filters |= {"comment": comment, "escaped": escape_regex}
    templates.filters |= {form.__name__: form for form in (quoting.nginx, quoting.caddy, quoting.haproxy, quoting.yaml)}
    return templates


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
