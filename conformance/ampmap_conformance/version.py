"""Who this kit is."""

from __future__ import annotations

from functools import cache

UNKNOWN = "0"
"""The version of a source tree that is not installed."""


@cache
def version() -> str:
    """The installed version of ampmap; `UNKNOWN` where it runs from a source tree without being installed."""
    from importlib import metadata

    try:
        return metadata.version("ampmap")
    except metadata.PackageNotFoundError:
        return UNKNOWN
