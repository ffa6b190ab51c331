"""What is in the built archives: all of the spec, templates and packages, the licence, and nothing foreign.

`python .ci/archives.py FOLDER` says how many files there are, and ends with 1 where some are missing or foreign. With
`--build` it first builds wheel and sdist of both packages into the folder, which holds nothing else afterwards. With
`--again` it builds each archive once more, from the sdist that lies unpacked elsewhere, and compares the bytes.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCES = (CHECKOUT, CHECKOUT / "packaging/ampmap-conformance")
PACKAGES = ("generator/ampmap_generator", "conformance/ampmap_conformance")
DATA = ("spec", "site")
NAMES = ("ampmap", "ampmap_conformance")


def main(dist: Path, *, again: bool) -> str:
    """What is wrong with the archives; empty where nothing is."""
    found = {name: (one(dist, f"{name}-*.whl"), one(dist, f"{name}-*.tar.gz")) for name in NAMES}
    wrong = [text for wheel, sdist in found.values() for text in licence(wheel, sdist)]
    wrong += contents(*found["ampmap"])
    foreign = [name for name in files_of(found["ampmap_conformance"][0]) if ".dist-info/" not in name]
    wrong += [f"out of place in ampmap_conformance: {name}" for name in foreign]
    if again:
        wrong += [text for _, sdist in found.values() for text in differences(sdist)]
    if not wrong:
        wheel, sdist = found["ampmap"]
        sys.stdout.write(f"wheel has {len(files_of(wheel))} files, sdist {len(files_of(sdist))}; nothing missing\n")
        sys.stdout.write("built again from each sdist: the same bytes\n" if again else "")
    return "\n".join(wrong)


def build(dist: Path) -> None:
    """Builds both packages into a folder, in place of what is there. A build that fails leaves the folder as it is."""
    with tempfile.TemporaryDirectory() as fresh:
        for source in SOURCES:
            subprocess.run([sys.executable, "-m", "build", "--outdir", fresh, str(source)], check=True)
        dist.mkdir(parents=True, exist_ok=True)
        for old in dist.iterdir():
            old.unlink()
        for file in Path(fresh).iterdir():
            (dist / file.name).write_bytes(file.read_bytes())


def one(dist: Path, pattern: str) -> Path:
    """The only archive of a kind."""
    (found,) = dist.glob(pattern)
    return found


def files_of(archive: Path) -> set[str]:
    """The files in a wheel, or in an sdist below its top folder."""
    if archive.suffix == ".whl":
        return set(zipfile.ZipFile(archive).namelist())
    with tarfile.open(archive) as opened:
        return {name.partition("/")[2] for name in opened.getnames()}


def licence(wheel: Path, sdist: Path) -> Iterator[str]:
    """Each archive has the licence."""
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in files_of(wheel)):
        yield f"{wheel.name}: no licence"
    if "LICENSE" not in files_of(sdist):
        yield f"{sdist.name}: no licence"


def contents(wheel: Path, sdist: Path) -> Iterator[str]:
    """Every file is in both archives; no test and nothing foreign is in the wheel."""
    in_wheel, in_sdist = files_of(wheel), files_of(sdist)
    wanted = {}
    for root in (*PACKAGES, *DATA):
        for path in (CHECKOUT / root).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                relative = path.relative_to(CHECKOUT).as_posix()
                wanted[relative] = f"ampmap_generator/_{relative}" if root in DATA else relative.split("/", 1)[1]
    roots = ("ampmap_generator", "ampmap_conformance", f"{wheel.name.rpartition('-py3')[0]}.dist-info")
    yield from (f"missing in the wheel: {name}" for name in wanted.values() if name not in in_wheel)
    yield from (f"missing in the sdist: {name}" for name in wanted if name not in in_sdist)
    yield from (
        f"out of place in the wheel: {name}" for name in in_wheel if "tests/" in name or name.split("/")[0] not in roots
    )


def differences(sdist: Path) -> Iterator[str]:
    """The archives that have other bytes when they are built from the sdist, in another folder."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as opened:
            opened.extractall(folder, filter="data")
        (source,) = Path(folder).iterdir()
        subprocess.run([sys.executable, "-m", "build", "--outdir", f"{folder}/again", str(source)], check=True)
        for built in sorted(Path(folder, "again").iterdir()):
            digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (built, sdist.parent / built.name)}
            if len(digests) > 1:
                yield f"{built.name}: other bytes when it is built again"


if __name__ == "__main__":
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    if "--build" in words:
        build(folder)
    sys.exit(main(folder, again="--again" in words) or 0)
