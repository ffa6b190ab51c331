"""What the events of a complete stream must be like among themselves, by dialect: a client's reader relies on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..wire.sse import Event

DONE = "[DONE]"


def broken_rule(dialect: str, events: tuple[Event, ...]) -> str | None:
    """The first rule that a complete stream of a dialect breaks, as a phrase; None for a good one."""
    rules = _RULES.get(dialect)
    return None if rules is None else next(rules(events), None)


def _messages(events: tuple[Event, ...]) -> Iterator[str]:
    """Anthropic: one message, its blocks one after another, numbered from 0 without a gap."""
    kinds = [(event.name, event.json()) for event in events if event.name != "ping"]
    names = [name for name, _ in kinds]
    for name, data in kinds:
        if not isinstance(data, dict) or data.get("type") != name:
            yield f"the event {name or 'without a name'} has a `type` that is not its name"
            return
    if names[:1] != ["message_start"] or names.count("message_start") != 1:
        yield "message_start must occur exactly once, as the first event"
    if names[-1:] != ["message_stop"] or names.count("message_stop") != 1:
        yield "message_stop must occur exactly once, as the last event"
    yield from _blocks([(name, data) for name, data in kinds if name.startswith("content_block_")])


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


def _responses(events: tuple[Event, ...]) -> Iterator[str]:
    """OpenAI Responses: numbered events of one response, items that keep their ids, and a last event with it all."""
    parts = [(event, event.json()) for event in events if event.data != DONE]
    for event, data in parts:
        if not isinstance(data, dict) or data.get("type") != event.name:
            yield f"the event {event.name or 'without a name'} has a `type` that is not its name"
            return
    numbers = [data.get("sequence_number") for _, data in parts]
    if numbers != list(range(numbers[0] if numbers and isinstance(numbers[0], int) else 0, len(numbers))):
        yield "sequence_number does not increase by one"
    names = [event.name for event, _ in parts]
    if names[:1] != ["response.created"] or names.count("response.created") != 1:
        yield "response.created must occur exactly once, as the first event"
    if names[-1:] not in (["response.completed"], ["response.incomplete"], ["response.failed"]):
        yield "the last event does not end a response"
        return
    yield from _items([data for _, data in parts])
    yield from _completed([data for _, data in parts])


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
    if len(output) < len(added):
        yield f"the completed response has {len(output)} of {len(added)} added items"
    streamed = "".join(d.get("delta", "") for d in parts if d["type"] == "response.output_text.delta")
    if streamed and streamed != "".join(_texts(output)):
        yield "the text of the completed response differs from the streamed text"


def _texts(output: list[Any]) -> Iterator[str]:
    for item in output:
        for part in item.get("content") or []:
            if part.get("type") == "output_text":
                yield part.get("text", "")


def _chat(events: tuple[Event, ...]) -> Iterator[str]:
    """OpenAI Chat Completions: chunks of one completion, a finish reason, and `[DONE]` at the end."""
    if not events or events[-1].data != DONE:
        yield "the stream does not end with [DONE]"
        return
    chunks = [event.json() for event in events[:-1]]
    if any(not isinstance(chunk, dict) for chunk in chunks):
        yield "a chunk is not a JSON object"
        return
    if len({chunk.get("id") for chunk in chunks}) != 1:
        yield "the chunks have different ids"
    reasons = [c.get("finish_reason") for chunk in chunks for c in chunk.get("choices") or []]
    if sum(reason is not None for reason in reasons) != 1:
        yield "finish_reason must occur exactly once"
    calls: dict[Any, Any] = {}
    for choice in (c for chunk in chunks for c in chunk.get("choices") or []):
        for call in (choice.get("delta") or {}).get("tool_calls") or []:
            if call.get("index") not in calls and not call.get("id"):
                yield f"the tool call {call.get('index')} is used before it has an id"
            calls[call.get("index")] = True


def _gemini(events: tuple[Event, ...]) -> Iterator[str]:
    """Gemini: whole chunks, of which the last one has the finish reason."""
    chunks = [event.json() for event in events]
    if any(not isinstance(chunk, dict) for chunk in chunks) or any(event.name for event in events):
        yield "an event has a name, or is not a JSON object"
        return
    if not chunks or not any(candidate.get("finishReason") for candidate in chunks[-1].get("candidates") or []):
        yield "the last chunk has no finishReason"


_RULES: dict[str, Callable[[tuple[Event, ...]], Iterator[str]]] = {
    "anthropic-messages": _messages,
    "openai-responses": _responses,
    "openai-chat": _chat,
    "gemini": _gemini,
}
