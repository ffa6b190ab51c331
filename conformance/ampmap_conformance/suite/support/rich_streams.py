"""Streams as an agent sees them: thinking, text and tool calls, one after another. By dialect, as event and data."""

from __future__ import annotations

import json
from typing import Any

from ...cases.cases import CallCase
from ...dialects.bodies import dump, request_body
from ...probe.requests import BLANK
from ...reference.types import StreamEvent

TEXT = "Zoë asks for €5. \U0001f600"
ARGUMENTS = '{"path":"notes/é.txt","n":9007199254740993}'
SIGNATURE = "RXhhbXBsZSBzaWduYXR1cmU="


ASKED: dict[str, dict[str, Any]] = {"openai-chat": {"stream_options": {"include_usage": True}}}
"""What a client asks for by dialect so that a stream has every kind of event."""


def asking_for_all(case: CallCase) -> bytes:
    """The body of a call that may be answered with every kind of event."""
    plain = json.loads(request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream))
    return dump({**plain, **ASKED.get(case.call.dialect, {})})


def rich_events(case: CallCase, model: str) -> list[StreamEvent]:
    """A complete stream of the case's dialect with several parts; empty for a dialect that has none here."""
    build = {"anthropic-messages": _messages, "openai-responses": _responses, "openai-chat": _chat, "gemini": _gemini}
    made = build.get(case.call.dialect)
    return [] if made is None else made(model)


def _event(name: str, /, **data: Any) -> StreamEvent:
    return StreamEvent(event=name, data={"type": name, **data})


def _messages(model: str) -> list[StreamEvent]:
    message: dict[str, Any] = {
        "id": "msg_example0002", "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1},
    }  # fmt: skip
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        (
            thinking,
            [{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": SIGNATURE}],
        ),
        ({"type": "text", "text": ""}, [{"type": "text_delta", "text": part} for part in (TEXT[:4], TEXT[4:])]),
        *(
            (
                {"type": "tool_use", "id": f"toolu_example{number}", "name": "Read", "input": {}},
                [{"type": "input_json_delta", "partial_json": part} for part in (ARGUMENTS[:17], ARGUMENTS[17:])],
            )
            for number in (1, 2)
        ),
    ]
    events = [_event("message_start", message=message)]
    for index, (block, deltas) in enumerate(blocks):
        events.append(_event("content_block_start", index=index, content_block=block))
        events += [_event("content_block_delta", index=index, delta=delta) for delta in deltas]
        events.append(_event("content_block_stop", index=index))
    end = {"stop_reason": "tool_use", "stop_sequence": None}
    return [*events, _event("message_delta", delta=end, usage={"output_tokens": 40}), _event("message_stop")]


def _responses(model: str) -> list[StreamEvent]:
    response = {
        "id": "resp_example0002",
        "object": "response",
        "created_at": 1_700_000_000,
        "model": model,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }
    begun = {**response, "status": "in_progress", "output": []}
    events = [_event("response.created", response=begun), _event("response.in_progress", response=begun)]
    output: list[dict[str, Any]] = []
    for place, (item, parts) in enumerate(_items()):
        where = {"output_index": place, "item_id": item["id"]}
        events.append(_event("response.output_item.added", output_index=place, item={**item, "status": "in_progress"}))
        events += [_event(name, **where, **data) for name, data in parts]
        events.append(_event("response.output_item.done", output_index=place, item=item))
        output.append(item)
    usage = {"input_tokens": 9, "output_tokens": 40, "total_tokens": 49,
             "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 5}}  # fmt: skip
    events.append(
        _event("response.completed", response={**response, "status": "completed", "output": output, "usage": usage})
    )
    return [
        StreamEvent(event=event.event, data={**event.data, "sequence_number": number})
        for number, event in enumerate(events)
    ]


def _items() -> list[tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]]:
    made: list[tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]] = []
    for number in (1, 2):
        part = {"type": "output_text", "text": TEXT, "annotations": []}
        message = {
            "id": f"msg_example{number}",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [part],
        }
        deltas = [
            ("response.output_text.delta", {"content_index": 0, "delta": text, "logprobs": []})
            for text in (TEXT[:4], TEXT[4:])
        ]
        made.append(
            (
                message,
                [
                    ("response.content_part.added", {"content_index": 0, "part": {**part, "text": ""}}),
                    *deltas,
                    ("response.output_text.done", {"content_index": 0, "text": TEXT, "logprobs": []}),
                    ("response.content_part.done", {"content_index": 0, "part": part}),
                ],
            )
        )
        call = {"id": f"fc_example{number}", "type": "function_call", "status": "completed", "name": "Read",
                "call_id": f"call_example{number}", "arguments": ARGUMENTS}  # fmt: skip
        made.append(
            (
                call,
                [
                    ("response.function_call_arguments.delta", {"delta": ARGUMENTS}),
                    ("response.function_call_arguments.done", {"arguments": ARGUMENTS, "name": "Read"}),
                ],
            )
        )
    return made


def _chat(model: str) -> list[StreamEvent]:
    calls = [
        {
            "index": number,
            "id": f"call_example{number}",
            "type": "function",
            "function": {"name": "Read", "arguments": ""},
        }
        for number in (0, 1)
    ]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, {"content": TEXT[:4]}, {"content": TEXT[4:]}]
    for number, call in enumerate(calls):
        deltas.append({"tool_calls": [call]})
        parts = (ARGUMENTS[:17], ARGUMENTS[17:])
        deltas += [{"tool_calls": [{"index": number, "function": {"arguments": part}}]} for part in parts]
    head = {"id": "chatcmpl-example0002", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model}
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    usage = {"prompt_tokens": 9, "completion_tokens": 40, "total_tokens": 49}
    chunks.append({**head, "choices": [], "usage": usage})
    return [*(StreamEvent(data=chunk) for chunk in chunks), StreamEvent(data="[DONE]")]


def _gemini(model: str) -> list[StreamEvent]:
    parts: list[dict[str, Any]] = [
        {"text": "Hm.", "thought": True},
        {"text": TEXT},
        {"functionCall": {"name": "Read", "args": {"path": "notes/é.txt", "n": 9_007_199_254_740_993}}},
    ]
    chunks = [
        {
            "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": number, "totalTokenCount": 9 + number},
            "modelVersion": model,
        }
        for number, part in enumerate(parts, start=1)
    ]
    last = {"candidates": [{"content": {"role": "model", "parts": []}, "finishReason": "STOP", "index": 0}]}
    return [StreamEvent(data=chunk) for chunk in (*chunks, {**chunks[-1], **last})]
