"""One observer for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ampmap_conformance.observer import Observer

from .talking import NONCE, REFERENCE


@pytest.fixture(scope="module")
def shared() -> Iterator[Observer]:
    with Observer(REFERENCE) as observer:
        yield observer


@pytest.fixture
def observer(shared: Observer) -> Iterator[Observer]:
    yield shared
    shared.forget(NONCE)
