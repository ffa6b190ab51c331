"""Specs that tests load, and the types of the fixtures that write and show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ampmap_generator.load.findings import Finding

GOOD_SPEC = Path(__file__).parent / "good_spec"
"""A small spec that keeps every rule, with at least one name of every kind of reference."""

GOOD = {path.relative_to(GOOD_SPEC).as_posix(): path.read_text() for path in sorted(GOOD_SPEC.rglob("*.yaml"))}
"""Its files by path."""

WriteSpec = Callable[[Mapping[str, str | bytes]], Path]
"""Writes files by path into a folder `spec` and returns it."""

ShowPlace = Callable[[Finding], str]
"""Shows a finding as `rule file:line:column`."""
