"""The editions of the repository's spec, as a diff compares them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ampmap_generator.compile import plain
from ampmap_generator.vendored.reference import Reference

from .small_reference import Plain


@pytest.fixture(scope="session")
def editions(editions: Mapping[str, Reference]) -> Mapping[str, Plain]:
    return {name: plain(reference) for name, reference in editions.items()}
