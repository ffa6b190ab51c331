"""What the events of a complete stream must be like among themselves: a client's reader relies on it.

The reference says how a dialect's events are named, begin and end. How they build one answer is said here, by dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..reference.types import Endpoint, StreamFraming
from ..wire.sse import Event


def broken_rule(endpoint: Endpoint, events: tuple[Event, ...]) -> str | None:
    """The first rule that a complete stream of a dialect breaks, as a phrase; None for a good one."""
    framing = endpoint.streaming
    if framing is None:
        return None
    return next(_framing(framing, events), None) or next(_RULES[endpoint.id](_read(framing, events)), None)


def _read(framing: StreamFraming, events: tuple[Event, ...]) -> list[dict[str, Any]]:
    """The objects in a stream's events, less pings and what is not JSON."""
    return [event.json() for event in events if event.data not in framing.text_data and not _is_ping(framing, event)]


def _is_ping(framing: StreamFraming, event: Event) -> bool:
    return framing.ping is not None and event.name == "ping"


def _framing(framing: StreamFraming, events: tuple[Event, ...]) -> Iterator[str]:
    """What the reference says of a dialect's events: their names, the first and the last, and the terminator."""
    if framing.terminator in framing.text_data and (not events or events[-1].data != framing.terminator):
        yield f"the stream does not end with {framing.terminator}"
    named = framing.event_line != "none"
    parts = [event for event in events if event.data not in framing.text_data and not _is_ping(framing, event)]
    for event in parts:
        data = event.json()
        if not isinstance(data, dict):
            yield "an event is not a JSON object"
        elif named and data.get("type") != (event.name or _untold(framing, data)):
            yield f"the event {event.name or 'without a name'} is not of the type that its name tells"
        elif not named and event.name:
            yield f"an event has the name {event.name}"
    names = [event.name or _untold(framing, event.json()) for event in parts]
    if framing.opens_with is not None and (names[:1] != [framing.opens_with] or names.count(framing.opens_with) != 1):
        yield f"there is not one {framing.opens_with}, at the beginning"
    if framing.ends_with and ([name for name in names if name in framing.ends_with] != names[-1:]):
        yield f"there is not one {' or '.join(framing.ends_with)}, at the end"


def _untold(framing: StreamFraming, data: Any) -> str | None:
    """The name of an event without an `event:` line, where clients go by the type in its data."""
    return data.get("type") if framing.event_line == "sent" and isinstance(data, dict) else None


def _messages(parts: list[dict[str, Any]]) -> Iterator[str]:
    """Anthropic: blocks one after another, numbered from 0 without a gap."""
    yield from _blocks([(data["type"], data) for data in parts if data["type"].startswith("content_block_")])


def _blocks(parts: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    following, inside = 0, None
    for name, data in parts:
        index = data.get("index")
        if name == "content_block_start":
            if inside is not None or index != following:
                yield f"the block {index} starts where the block {following} was expected"
            inside, following = index, following + 1
        elif index != inside:
            yield f"{name} belongs to the block {index}, which is not open"
        elif name == "content_block_stop":
            inside = None
    if inside is not None:
        yield f"the block {inside} is not stopped"


def _responses(parts: list[dict[str, Any]]) -> Iterator[str]:
    """OpenAI Responses: numbered events, items that keep their ids, and a last event with it all."""
    numbers = [data.get("sequence_number") for data in parts]
    first = numbers[0] if numbers and isinstance(numbers[0], int) else 0
    if numbers != list(range(first, first + len(numbers))):
        yield "sequence_number does not rise by one"
    yield from _items(parts)
    yield from _completed(parts)


def _items(parts: list[dict[str, Any]]) -> Iterator[str]:
    ids: dict[Any, Any] = {}
    for data in parts:
        place, item = data.get("output_index"), data.get("item_id") or (data.get("item") or {}).get("id")
        if place is None or item is None:
            continue
        if data["type"] == "response.output_item.added":
            ids[place] = item
        elif place not in ids:
            yield f"the item {place} is used before it is added"
        elif ids[place] != item:
            yield f"the item {place} changes its id"


def _completed(parts: list[dict[str, Any]]) -> Iterator[str]:
    whole = parts[-1].get("response") or {}
    added = [data for data in parts if data["type"] == "response.output_item.added"]
    output = whole.get("output") or []
    if parts[-1]["type"] == "response.completed" and not whole.get("usage"):
        yield "the completed response has no usage"
    if parts[-1]["type"] == "response.completed" and len(output) < len(added):
        yield f"the completed response has {len(output)} of {len(added)} added items"
    streamed = "".join(d.get("delta", "") for d in parts if d["type"] == "response.output_text.delta")
    if streamed and streamed != "".join(_texts(output)):
        yield "the text of the completed response differs from the streamed text"


def _texts(output: list[Any]) -> Iterator[str]:
    for item in output:
        for part in item.get("content") or []:
            if part.get("type") == "output_text":
                yield part.get("text", "")


def _chat(chunks: list[dict[str, Any]]) -> Iterator[str]:
    """OpenAI Chat Completions: chunks of one completion, and one finish reason.

    Chunks may have no id, and the chunk with the usage may repeat the reason.
    """
    if len({chunk.get("id") for chunk in chunks if chunk.get("id")}) > 1:
        yield "the chunks have different ids"
    ends = [chunk for chunk in chunks if any(c.get("finish_reason") for c in chunk.get("choices") or [])]
    if not ends:
        yield "no chunk has a finish_reason"
    if len({c["finish_reason"] for chunk in ends for c in chunk["choices"] if c.get("finish_reason")}) > 1:
        yield "the chunks have different finish reasons"
    if _doubled(ends):
        yield "the chunk with the finish_reason comes twice"
    calls: dict[Any, Any] = {}
    for choice in (c for chunk in chunks for c in chunk.get("choices") or []):
        for call in (choice.get("delta") or {}).get("tool_calls") or []:
            if call.get("index") not in calls and not call.get("id"):
                yield f"the tool call {call.get('index')} is used before it has an id"
            calls[call.get("index")] = True


def _gemini(chunks: list[dict[str, Any]]) -> Iterator[str]:
    """Gemini: whole chunks, of which the last one has the finish reason."""
    last = chunks[-1] if chunks else {}
    blocked = not last.get("candidates") and "promptFeedback" in last
    if not blocked and not any(candidate.get("finishReason") for candidate in last.get("candidates") or []):
        yield "the last chunk has no finishReason"
    if _doubled(chunks[-2:]):
        yield "the last chunk comes twice"


def _doubled(chunks: list[dict[str, Any]]) -> bool:
    """Whether a chunk that can come only once comes again, with all that it holds."""
    return any(chunk in chunks[:place] for place, chunk in enumerate(chunks))


_RULES: dict[str, Callable[[list[dict[str, Any]]], Iterator[str]]] = {
    "anthropic-messages": _messages,
    "openai-responses": _responses,
    "openai-chat": _chat,
    "gemini": _gemini,
}
