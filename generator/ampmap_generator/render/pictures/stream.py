"""The picture of a stream: what goes between client, proxy and provider, from the first event to the last. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...vendored.base import Json
from ...vendored.wire import Endpoint, Operation, StreamEvent
from .boxes import Line, Style, figure, listed, text

LANES = ("Client", "Proxy", "Provider")
MOST = 40
"""Longest label of an event, in letters."""


def stream_picture(endpoint: Endpoint, name: str, operation: Operation) -> str:
    """The smallest complete stream of an operation as a timeline; empty where it has none."""
    if not operation.events or endpoint.streaming is None:
        return ""
    labels = labels_of(operation.events)
    terminator = endpoint.streaming.terminator
    asks = text(Line(f"{operation.method}, asking for a stream", Style.NOTE))
    answers = (f"200 {endpoint.streaming.content_type}", *labels)
    events = [f"<li>{text(Line(label, Style.CODE))}</li>" for label in answers]
    if terminator is not None:
        events[-1] = f'<li class="am-last">{text(Line(labels[-1], Style.END))}</li>'
    end = "the stream is complete" if terminator else "the end of the body is the end of the stream"
    lanes = listed("am-lanes", [text(Line(lane, Style.TITLE)) for lane in LANES])
    steps = [f'<li class="am-asks">{asks}</li>', *events, f'<li class="am-over">{text(Line(end, Style.NOTE))}</li>']
    description = f"The proxy forwards the request to the provider and relays, one by one: {', '.join(labels)}."
    return figure("am-stream", f"A stream of {name}", description, f"{lanes}\n{listed('am-events', steps, 'ol')}")


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
    while len(label) > MOST and ", " in label:
        label = f"{label.removesuffix(', …').rpartition(', ')[0]}, …"
    return label if len(label) <= MOST else f"{label[:MOST]}…"
