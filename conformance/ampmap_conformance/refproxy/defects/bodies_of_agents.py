"""Faults with fields that agents send and get, and with answers that are large."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from ...dialects import bodies
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Incoming, ManagementPath, ProviderCall, Refusal, RoutedExchange
from .registry import defect

NEWER = frozenset({"reasoning_effort", "thinking", "output_config", "prompt_cache_key", "systemInstruction"})
"""Fields that an older library does not know."""
BUFFER = 2 << 20
SAID = "(no answer)"


def _requests(right: Behaviour, change: Callable[[Any], Any]) -> Behaviour:
    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        try:
            before = json.loads(sent)
        except ValueError:
            return sent
        after = change(before)
        return sent if after == before else bodies.dump(after)

    return replace(right, upstream_body=body)


def _answers(right: Behaviour, change: Callable[[Any], Any]) -> Behaviour:
    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        relayed = right.response_body(exchange, headers, given)
        if headers.get("content-type") != "application/json" or "content-encoding" in headers:
            async for chunk in relayed:
                yield chunk
            return
        whole = b"".join([chunk async for chunk in relayed])
        try:
            before = json.loads(whole)
            after = change(before)
        except (ValueError, KeyError, TypeError):
            yield whole
        else:
            yield whole if after == before else bodies.dump(after)

    return replace(
        right,
        response_body=chunks,
        response_headers=lambda exchange, given: right.response_headers(exchange, given).without("content-length"),
    )


def _without(name: str, data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without(name, value) for key, value in data.items() if key != name}
    return [_without(name, item) for item in data] if isinstance(data, list) else data


@defect("cache-marks-removed", breaks=("bodies.client-fields-kept",), seen_in="onecli/onecli#404")
def cache_marks_removed(right: Behaviour) -> Behaviour:
    """Removes the marks with which a client requests that its prompt be cached."""
    return _requests(right, lambda body: _without("cache_control", body))


@defect("newer-fields-dropped", breaks=("bodies.client-fields-kept",))
def newer_fields_dropped(right: Behaviour) -> Behaviour:
    """Takes out the fields that its library does not know."""
    return _requests(right, lambda body: {name: value for name, value in body.items() if name not in NEWER})


@defect("count-fields-dropped", breaks=("bodies.client-fields-kept",))
def count_fields_dropped(right: Behaviour) -> Behaviour:
    """Counts tokens of the messages alone: tools and instructions are taken out of such calls."""
    counted = ("model", "messages", "contents")

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        operation = exchange.place.match.call.operation if isinstance(exchange.place, ProviderCall) else None
        if operation is None or operation.request is None or operation.stream is not None:
            return sent
        data = json.loads(sent)
        return sent if set(data) <= set(counted) else bodies.dump({key: data[key] for key in counted if key in data})

    return replace(right, upstream_body=body)


@defect("sampling-set-with-tools", breaks=("bodies.client-fields-kept",))
def sampling_set_with_tools(right: Behaviour) -> Behaviour:
    """Adds a `tool_choice` of its own to calls that have tools and no such choice."""
    return _requests(right, lambda body: {"tool_choice": "auto", **body} if "tools" in body else body)


@defect("rules-of-its-own", breaks=("bodies.rare-forms-served",))
def rules_of_its_own(right: Behaviour) -> Behaviour:
    """Rejects a call that requests zero tokens, or that has no input."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        refusal = right.body_problem(place, incoming)
        rare = b'"max_tokens":0' in incoming.body or b'"prompt":{' in incoming.body
        if refusal is None and rare and isinstance(place, ProviderCall):
            return Refusal(400, "max_tokens and input are needed.", place.provider)
        return refusal

    return replace(right, body_problem=problem)


@defect("usage-details-dropped", breaks=("bodies.rich-answer-kept", "routing.answer-relayed"))
def usage_details_dropped(right: Behaviour) -> Behaviour:
    """Has a type for usage that holds only the three numbers that all vendors send."""

    def known(answer: Any) -> Any:
        usage = answer.get("usage") or {}
        return {**answer, "usage": {key: value for key, value in usage.items() if isinstance(value, int)}}

    return _answers(right, lambda answer: known(answer) if "usage" in answer else answer)


@defect(
    "thinking-dropped-beside-tools",
    breaks=("bodies.rich-answer-kept",),
    seen_in="router-for-me/CLIProxyAPI@279cbbbb8",
)
def thinking_dropped_beside_tools(right: Behaviour) -> Behaviour:
    """Takes thinking out of answers that call a tool."""

    def plain(answer: Any) -> Any:
        kinds = [block["type"] for block in answer["content"]]
        kept = [block for block in answer["content"] if "thinking" not in block["type"]]
        return {**answer, "content": kept} if "tool_use" in kinds else answer

    return _answers(right, plain)


@defect("empty-answers-filled-in", breaks=("bodies.empty-answer-kept",))
def empty_answers_filled_in(right: Behaviour) -> Behaviour:
    """Puts a text of its own into a model's answer that has none, so that its client has something to show."""
    texts = {
        "content": {"type": "text", "text": SAID},
        "choices": {"index": 0, "message": {"role": "assistant", "content": SAID}, "finish_reason": "stop"},
        "output": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": SAID}]},
    }

    def filled(answer: Any) -> Any:
        return {name: [texts[name]] if value == [] and name in texts else value for name, value in answer.items()}

    return _answers(right, lambda answer: filled(answer) if isinstance(answer, dict) else answer)


@defect("blocked-prompts-are-failures", breaks=("bodies.empty-answer-kept",))
def blocked_prompts_are_failures(right: Behaviour) -> Behaviour:
    """Reads the first candidate of each of Gemini's answers, and answers with an error where there is none."""
    failed = {"error": {"code": 500, "message": "list index out of range", "status": "INTERNAL"}}
    return _answers(right, lambda answer: failed if "promptFeedback" in answer else answer)


@defect("empty-lists-filled-in", breaks=("bodies.empty-answer-kept",))
def empty_lists_filled_in(right: Behaviour) -> Behaviour:
    """Puts its default model into a list of models that is empty."""
    model = {"id": "example-default", "object": "model", "created": 0, "owned_by": "example"}

    def filled(answer: Any) -> Any:
        return {**answer, "data": [model]} if isinstance(answer, dict) and answer.get("data") == [] else answer

    return _answers(right, filled)


@defect("large-answers-cut", breaks=("bodies.large-answer",))
def large_answers_cut(right: Behaviour) -> Behaviour:
    """Holds an answer in a buffer of 2 MB, and ends it where the buffer does."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        left = BUFFER
        async for chunk in right.response_body(exchange, headers, given):
            if "event-stream" in (headers.get("content-type") or ""):
                yield chunk
            elif left > 0:
                yield chunk[:left]
                left -= len(chunk)

    return replace(
        right,
        response_body=chunks,
        response_headers=lambda exchange, given: right.response_headers(exchange, given).without("content-length"),
    )
