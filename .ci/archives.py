"""Every spec file, template and package file is in wheel and sdist, and no test is in the wheel.

`python .ci/archives.py WHEEL SDIST` says how many files there are, and ends with 1 where some are missing or foreign.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ("generator/ampmap_generator", "conformance/ampmap_conformance")
DATA = ("spec", "site")


def main(wheel: Path, sdist: Path) -> str:
    """What is wrong with the archives; empty where nothing is."""
    in_wheel = set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {}
    for root in (*PACKAGES, *DATA):
        for path in (CHECKOUT / root).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                relative = path.relative_to(CHECKOUT).as_posix()
                wanted[relative] = f"ampmap_generator/_{relative}" if root in DATA else relative.split("/", 1)[1]
    missing = [f"wheel: {name}" for name in wanted.values() if name not in in_wheel]
    missing += [f"sdist: {name}" for name in wanted if name not in in_sdist]
    roots = ("ampmap_generator", "ampmap_conformance", f"{wheel.name.rpartition('-py3')[0]}.dist-info")
    foreign = [name for name in in_wheel if "tests/" in name or name.split("/")[0] not in roots]
    if missing or foreign:
        return f"archives are wrong; missing {missing}, out of place {foreign}"
    sys.stdout.write(f"wheel has {len(in_wheel)} files, sdist {len(in_sdist)}; nothing missing\n")
    return ""


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])) or 0)
