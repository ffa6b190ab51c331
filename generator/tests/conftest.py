"""Fixtures of all tests of the generator: specs and what is compiled from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ampmap_generator import outputs
from ampmap_generator.cli import inputs
from ampmap_generator.compile import compile_editions
from ampmap_generator.load.findings import Report as Findings
from ampmap_generator.load.spec import Spec, load
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


@pytest.fixture(scope="session", autouse=True)
def _spec_is_read_once() -> Iterator[None]:
    """Commands that run in this process share what the first one read and found in the repository's spec."""
    read_and_check = inputs.load_with_report
    known: dict[object, tuple[Spec, Findings]] = {}

    def load_with_report(spec_dir: Path | None, today: date | None = None, **rest: Any) -> tuple[Spec, Findings]:
        folder = spec_dir or outputs.spec_dir()
        if today is not None or rest.get("layers") or folder.resolve() != REPOSITORY_SPEC:
            return read_and_check(spec_dir, today, **rest)
        question = (folder, rest.get("edition"), rest.get("every", True))
        if question not in known:
            known[question] = read_and_check(spec_dir, today, **rest)
        return known[question]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inputs, "load_with_report", load_with_report)
        yield


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
