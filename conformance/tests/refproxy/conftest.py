"""Benches, made once for each configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ampmap_conformance.observer import Observer
from ampmap_conformance.refproxy import ReferenceProxy, config_for_observer
from ampmap_conformance.wire.client import ProxyClient

from .bench import KEY, NONCE, REFERENCE, Bench


@pytest.fixture(scope="module")
def observer() -> Iterator[Observer]:
    with Observer(REFERENCE) as running:
        yield running


@pytest.fixture(scope="module")
def make(observer: Observer) -> Iterator[Callable[..., Bench]]:
    """Benches by configuration; one that is asked for twice is the same."""
    made: dict[str, Bench] = {}

    def bench(**changes: Any) -> Bench:
        name = repr(changes)
        if name not in made:
            config = replace(config_for_observer(REFERENCE, observer.persona_url, [KEY, "client-key-two"]), **changes)
            proxy = ReferenceProxy(config).start()
            made[name] = Bench(observer, config, proxy, ProxyClient(proxy.url))
        return made[name]

    yield bench
    for each in made.values():
        each.client.close()
        each.proxy.close()


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    return make()


@pytest.fixture(autouse=True)
def _clean(observer: Observer) -> Iterator[None]:
    yield
    observer.forget(NONCE)
