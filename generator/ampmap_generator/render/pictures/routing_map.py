"""The picture of the whole map, and one per provider: client, proxy, upstreams. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urlsplit

from ...vendored.reference import Reference
from ...vendored.routing import CREDENTIAL_HEADERS, find_call
from ...vendored.wire import Provider
from ..addresses import address
from .svg import GAP, NARROW, PADDING, WIDE, Box, Canvas, Frame, Line, Style, figure

MODEL = "0model0"
CLIENT = Box((Line("Amp client", Style.TITLE), Line("amp.url is the proxy's URL", Style.NOTE)), "am-client")
BELOW = 8
"""Between two boxes of a column that no arrow joins."""


def map_picture(reference: Reference, shown: Reference | None = None, here: str = "index.md") -> str:
    """Client, proxy and every upstream, with the paths on the proxy; what goes past the proxy is dashed.

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
    wide, narrow = _wide(proxied, past), _narrow(proxied, past)
    return figure(
        "map",
        "Destinations of the Amp client's calls",
        f"{description}; everything else to Amp's own servers.",
        narrow,
        wide,
    )


def _ordered(reference: Reference) -> list[Provider]:
    counts = Counter(model.provider for model in reference.models.values())
    return sorted(reference.providers.values(), key=lambda p: (not p.via_proxy, -counts[p.id], p.id))


def _served(reference: Reference, provider: Provider) -> Box:
    count = sum(model.provider == provider.id for model in reference.models.values())
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


def _proxy(height: float = 0) -> Box:
    lines = (
        Line("Proxy", Style.TITLE),
        Line("at amp.url", Style.CODE),
        Line("replaces the client's key by its own", Style.NOTE),
    )
    return Box(lines if height else lines[:2], "am-proxy")


def _wide(proxied: Sequence[Box], past: Sequence[Box]) -> Canvas:
    canvas = Canvas(WIDE)
    left, side, far = 130.0, 176.0, 360.0
    frames = _column(canvas, proxied, far, 0, WIDE - far - 2)
    bottom = frames[-1].bottom
    proxy = canvas.box(side, 0, 130, _proxy(1), bottom)
    client_bottom = bottom + GAP + 4
    dashed = _column(canvas, past, far, client_bottom, WIDE - far - 2)
    client = canvas.box(0, 0, left, CLIENT, dashed[-1].bottom if dashed else bottom)
    canvas.arrow([(client.right, proxy.middle), (proxy.x, proxy.middle)])
    for frame in frames:
        canvas.arrow([(proxy.right, frame.middle), (frame.x, frame.middle)])
    for frame in dashed:
        canvas.arrow([(client.right, frame.middle), (frame.x, frame.middle)], "am-dashed")
    if dashed:
        canvas.text(client.right + 14, dashed[0].middle - 8, "bypasses the proxy", Style.NOTE)
    return canvas


def _narrow(proxied: Sequence[Box], past: Sequence[Box]) -> Canvas:
    canvas = Canvas(NARROW)
    client = canvas.box(0, 0, NARROW - 2, CLIENT)
    proxy = canvas.box(0, client.bottom + GAP, NARROW - 40, _proxy())
    canvas.arrow([(40, client.bottom), (40, proxy.y)])
    frames = _column(canvas, proxied, 34, proxy.bottom + PADDING, NARROW - 74)
    canvas.line([(14, proxy.bottom), (14, frames[-1].middle)])
    for frame in frames:
        canvas.arrow([(14, frame.middle), (frame.x, frame.middle)])
    place = frames[-1].bottom + GAP
    if past:
        canvas.text(0, place, "Bypasses the proxy", Style.NOTE)
    edge = NARROW - 16
    above = client.bottom
    for frame in _column(canvas, past, 0, place + 8, NARROW - 50):
        canvas.arrow([(edge, above), (edge, frame.middle), (frame.right, frame.middle)], "am-dashed")
        above = frame.middle
    return canvas


def _column(canvas: Canvas, boxes: Sequence[Box], x: float, y: float, width: float) -> list[Frame]:
    """Boxes below one another."""
    frames = []
    for box in boxes:
        frames.append(canvas.box(x, y, width, box))
        y = frames[-1].bottom + BELOW
    return frames


# --- one provider


def provider_picture(reference: Reference, provider: Provider) -> str:
    """A call of the provider's default operation on its way, with the header that holds the key at each place."""
    call = find_call(reference, provider)
    path = call.path(MODEL).replace(MODEL, "{model}")
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
    upstream = call.upstream_url(MODEL).replace(MODEL, "{model}")
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
    boxes = (client, proxy, served)
    return figure(
        "call",
        f"Path of a call to {provider.display_name}",
        description,
        _down(boxes, through=provider.via_proxy),
        _across(boxes, through=provider.via_proxy),
    )


def _across(boxes: Sequence[Box], *, through: bool) -> Canvas:
    canvas = Canvas(WIDE)
    width = (WIDE - 2 - GAP * (len(boxes) - 1)) / len(boxes)
    trial = [Canvas(WIDE).box(0, 0, width, box).height for box in boxes]
    frames = [
        canvas.box(index * (width + GAP), 0, width, box, max(trial) if through or index != 1 else None)
        for index, box in enumerate(boxes)
    ]
    if through:
        for before, after in pairwise(frames):
            canvas.arrow([(before.right, before.middle), (after.x, after.middle)])
    else:
        level = frames[0].bottom - 14
        canvas.arrow([(frames[0].right, level), (frames[-1].x, level)], "am-dashed")
    return canvas


def _down(boxes: Sequence[Box], *, through: bool) -> Canvas:
    canvas = Canvas(NARROW)
    y = 0.0
    frames = []
    for index, box in enumerate(boxes):
        frames.append(canvas.box(0, y, NARROW - (2 if through or index != 1 else 44), box))
        y = frames[-1].bottom + GAP
    if through:
        for before, after in pairwise(frames):
            canvas.arrow([(40, before.bottom), (40, after.y)])
    else:
        edge = NARROW - 24
        canvas.arrow([(edge, frames[0].bottom), (edge, frames[-1].y)], "am-dashed")
    return canvas
