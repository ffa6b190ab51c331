"""Makes the client of an SDK: imported when it is needed, and with nothing of the user's own environment."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..probe import NotTestableError
from .genai import Genai
from .protocol import Adapter, Settings
from .stainless import KINDS
from .table import REMEDY, Sdk

PREFIXES = ("ANTHROPIC_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "CEREBRAS_")
"""Variables by which SDKs take keys, addresses and headers of the user's own."""
_ENVIRONMENT = threading.Lock()


def made(sdk: Sdk, operation: str, settings: Settings) -> Adapter:
    """The adapter of an SDK for an operation. Raises NotTestableError where the SDK is not installed."""
    if sdk.version is None:
        raise NotTestableError(f"the SDK {sdk.package} is not installed: {REMEDY}")
    with _without_own_variables():
        module = importlib.import_module(sdk.module)
        adapter: Adapter = KINDS.get(operation, Genai)(module, sdk.client, settings)
    return adapter


@contextmanager
def _without_own_variables() -> Iterator[None]:
    """While a client is made, its SDK finds no variable of its own. The environment is one for all threads."""
    with _ENVIRONMENT:
        before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(PREFIXES)}
        try:
            yield
        finally:
            os.environ.update(before)
