"""What becomes of a model, in a sentence for the user who asks for it. Pure."""

from __future__ import annotations

from ..vendored.base import Lifecycle


def ending_note(name: str, lifecycle: Lifecycle | None) -> str | None:
    """That `name` is deprecated or retired, since when, and what takes its place; None for what is in use."""
    if lifecycle is None or lifecycle.status == "active":
        return None
    since = f" since {lifecycle.since}" if lifecycle.since else ""
    match lifecycle.successor:
        case "unknown":
            after = "the sources name no successor"
        case None:
            after = "nothing takes its place"
        case successor:
            after = f"use {successor}"
    return f"{name} is {lifecycle.status}{since}: {after}"
