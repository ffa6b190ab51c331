"""The picture of a stream: what goes between client, proxy and provider, from the first event to the last. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...vendored.base import Json
from ...vendored.wire import Endpoint, Operation, StreamEvent
from .svg import NARROW, Canvas, Style, figure, measure

LANES = ((44.0, "Client"), (172.0, "Proxy"), (300.0, "Provider"))
STEP = 30
TOP = 26
MOST = 30
"""Longest label of an event, in letters."""


def stream_picture(endpoint: Endpoint, name: str, operation: Operation) -> str:
    """The smallest complete stream of an operation as a timeline; empty where it has none."""
    if not operation.events or endpoint.streaming is None:
        return ""
    labels = labels_of(operation.events)
    terminator = endpoint.streaming.terminator
    canvas = Canvas(NARROW)
    for x, lane in LANES:
        canvas.text(x, 13, lane, Style.TITLE, "middle")
    (client, _), (proxy, _), (provider, _) = LANES
    y = TOP + STEP / 2
    canvas.text(
        (client + provider) / 2, y - 6, f"{operation.method}, asking for a stream", Style.NOTE, "middle", "am-over"
    )
    canvas.arrow([(client, y), (proxy, y)])
    canvas.arrow([(proxy, y), (provider, y)])
    y += STEP
    _event(canvas, y, f"200 {endpoint.streaming.content_type}", "")
    for index, label in enumerate(labels):
        y += STEP
        is_last = index == len(labels) - 1 and terminator is not None
        _event(canvas, y, label, "am-last" if is_last else "")
    y += STEP
    end = "the stream is complete" if terminator else "the end of the body is the end of the stream"
    canvas.text((client + provider) / 2, y, end, Style.NOTE, "middle")
    events, canvas.parts = canvas.parts, []
    for x, _ in LANES:
        canvas.line([(x, TOP - 6), (x, y - 14)], "am-life")
    canvas.parts += events
    listed = ", ".join(labels)
    description = f"The proxy forwards the request to the provider and relays, one by one: {listed}."
    return figure(f"stream-{name.replace('.', '-')}", f"A stream of {name}", description, canvas)


def _event(canvas: Canvas, y: float, label: str, kind: str) -> None:
    (client, _), (proxy, _), (provider, _) = LANES
    canvas.text((client + provider) / 2, y - 6, label, Style.END if kind else Style.CODE, "middle", "am-over")
    canvas.arrow([(provider, y), (proxy, y)], kind)
    canvas.arrow([(proxy, y), (client, y)], kind)


def labels_of(events: Sequence[StreamEvent]) -> list[str]:
    """A name for each event: its own, its type, its text, or the fields in which it differs from the one before."""
    labels = []
    before: Mapping[str, Json] = {}
    for event in events:
        leaves = dict(_leaves(event.data))
        new = [path for path, value in leaves.items() if before.get(path, before) != value and value is not None]
        labels.append(_shortened(_label(event, new, is_first=not before)))
        before = leaves or before
    return labels


def _label(event: StreamEvent, new: Sequence[str], *, is_first: bool) -> str:
    if event.event:
        return event.event
    if isinstance(event.data, str):
        return event.data
    if isinstance(event.data, dict) and isinstance(event.data.get("type"), str):
        return str(event.data["type"])
    names = list(dict.fromkeys(path.rpartition(".")[2] for path in new))
    if is_first:
        told = [name for name in names if name in ("role", "content", "text")]
        return ", ".join(told) or "first chunk"
    return ", ".join(names) or "chunk"


def _leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Each value of a document that is not a container, with its path, which omits the index of a list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    else:
        yield path, value


def _shortened(label: str) -> str:
    room = LANES[-1][0] - LANES[0][0]
    while measure(label, Style.CODE) > room and ", " in label:
        label = f"{label.removesuffix(', …').rpartition(', ')[0]}, …"
    return label if len(label) <= MOST + 10 else f"{label[:MOST]}…"
