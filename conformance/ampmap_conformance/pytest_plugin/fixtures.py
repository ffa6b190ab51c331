"""What the pytest fixtures `observer` and `reference_proxy` give; `pytest_entry` exports them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from ..observer import Observer
from ..reference import load
from ..reference.types import Reference


@dataclass(frozen=True)
class RunningProxy:
    """A reference proxy that runs on loopback."""

    url: str
    """`http://127.0.0.1:PORT`: what `amp.url` would say."""
    client_key: str = field(repr=False)
    """The key that it takes from its clients."""
    upstream_keys: Mapping[str, str] = field(repr=False)
    """The keys that it gives to the providers' servers, by provider id."""


@contextmanager
def running_observer() -> Iterator[Observer]:
    """An observer of the base edition, on a port that the system chooses."""
    with Observer(_reference()).start() as observer:
        yield observer


@contextmanager
def running_proxy(observer: Observer) -> Iterator[RunningProxy]:
    """A reference proxy whose upstreams are an observer."""
    from ..refproxy import ReferenceProxy, config_for_observer

    key = f"client-{secrets.token_hex(12)}"
    config = config_for_observer(_reference(), observer.persona_url, [key])
    with ReferenceProxy(config).start() as proxy:
        yield RunningProxy(proxy.url, key, {name: upstream.key for name, upstream in config.upstreams.items()})


@cache
def _reference() -> Reference:
    return load()
