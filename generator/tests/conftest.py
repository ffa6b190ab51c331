"""Fixtures of all tests of the generator: specs and what is compiled from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from ampmap_generator.compile import compile_editions
from ampmap_generator.load.spec import load
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.once import made_once
from ampmap_tests_support.places import CHECKOUT
from ampmap_tests_support.specs import ShowPlace, WriteSpec

from .support import BuiltSite, build_site

REPOSITORY_SPEC = CHECKOUT / "spec"


@pytest.fixture
def write_spec(tmp_path: Path) -> WriteSpec:
    """Writes files by path into a folder `spec` and returns it."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        folder = tmp_path / "spec"
        folder.mkdir(exist_ok=True)
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write


@pytest.fixture
def place() -> ShowPlace:
    """Shows a finding as `rule file:line:column`."""
    return lambda finding: f"{finding.rule} {finding.location}" if finding.location else finding.rule


@pytest.fixture(scope="session")
def repository_spec() -> Path:
    """The spec that this repository publishes."""
    return REPOSITORY_SPEC


@pytest.fixture(scope="session")
def editions(repository_spec: Path) -> Mapping[str, Reference]:
    """The references of all its editions, the base first."""
    spec, findings = load(repository_spec)
    assert findings == []
    return compile_editions(spec)


@pytest.fixture(scope="session")
def reference(editions: Mapping[str, Reference]) -> Reference:
    """The reference of its base edition."""
    return next(iter(editions.values()))


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory, editions: Mapping[str, Reference]) -> BuiltSite:
    """The site of the base edition, built once for all tests and worker processes."""
    pytest.importorskip("material")
    return BuiltSite(made_once(tmp_path_factory, "site", lambda folder: build_site(folder, editions)))
