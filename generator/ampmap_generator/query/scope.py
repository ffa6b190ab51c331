"""For which builds of the client the map holds, and how fresh it is, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..vendored.base import Edition
from ..vendored.reference import Reference


def builds_in_words(references: Iterable[Reference]) -> str:
    """The builds whose model calls pass a proxy, and from which build on none does.

    `references` are all editions, the base first and then in the order of their builds.
    """
    every = list(references)
    proxied = [each.edition for each in every if is_proxied(each)]
    if not proxied:
        return "No edition sends a model call through a proxy at amp.url."
    first, last = proxied[0], proxied[-1]
    text = f"Holds for Amp builds from {_build(first)} to {_build(last)}."
    after = next((each.edition for each in every if each.edition.built > last.built and not is_proxied(each)), None)
    return f"{text} From {_build(after)} on, no model call of the client passes amp.url." if after else text


def freshness_in_words(reference: Reference) -> str:
    """The day on which a source was last read."""
    return f"Sources last read on {reference.as_of}."


def is_proxied(reference: Reference) -> bool:
    """Whether any model call of the edition's client passes `amp.url`."""
    return any(provider.via_proxy for provider in reference.providers.values())


def _build(edition: Edition) -> str:
    return f"{edition.client_build.removeprefix('v').partition('-')[0]} ({edition.built})"
