"""Google's SDK, in the form that the routing map has: Vertex AI with a placeholder for a key."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from ...wire.credentials import PLACEHOLDER
from .protocol import DESCRIPTION, MOST_TOKENS, RESULT, SCHEMA, TOOL, SdkAnswer, Settings, Streaming, ToolCall

RETRIED = (429, 500, 502, 503, 504)


class Genai:
    """`models` of the google-genai SDK."""

    tells_stream_errors = False

    def __init__(self, sdk: ModuleType, name: str, settings: Settings) -> None:
        import httpx

        types, self._errors = sdk.types, importlib.import_module("google.genai.errors")
        retrying = types.HttpRetryOptions(
            attempts=settings.retries + 1, initial_delay=0.01, max_delay=0.05, http_status_codes=list(RETRIED)
        )
        self._types = types
        self._client = getattr(sdk, name)(
            vertexai=True,
            api_key=PLACEHOLDER,
            http_options=types.HttpOptions(
                base_url=settings.base_url,
                headers={**settings.headers, "Authorization": f"Bearer {settings.key}"},
                timeout=round(settings.timeout * 1000),
                retry_options=retrying if settings.retries else None,
                client_args={"transport": settings.line.transport(httpx), "trust_env": False},
            ),
        )
        self._history: list[Any] = []

    def plain(self, model: str, text: str) -> SdkAnswer:
        """A whole answer."""
        return _whole_answer(self._generate(model, text))

    def stream(self, model: str, text: str) -> Streaming:
        """An answer that comes in parts."""
        chunks = self._client.models.generate_content_stream(model=model, contents=text, config=self._config())
        return Streaming((chunk.text for chunk in chunks if chunk.text), chunks.close)

    def count_tokens(self, model: str, text: str) -> int:
        """How many tokens a question has."""
        return int(self._client.models.count_tokens(model=model, contents=text).total_tokens)

    def models(self) -> tuple[str, ...]:
        """The names of the models that are listed, first page."""
        return tuple(model.name for model in self._client.models.list().page)

    def ask(self, model: str, text: str, *, stream: bool) -> tuple[ToolCall, ...]:
        """A question to which tools are offered; the calls of the answer."""
        declared = {"name": TOOL, "description": DESCRIPTION, "parameters_json_schema": SCHEMA}
        config = self._config(tools=[{"function_declarations": [declared]}])
        if stream:
            made = list(self._client.models.generate_content_stream(model=model, contents=text, config=config))
        else:
            made = [self._generate(model, text, config)]
        contents = [chunk.candidates[0].content for chunk in made]
        parts = [part for content in contents for part in content.parts or ()]
        calls = [part.function_call for part in parts if part.function_call]
        results = [
            {"function_response": {"id": call.id, "name": call.name, "response": {"result": RESULT}}} for call in calls
        ]
        self._history = [self._types.Content(role="model", parts=parts), {"role": "user", "parts": results}]
        return tuple(ToolCall(call.id, call.name, call.args) for call in calls)

    def answer(self, model: str, text: str) -> SdkAnswer:
        """The same conversation, with its tool calls answered."""
        return _whole_answer(self._generate(model, [{"role": "user", "parts": [{"text": text}]}, *self._history]))

    def error_names(self, status: int) -> tuple[str, ...]:
        """The classes of which one must be among those of the error for an answer of that status."""
        return ("ServerError",) if status >= 500 else ("ClientError",)

    def status_of(self, error: Exception) -> int | None:
        """The status that an error names."""
        return getattr(error, "code", None)

    def body_of(self, error: Exception) -> Any:
        """The body that an error holds, as JSON; None where it is not JSON."""
        return getattr(error, "details", None)

    def header_of(self, error: Exception, name: str) -> str | None:
        """A header of the answer that an error holds."""
        response = getattr(error, "response", None)
        return None if response is None else response.headers.get(name)

    def is_own(self, error: Exception) -> bool:
        """Whether it is of the SDK's own kind."""
        return isinstance(error, self._errors.APIError)

    def is_timeout(self, error: Exception) -> bool:
        """Whether it says that nothing came in time: the HTTP library's own error, which the SDK lets through."""
        import httpx

        return isinstance(error, httpx.TimeoutException)

    def _generate(self, model: str, contents: Any, config: Any = None) -> Any:
        return self._client.models.generate_content(model=model, contents=contents, config=config or self._config())

    def _config(self, **more: Any) -> Any:
        return self._types.GenerateContentConfig(max_output_tokens=MOST_TOKENS, **more)


def _whole_answer(made: Any) -> SdkAnswer:
    return SdkAnswer(made.text or "", made.model_version)
