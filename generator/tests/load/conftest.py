"""The editions of the repository's spec, which has no error in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ampmap_generator.check.all_editions import examine
from ampmap_generator.load.spec import load

from .builds import Editions


@pytest.fixture(scope="session")
def editions(repository_spec: Path, editions: Editions) -> Editions:
    spec, read = load(repository_spec)
    assert [finding for finding in examine(spec, read) if finding.severity.value == "error"] == []
    return editions
