"""The SDKs that are generated alike: anthropic, openai, cerebras and groq."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import MappingProxyType, ModuleType
from typing import Any

from ...wire.json_text import loads
from .protocol import DESCRIPTION, MOST_TOKENS, RESULT, SCHEMA, TOOL, SdkAnswer, Settings, Streaming, ToolCall

CLASSES = MappingProxyType(
    {
        400: "BadRequestError",
        401: "AuthenticationError",
        403: "PermissionDeniedError",
        404: "NotFoundError",
        409: "ConflictError",
        422: "UnprocessableEntityError",
        429: "RateLimitError",
    }
)
"""Class of the error for a status; of others it is `APIStatusError` below 500 and `InternalServerError` above."""
CLASSES_OF_MESSAGES: MappingProxyType[int, tuple[str, ...]] = MappingProxyType(
    {
        413: ("RequestTooLargeError", "ContentTooLargeError"),
        503: ("ServiceUnavailableError", "InternalServerError"),
        529: ("OverloadedError",),
    }
)
"""What the anthropic SDK has beyond, in 2025 or in 2026."""


def library_of(client_class: type) -> ModuleType:
    """The HTTP library that a client class is made with: httpx, or its fork httpx2."""
    base = next(kind for kind in client_class.__mro__ if kind.__name__ == "Client")
    return sys.modules[base.__module__.partition(".")[0]]


class Stainless:
    """What they have in common."""

    tells_stream_errors = True
    more_classes: MappingProxyType[int, tuple[str, ...]] = MappingProxyType({})

    def __init__(self, sdk: ModuleType, name: str, settings: Settings) -> None:
        library = library_of(sdk.DefaultHttpxClient)
        http = sdk.DefaultHttpxClient(transport=settings.line.transport(library), trust_env=False)
        self._sdk = sdk
        self._client = getattr(sdk, name)(
            api_key=settings.key,
            base_url=settings.base_url,
            default_headers=settings.headers,
            max_retries=settings.retries,
            timeout=settings.timeout,
            http_client=http,
        )
        self._history: list[Any] = []

    def count_tokens(self, model: str, text: str) -> int:
        """Most of them have no such call."""
        raise NotImplementedError

    def models(self) -> tuple[str, ...]:
        """The ids of the models that are listed, first page."""
        return tuple(model.id for model in self._client.models.list().data)

    def error_names(self, status: int) -> tuple[str, ...]:
        """The classes of which one must be among those of the error for an answer of that status."""
        other = "InternalServerError" if status >= 500 else "APIStatusError"
        return self.more_classes.get(status) or (CLASSES.get(status, other),)

    def status_of(self, error: Exception) -> int | None:
        """The status that an error names."""
        return getattr(error, "status_code", None)

    def body_of(self, error: Exception) -> Any:
        """The body that an error holds, as JSON; None where it is not JSON."""
        try:
            return loads(error.response.text)  # type: ignore[attr-defined]
        except (AttributeError, ValueError):
            return None

    def header_of(self, error: Exception, name: str) -> str | None:
        """A header of the answer that an error holds."""
        response = getattr(error, "response", None)
        return None if response is None else response.headers.get(name)

    def is_own(self, error: Exception) -> bool:
        """Whether it is of the SDK's own kind."""
        return isinstance(error, self._sdk.APIError)

    def is_timeout(self, error: Exception) -> bool:
        """Whether it says that nothing came in time."""
        return isinstance(error, self._sdk.APITimeoutError)


class Messages(Stainless):
    """`messages` of the anthropic SDK."""

    more_classes = CLASSES_OF_MESSAGES

    def plain(self, model: str, text: str) -> SdkAnswer:
        """A whole answer."""
        return _of_message(self._create(model, [_asked(text)]))

    def stream(self, model: str, text: str) -> Streaming:
        """An answer that comes in parts."""
        stream = self._create(model, [_asked(text)], stream=True)
        deltas = (event.delta for event in stream if event.type == "content_block_delta")
        return Streaming((delta.text for delta in deltas if delta.type == "text_delta"), stream.close)

    def count_tokens(self, model: str, text: str) -> int:
        """How many tokens a question has."""
        counted = self._client.messages.count_tokens(model=model, messages=[_asked(text)])
        return int(counted.input_tokens)

    def ask(self, model: str, text: str, *, stream: bool) -> tuple[ToolCall, ...]:
        """A question to which tools are offered; the calls of the answer."""
        tools = [{"name": TOOL, "description": DESCRIPTION, "input_schema": SCHEMA}]
        if stream:
            asked = {"model": model, "max_tokens": MOST_TOKENS, "messages": [_asked(text)], "tools": tools}
            with self._client.messages.stream(**asked) as events:
                message = events.get_final_message()
        else:
            message = self._create(model, [_asked(text)], tools=tools)
        calls = [block for block in message.content if block.type == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": block.id, "content": RESULT} for block in calls]
        self._history = [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
        return tuple(ToolCall(block.id, block.name, block.input) for block in calls)

    def answer(self, model: str, text: str) -> SdkAnswer:
        """The same conversation, with its tool calls answered."""
        return _of_message(self._create(model, [_asked(text), *self._history]))

    def _create(self, model: str, messages: list[Any], **more: Any) -> Any:
        return self._client.messages.create(model=model, max_tokens=MOST_TOKENS, messages=messages, **more)


class Chat(Stainless):
    """`chat.completions` of the openai, cerebras and groq SDKs."""

    def plain(self, model: str, text: str) -> SdkAnswer:
        """A whole answer."""
        return _of_completion(self._create(model, [_asked(text)]))

    def stream(self, model: str, text: str) -> Streaming:
        """An answer that comes in parts."""
        stream = self._create(model, [_asked(text)], stream=True)
        deltas = (chunk.choices[0].delta for chunk in stream if chunk.choices)
        return Streaming((delta.content for delta in deltas if delta.content), stream.close)

    def ask(self, model: str, text: str, *, stream: bool) -> tuple[ToolCall, ...]:
        """A question to which tools are offered; the calls of the answer."""
        function = {"name": TOOL, "description": DESCRIPTION, "parameters": SCHEMA}
        tools = [{"type": "function", "function": function}]
        made = self._create(model, [_asked(text)], tools=tools, stream=stream)
        calls = _gathered(made) if stream else tuple(_call(call) for call in made.choices[0].message.tool_calls or ())
        results = [{"role": "tool", "tool_call_id": call.id, "content": RESULT} for call in calls]
        self._history = [{"role": "assistant", "content": "", "tool_calls": [_sent(call) for call in calls]}, *results]
        return tuple(ToolCall(call.id, call.name, loads(call.arguments)) for call in calls)

    def answer(self, model: str, text: str) -> SdkAnswer:
        """The same conversation, with its tool calls answered."""
        return _of_completion(self._create(model, [_asked(text), *self._history]))

    def _create(self, model: str, messages: list[Any], **more: Any) -> Any:
        return self._client.chat.completions.create(model=model, messages=messages, **more)


class Responses(Stainless):
    """`responses` of the openai SDK."""

    tells_stream_errors = False

    def plain(self, model: str, text: str) -> SdkAnswer:
        """A whole answer."""
        return _of_response(self._create(model, text))

    def stream(self, model: str, text: str) -> Streaming:
        """An answer that comes in parts."""
        stream = self._create(model, text, stream=True)
        return Streaming((event.delta for event in stream if event.type == "response.output_text.delta"), stream.close)

    def ask(self, model: str, text: str, *, stream: bool) -> tuple[ToolCall, ...]:
        """A question to which tools are offered; the calls of the answer."""
        tools = [{"type": "function", "name": TOOL, "description": DESCRIPTION, "parameters": SCHEMA, "strict": False}]
        made = self._create(model, text, tools=tools, stream=stream)
        if stream:
            made = next(event.response for event in made if event.type == "response.completed")
        calls = [item for item in made.output if item.type == "function_call"]
        results = [{"type": "function_call_output", "call_id": item.call_id, "output": RESULT} for item in calls]
        self._history = [*made.output, *results]
        return tuple(ToolCall(item.call_id, item.name, loads(item.arguments)) for item in calls)

    def answer(self, model: str, text: str) -> SdkAnswer:
        """The same conversation, with its tool calls answered."""
        return _of_response(self._create(model, [_asked(text), *self._history]))

    def _create(self, model: str, given: Any, **more: Any) -> Any:
        return self._client.responses.create(model=model, input=given, **more)


def _asked(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _of_message(message: Any) -> SdkAnswer:
    return SdkAnswer("".join(block.text for block in message.content if block.type == "text"), message.model)


def _of_completion(made: Any) -> SdkAnswer:
    return SdkAnswer(made.choices[0].message.content or "", made.model)


def _of_response(made: Any) -> SdkAnswer:
    return SdkAnswer(made.output_text, made.model)


def _call(call: Any) -> ToolCall:
    return ToolCall(call.id, call.function.name, call.function.arguments)


def _gathered(chunks: Iterator[Any]) -> tuple[ToolCall, ...]:
    """The tool calls of a stream, put together from their parts; arguments are text."""
    begun: dict[int, ToolCall] = {}
    for chunk in chunks:
        for part in (chunk.choices[0].delta.tool_calls or ()) if chunk.choices else ():
            known = begun.get(part.index, ToolCall(None, "", ""))
            begun[part.index] = ToolCall(
                part.id or known.id,
                part.function.name or known.name,
                known.arguments + (part.function.arguments or ""),
            )
    return tuple(begun.values())


def _sent(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
