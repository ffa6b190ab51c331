"""Headers that hold lists, and the features of an API that a call asks for in one of them."""

from __future__ import annotations

from ...probe.probe import Probe
from ...wire.messages import Headers


def listed(headers: Headers, name: str) -> str:
    """All values of a list, however they are spread over lines."""
    return ", ".join(item.strip() for line in headers.all(name) for item in line.split(","))


def features_asked_for(headers: Headers, name: str, probe: Probe) -> str:
    """The features that a call asks for, less those that the target needs for its own credential."""
    own = probe.target.policy.features
    return ", ".join(item for item in listed(headers, name).split(", ") if item not in own)
