"""Who this kit is."""

from __future__ import annotations

from functools import cache


@cache
def version() -> str:
    """The installed version of ampmap; `0` where it runs from a source tree without being installed."""
    from importlib import metadata

    try:
        return metadata.version("ampmap")
    except metadata.PackageNotFoundError:
        return "0"
