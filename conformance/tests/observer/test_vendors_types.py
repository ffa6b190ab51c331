"""What the observer answers is whole: it has the types that the vendors' own SDKs give to answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.meanings import Completion, Finish, codecs
from ampmap_conformance.observer.personas import Personas
from ampmap_conformance.reference.types import Call, calls
from ampmap_conformance.wire.messages import Headers, UpstreamRequest
from ampmap_conformance.wire.sse import events
from anthropic import types as anthropic
from google.genai import types as google
from jsonschema import validate
from openai import types as openai
from openai.types import chat, responses
from pydantic import TypeAdapter

from .talking import REFERENCE

WHOLE: dict[tuple[str, str], Any] = {
    ("anthropic-messages", "messages"): anthropic.Message,
    ("anthropic-messages", "messages.count_tokens"): anthropic.MessageTokensCount,
    ("anthropic-messages", "models.get"): anthropic.ModelInfo,
    ("openai-chat", "chat.completions"): chat.ChatCompletion,
    ("openai-chat", "models.get"): openai.Model,
    ("openai-responses", "responses"): responses.Response,
    ("gemini", "generateContent"): google.GenerateContentResponse,
}
STREAMED: dict[str, Any] = {
    "anthropic-messages": anthropic.RawMessageStreamEvent,
    "openai-chat": chat.ChatCompletionChunk,
    "openai-responses": responses.ResponseStreamEvent,
    "gemini": google.GenerateContentResponse,
}
UNTYPED = ("ping",)
"""Events that vendors send and their SDKs skip."""
CODECS = codecs(REFERENCE)
PERSONAS = Personas(REFERENCE)
EVERY = [call for provider in REFERENCE.providers.values() for call in calls(provider, reference=REFERENCE)]
MODELS = [call for call in EVERY if call.dialect in CODECS and call.id == CODECS[call.dialect].operation]
CHATS = [call for call in MODELS if call.dialect == "openai-chat"]
SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "minLength": 9},
        "lines": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/line"}},
        "how": {"anyOf": [{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}, {"type": "null"}]},
        "count": {"type": "number", "exclusiveMinimum": 3},
    },
    "required": ["path", "lines", "how", "count"],
    "$defs": {"line": {"enum": ["x", "y"]}},
}
TOOLS = {
    "anthropic-messages": {"tools": [{"name": "Other", "input_schema": {}}, {"name": "Read", "input_schema": SCHEMA}]},
    "openai-chat": {"tools": [{"type": "function", "function": {"name": "Read", "parameters": SCHEMA}}]},
    "openai-responses": {"tools": [{"type": "function", "name": "Read", "parameters": SCHEMA}]},
    "gemini": {"tools": [{"functionDeclarations": [{"name": "Read", "parametersJsonSchema": SCHEMA}]}]},
}
FORCED: dict[str, dict[str, Any]] = {
    "anthropic-messages": {"tool_choice": {"type": "tool", "name": "Read"}},
    "openai-chat": {"tool_choice": "required"},
    "openai-responses": {"tool_choice": {"type": "function", "name": "Read"}},
    "gemini": {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["Read"]}}},
}
FORMATS: dict[str, dict[str, Any]] = {
    "anthropic-messages": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "openai-chat": {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}},
    "openai-responses": {"text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}}},
    "gemini": {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}},
}


def answered(call: Call, more: dict[str, Any], *, stream: bool) -> bytes:
    """What the persona of a call sends, without the framing of HTTP."""
    body = json.loads(bodies.request_body(call, "m", "Say hi.", stream=stream)) | more
    url = urlsplit(call.upstream_url("m", stream=stream))
    target = f"{url.path}?{url.query}" if url.query else url.path
    request = UpstreamRequest(call.provider.id, "POST", target, Headers(), bodies.dump(body), b"", 1, 0.0)
    answer = PERSONAS.answer(request)
    assert (answer.status, answer.fault) == (200, None)
    return answer.body


def said(call: Call, more: dict[str, Any], *, stream: bool) -> Completion:
    """What that says; its form is the vendor's."""
    body = answered(call, more, stream=stream)
    assert_typed(call, body, stream=stream)
    codec = CODECS[call.dialect]
    return codec.read_stream(body).completion if stream else codec.read_answer(json.loads(body))


def assert_typed(call: Call, body: bytes, *, stream: bool) -> None:
    adapter = TypeAdapter(STREAMED[call.dialect] if stream else WHOLE[call.dialect, call.id])
    for data in streamed(body) if stream else (json.loads(body),):
        adapter.validate_python(data)


def streamed(body: bytes) -> Iterator[Any]:
    for event in events(body):
        if event.data != "[DONE]" and (data := event.json()).get("type") not in UNTYPED:
            yield data


@pytest.mark.parametrize("call", EVERY, ids=lambda call: f"{call.provider.id}-{call.id}")
def test_stock_answers_have_the_vendors_types(call: Call) -> None:
    if (call.dialect, call.id) in WHOLE:
        TypeAdapter(WHOLE[call.dialect, call.id]).validate_json(bodies.response_body(call, "m"))
    if call in MODELS:
        assert_typed(call, answered(call, {}, stream=True), stream=True)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("call", MODELS, ids=lambda call: f"{call.provider.id}-{call.id}")
def test_what_is_demanded_comes(call: Call, *, stream: bool) -> None:
    forced = said(call, TOOLS[call.dialect] | FORCED[call.dialect], stream=stream)
    assert ([made.name for made in forced.calls], forced.finish) == (["Read"], Finish.TOOL_CALLS)
    validate(forced.calls[0].arguments, SCHEMA)
    shaped = said(call, FORMATS[call.dialect], stream=stream)
    validate(json.loads(shaped.text), SCHEMA)
    assert shaped.usage is not None or call.dialect == "openai-chat"
    free = said(call, TOOLS[call.dialect], stream=stream)
    assert (free.calls, free.finish, free.text) == ((), Finish.STOP, "A short reply.")


@pytest.mark.parametrize(
    "call", [call for call in MODELS if call.dialect == "openai-chat"], ids=lambda c: c.provider.id
)
def test_the_usage_comes_in_streams_where_it_is_asked_for(call: Call) -> None:
    told = said(call, {"stream_options": {"include_usage": True}}, stream=True)
    assert told.usage is not None
    assert (told.usage.input, told.usage.output, told.text) == (9, 4, "A short reply.")
