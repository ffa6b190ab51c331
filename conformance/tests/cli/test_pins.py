"""What the action and the workflows install is pinned by digest."""

from __future__ import annotations

import re
import tomllib

import pytest
from ampmap_tests_support.places import CHECKOUT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ACTION = CHECKOUT / "action.yml"
LOCKS = {"conformance": ("conformance",), "all-profiles": ("conformance", "clients", "fuzz")}
PINNED = re.compile(r"^\s*(?:- )?uses: (?!\./)\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

pytestmark = pytest.mark.skipif(not ACTION.exists(), reason="action.yml lies outside of this tree")


def test_every_action_is_pinned_by_digest() -> None:
    files = [ACTION, *sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))]
    lines = [(file.name, line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    used = [(name, line) for name, line in lines if "uses:" in line and not line.startswith("#")]

    assert used
    assert [place for place in used if not PINNED.match(place[1])] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_the_package_asks_for_with_digests(lock: str) -> None:
    """`nox -s lock` writes it anew after a change of `pyproject.toml`."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in LOCKS[lock]:
        asked += project["project"]["optional-dependencies"][extra]
    entries = (CHECKOUT / "conformance" / "locks" / f"{lock}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    locked = {}
    for entry in entries.splitlines():
        pin = Requirement(entry.partition(" --hash=")[0])
        assert "--hash=sha256:" in entry, entry
        locked.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier).removeprefix("=="))

    for wanted in map(Requirement, asked):
        if wanted.name != "ampmap":
            versions = locked[canonicalize_name(wanted.name)]
            assert [version for version in versions if not wanted.specifier.contains(version)] == [], wanted
