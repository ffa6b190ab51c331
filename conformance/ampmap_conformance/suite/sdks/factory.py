"""Makes the client of an SDK: imported when it is needed, and with nothing of the user's own environment."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType, ModuleType

from ...cases.sdks import REMEDY, DrivenSdk
from ...errors import NotTestableError
from .genai import Genai
from .protocol import Adapter, Settings
from .stainless import Chat, Messages, Responses

PREFIXES = ("ANTHROPIC_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "CEREBRAS_")
"""Variables by which SDKs take keys, addresses and headers of the user's own."""
ADAPTERS: Mapping[str, Callable[[ModuleType, str, Settings], Adapter]] = MappingProxyType(
    {"messages": Messages, "chat.completions": Chat, "responses": Responses, "generateContent": Genai}
)
"""By the operation that is called; each is made from the SDK's module and the name of its client's class."""
HTTP_LIBRARIES = ("httpx", "httpx2")
"""SDKs look during calls whether one of them is loaded; a library that another thread still loads breaks the call."""
_ENVIRONMENT = threading.Lock()


def make_adapter(sdk: DrivenSdk, operation: str, settings: Settings) -> Adapter:
    """The adapter of an SDK for an operation. Raises NotTestableError where the SDK is not installed."""
    if sdk.version is None:
        raise NotTestableError(f"the SDK {sdk.package} is not installed: {REMEDY}")
    with _without_own_variables():
        for library in HTTP_LIBRARIES:
            with suppress(ModuleNotFoundError):
                importlib.import_module(library)
        return ADAPTERS[operation](importlib.import_module(sdk.module), sdk.client, settings)


@contextmanager
def _without_own_variables() -> Iterator[None]:
    """While a client is made, its SDK finds no variable of its own. The environment is one for all threads."""
    with _ENVIRONMENT:
        before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(PREFIXES)}
        try:
            yield
        finally:
            os.environ.update(before)
