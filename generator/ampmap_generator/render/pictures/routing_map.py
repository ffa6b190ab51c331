"""The picture of the whole map, and one per provider: client, proxy, upstreams. Pure."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from ...vendored.lookups import lookups
from ...vendored.reference import Reference
from ...vendored.routing import CREDENTIAL_HEADERS, MODEL_SLOT, find_call
from ...vendored.wire import Provider
from ..addresses import address
from .boxes import Box, Line, Style, box, figure, listed, text

CLIENT = Box((Line("Amp client", Style.TITLE), Line("amp.url is the proxy's URL", Style.NOTE)), "am-client")
PROXY = Box(
    (
        Line("Proxy", Style.TITLE),
        Line("at amp.url", Style.CODE),
        Line("replaces the client's key by its own", Style.NOTE),
    ),
    "am-proxy",
)


def map_picture(reference: Reference, shown: Reference | None = None, here: str = "index.md") -> str:
    """Client, proxy and every upstream, with the paths on the proxy; what bypasses the proxy is dashed.

    Boxes are links from page `here` to the pages of `shown`, by default the same edition, where it has the provider.
    """
    known, up = shown or reference, "../" * address(here).count("/")

    def linked(box: Box, page: str, *, exists: bool) -> Box:
        return replace(box, href=f"{up}{address(page)}") if exists else box

    boxes = [
        (p.via_proxy, linked(_served(reference, p), f"providers/{p.id}.md", exists=p.id in known.providers))
        for p in _ordered(reference)
    ]
    proxied = [box for via_proxy, box in boxes if via_proxy]
    past = [box for via_proxy, box in boxes if not via_proxy]
    description = "; ".join(
        f"{p.display_name}: {p.base_path or p.base_url}, {'through' if p.via_proxy else 'bypassing'} the proxy"
        for p in _ordered(reference)
    )
    proxied.append(linked(_management(reference), "management.md", exists=True))
    ways = [box(CLIENT), f'<div class="am-way">{box(PROXY)}\n{listed("am-ends", map(box, proxied))}\n</div>']
    if past:
        note = text(Line("bypasses the proxy", Style.NOTE))
        ways.append(f'<div class="am-way am-dashed">{note}\n{listed("am-ends", map(box, past))}\n</div>')
    told = f"{description}; everything else to Amp's own servers."
    return figure("am-map", "Destinations of the Amp client's calls", told, "\n".join(ways))


def _ordered(reference: Reference) -> list[Provider]:
    index = lookups(reference)
    return sorted(reference.providers.values(), key=lambda p: (not p.via_proxy, -len(index.models_of(p.id)), p.id))


def _served(reference: Reference, provider: Provider) -> Box:
    count = len(lookups(reference).models_of(provider.id))
    upstream = "at an address that no source states"
    if provider.upstream != "unknown":
        upstream = f"at {urlsplit(provider.upstream).hostname}"
    through = provider.served_through
    served = f", served through {reference.providers[through].display_name}" if through in reference.providers else ""
    words = "1 model" if count == 1 else f"{count} models"
    path = (Line(provider.base_path or "", Style.CODE),) if provider.via_proxy else ()
    lines = (Line(provider.display_name, Style.TITLE), *path, Line(f"{words} {upstream}{served}", Style.NOTE))
    return Box(lines, "am-upstream" if provider.via_proxy else "am-past")


def _management(reference: Reference) -> Box:
    families = [path for route in reference.management.values() if route.level == "api" for path in route.paths[:1]]
    shown = ", ".join(families[:3])
    lines = (
        Line("Amp's own servers", Style.TITLE),
        Line(f"{shown} …" if len(families) > 3 else shown, Style.CODE),
        Line(f"{len(reference.management)} families of management paths", Style.NOTE),
    )
    return Box(lines, "am-upstream")


# --- one provider


def provider_picture(reference: Reference, provider: Provider) -> str:
    """A call of the provider's default operation on its way, with the header that holds the key at each place."""
    call = find_call(provider, reference=reference)
    path = call.path(MODEL_SLOT).replace(MODEL_SLOT, "{model}")
    carriers = " or ".join(CREDENTIAL_HEADERS[carrier] for carrier in provider.client_credentials)
    own = CREDENTIAL_HEADERS[provider.upstream_credential]
    placeholders = ", ".join(CREDENTIAL_HEADERS[carrier] for carrier in provider.placeholder_credentials)
    client = Box(
        (
            Line("Amp client", Style.TITLE),
            Line(provider.sdk.name, Style.NOTE),
            Line(f"{call.operation.method} {path}", Style.CODE),
            Line(f"key in {carriers}"),
        ),
        "am-client",
    )
    dropped = (Line(f"drops the placeholder in {placeholders}"),) if placeholders else ()
    proxy = Box(
        (
            Line("Proxy at amp.url", Style.TITLE),
            *(
                (Line("removes the client's key"), Line(f"adds its own in {own}"), *dropped)
                if provider.via_proxy
                else (Line("is bypassed: it does not see this call", Style.NOTE),)
            ),
        ),
        "am-proxy" if provider.via_proxy else "am-absent",
    )
    known = provider.upstream != "unknown"
    upstream = call.upstream_url(MODEL_SLOT).replace(MODEL_SLOT, "{model}")
    served = Box(
        (
            Line(provider.display_name, Style.TITLE),
            Line(upstream, Style.CODE) if known else Line("at an address that no source states", Style.NOTE),
            Line(f"key in {own}"),
        ),
        "am-upstream" if provider.via_proxy else "am-past",
    )
    way = "passes the proxy at amp.url" if provider.via_proxy else "bypasses the proxy at amp.url"
    description = f"{call.operation.method} {path} {way} and reaches {upstream if known else provider.display_name}."
    steps = [box(client), box(proxy), box(served)]
    if not provider.via_proxy:
        steps[1] = f'<li class="am-dashed">{steps[1]}</li>'
    return figure("am-call", f"Path of a call to {provider.display_name}", description, listed("am-chain", steps, "ol"))
