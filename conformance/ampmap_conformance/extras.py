"""Which extra of the distribution installs a module, and what to say where one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "soak": ("gevent", "locust", "psutil"),
        "fuzz": ("hypothesis", "hypothesis_jsonschema", "requests", "schemathesis"),
        "clients": ("anthropic", "cerebras", "google", "groq", "openai"),
        "conformance": (
            "certifi",
            "covertable",
            "h11",
            "httpcore",
            "httpx",
            "jsonschema",
            "markupsafe",
            "packaging",
            "pytest",
            "rich",
            "uvicorn",
            "wsproto",
        ),
    }
)
"""The modules that each extra installs."""


def remedy(error: ModuleNotFoundError) -> str | None:
    """One line with what to install; None for a module that no extra installs."""
    top = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if top in modules), None)
    return f"`{top}` is not installed; install it by `pip install 'ampmap[{extra}]'`" if extra else None
