"""What a header is about and when it is sent, in words. Pure."""

from __future__ import annotations

from ..vendored.catalogue import Header, HeaderSet


def concerned(header_set: HeaderSet, header: Header) -> tuple[str, ...]:
    """The ids of the providers that a header of a set concerns; none for all that the set applies to."""
    return header.providers or header_set.providers


def when_sent(header: Header) -> str:
    """When the client sends it: its condition, or how regularly."""
    return header.condition or header.presence.replace("-", " ")
