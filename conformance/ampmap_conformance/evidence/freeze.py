"""Fixes what scores in a release: `python -m ampmap_conformance.releases 0.1.0`, run once, when it is made."""

from __future__ import annotations

import sys

from ..engine.plan import proxy_rules
from ..files import write_atomically
from ..reference import load
from ..releases import FOLDER, digest, read, released_text, version_of


def main(arguments: list[str]) -> int:
    """Turns the draft of a version into its released set, and prints the digest for the test that guards it."""
    version = arguments[0] if len(arguments) == 1 else ""
    file = FOLDER / f"{version}.yaml"
    if str(version_of(version)) != version or (file.exists() and read(file).status == "released"):
        print("give the version that is released now, as in `0.1.0`; a released set is never written again")  # noqa: T201
        return 4
    trial = read(file).trial if file.exists() else ()
    rows = (row.id for row in proxy_rules(load()).values() if not row.excluded and row.id not in trial)
    write_atomically(file, released_text(rows).encode())
    print(f'wrote {file.name}; add "{version}": "{digest(file)}" to RELEASED in test_releases.py')  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
