"""Who this kit is."""

from __future__ import annotations

from functools import cache

UNKNOWN = "0"
"""The version of a source tree that is not installed."""


SITE = "Documentation"
"""The label of the published site among the package's URLs (`[project.urls]` in `pyproject.toml`)."""


@cache
def docs_site() -> str:
    """Where this build's documentation is published; empty where the package does not say it."""
    from importlib import metadata

    try:
        told: list[str] = metadata.metadata("ampmap").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    return next((url for label, comma, url in (text.partition(", ") for text in told) if comma and label == SITE), "")


@cache
def version() -> str:
    """The installed version of ampmap; `UNKNOWN` where it runs from a source tree without being installed."""
    from importlib import metadata

    try:
        return metadata.version("ampmap")
    except metadata.PackageNotFoundError:
        return UNKNOWN
