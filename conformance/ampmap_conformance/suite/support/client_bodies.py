"""Requests as the Amp client writes them, and answers as an agent gets them, by dialect.

The fields of requests are those that were seen on the wire (source `amp-client-2026-11`, body shapes); the minimal
bodies of the reference have none of them.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from ...cases.cases import CallCase
from ...dialects import bodies

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TOOL = {"name": "Read", "description": "Reads a file."}
CACHED = {"type": "ephemeral", "ttl": "1h"}
CALL = {"name": "Read", "arguments": '{"path":"notes/é.txt","n":9007199254740993}'}

REQUESTS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "anthropic-messages": {
            "max_tokens": 32000,
            "system": [{"type": "text", "text": "You are Amp.", "cache_control": CACHED}],
            "tools": [{**TOOL, "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}}],
            "thinking": {"type": "enabled", "budget_tokens": 4000},
            "output_config": {"effort": "high"},
        },
        "openai-responses": {
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "tools": [{"type": "function", **TOOL, "parameters": SCHEMA, "strict": False}],
            "max_output_tokens": 32000,
            "prompt_cache_key": "T-00000000-0000-4000-8000-000000000000",
            "reasoning": {"effort": "medium", "summary": "auto"},
            "parallel_tool_calls": True,
            "stream_options": {"include_obfuscation": False},
        },
        "openai-chat": {
            "tools": [{"type": "function", "function": {**TOOL, "parameters": SCHEMA}}],
            "temperature": 0.7,
            "top_p": 0.95,
            "max_tokens": 16000,
            "reasoning_effort": "high",
            "stream_options": {"include_usage": True},
        },
        "gemini": {
            "systemInstruction": {"role": "user", "parts": [{"text": "You are Amp."}]},
            "tools": [{"functionDeclarations": [{**TOOL, "parameters": SCHEMA}]}],
            "generationConfig": {
                "temperature": 1,
                "maxOutputTokens": 65535,
                "seed": 23,
                "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 2048},
            },
        },
    }
)
"""Members beside those of a minimal request."""

RARE: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "anthropic-messages": {"max_tokens": 0},
        "openai-responses": {"input": None, "prompt": {"id": "pmpt_example0002", "version": "2"}},
        "openai-chat": {"max_completion_tokens": 16, "messages": [{"role": "developer", "content": "Say hi."}]},
        "gemini": {"contents": [{"parts": [{"text": "Say hi."}]}]},
    }
)
"""Members in place of those of a minimal request; None removes one. The vendors allow each of these forms."""

ANSWERS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "anthropic-messages": {
            "content": [
                {"type": "thinking", "thinking": "Let me see.", "signature": "RXhhbXBsZQ=="},
                {"type": "redacted_thinking", "data": "RXhhbXBsZQ=="},
                {"type": "text", "text": "I read it."},
                {"type": "tool_use", "id": "toolu_example0002", "name": "Read", "input": {"n": 9007199254740993}},
            ],
            "stop_reason": "tool_use",
            "usage": {
                "input_tokens": 9,
                "output_tokens": 4,
                "cache_creation_input_tokens": 5,
                "cache_read_input_tokens": 6,
                "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
                "service_tier": "standard",
            },
        },
        "openai-responses": {
            "output": [
                {"type": "reasoning", "id": "rs_example0002", "summary": [], "encrypted_content": "RXhhbXBsZQ=="},
                {
                    "type": "function_call",
                    "id": "fc_example0002",
                    "call_id": "call_example0002",
                    "status": "completed",
                    **CALL,
                },
            ],
            "usage": {
                "input_tokens": 9,
                "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
                "output_tokens": 4,
                "output_tokens_details": {"reasoning_tokens": 2},
                "total_tokens": 13,
            },
        },
        "openai-chat": {
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": "I read it.",
                        "reasoning_content": "Let me see.",
                        "tool_calls": [{"id": "call_example0002", "type": "function", "function": CALL}],
                    },
                    "finish_reason": "tool_calls",
                }
            ],
            "usage": {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 13,
                "prompt_tokens_details": {"cached_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            "service_tier": "default",
        },
        "gemini": {
            "candidates": [
                {
                    "content": {
                        "role": "model",
                        "parts": [
                            {"text": "Let me see.", "thought": True},
                            {
                                "functionCall": {"name": "Read", "args": {"path": "notes/é.txt"}},
                                "thoughtSignature": "RXhhbXBsZQ==",
                            },
                        ],
                    },
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": 9,
                "candidatesTokenCount": 4,
                "totalTokenCount": 15,
                "cachedContentTokenCount": 5,
                "thoughtsTokenCount": 2,
            },
        },
    }
)
"""Members in place of those of a minimal answer."""


def client_request(case: CallCase) -> bytes:
    """A streaming call with every field that the client sends in the case's dialect."""
    plain = json.loads(bodies.request_body(case.call, case.model, "Say hi.", stream=True))
    return bodies.dump({**plain, **REQUESTS.get(case.call.dialect, {})})


def rare_request(case: CallCase) -> bytes:
    """A call that is legal in the case's dialect, and of a form that is easily mistaken for a wrong one."""
    plain = json.loads(bodies.request_body(case.call, case.model, "Say hi.", stream=False))
    rare = {**plain, **RARE.get(case.call.dialect, {})}
    return bodies.dump({name: value for name, value in rare.items() if value is not None})


def rich_answer(case: CallCase) -> bytes:
    """A whole answer with thinking, a call of a tool, and details of its usage."""
    plain = json.loads(bodies.response_body(case.call, case.model))
    return bodies.dump({**plain, **ANSWERS.get(case.call.dialect, {})})
