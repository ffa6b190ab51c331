"""Which files of a folder `build` wrote, and from what: it removes and overwrites nothing else, and repeats nothing."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .write import Files, write_atomically

NAME = ".ampmap-build.json"


class ManifestError(ValueError):
    """The manifest of a folder cannot be used; the message is one sentence with its path."""


@dataclass(frozen=True)
class Entry:
    """One file that was written: for which target, and its digest."""

    target: str
    sha256: str


@dataclass(frozen=True)
class Origin:
    """What the files of a target were made of: the digest of all inputs, and the edition that these gave."""

    inputs: str
    edition: str


@dataclass
class Manifest:
    """What was written below one folder, by path relative to it, and per target what it was made of."""

    folder: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in a folder; an empty one where there is none. Raises ManifestError."""
        path = folder / NAME
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            entries = {name: Entry(str(one["target"]), str(one["sha256"])) for name, one in data["files"].items()}
            made = data.get("targets", {}).items()  # versions before this one wrote none
            origins = {target: Origin(str(one["inputs"]), str(one["edition"])) for target, one in made}
        except (FileNotFoundError, NotADirectoryError):
            return cls(folder)
        except OSError as error:
            raise ManifestError(f"{path} cannot be read: {error.strerror or error}") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ManifestError(f"{path} is not a manifest of `ampmap build`; remove it") from None
        if any(PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts for name in entries):
            raise ManifestError(f"{path} names a file outside of its folder; remove it")
        return cls(folder, entries, origins)

    def files_of(self, target: str) -> dict[Path, str]:
        """The files that were written for a target, each with its digest."""
        return {self.folder / name: entry.sha256 for name, entry in self.entries.items() if entry.target == target}

    def is_current(self, target: str, inputs: str, below: Path, owned: Iterable[str]) -> bool:
        """Whether a target was made of these inputs, and all its files, and no others, are as they were written.

        `owned` are glob patterns of its files in `below`, as `write` takes them.
        """
        origin, files = self.origins.get(target), self.files_of(target)
        if origin is None or origin.inputs != inputs or not files:
            return False
        present = {path for pattern in owned for path in below.glob(pattern) if path.is_file()}
        return present <= files.keys() and all(
            path.is_file() and digest(path.read_bytes()) == sha256 for path, sha256 in files.items()
        )

    def patterns(self, target: str, below: Path) -> tuple[str, ...]:
        """Glob patterns of exactly the files that were written for a target, relative to its folder."""
        paths = (self.folder / name for name, entry in self.entries.items() if entry.target == target)
        return tuple(glob.escape(path.relative_to(below).as_posix()) for path in paths if path.is_relative_to(below))

    def foreign(self, target: str, below: Path, files: Files) -> Iterator[Path]:
        """Files in the way of a target: those that `build` did not write, or that were changed since.

        A file that is as it would be written is not in the way.
        """
        yield from sorted({path for name in files for path in _above(self.folder, below / name) if path.is_file()})
        for name, content in files.items():
            path = below / name
            is_there = path.exists() or path.is_symlink()
            is_right = path.is_file() and path.read_bytes() == content
            if is_there and not is_right and not self._is_own(path):
                yield path
        for name, entry in self.entries.items():
            path = self.folder / name
            gone = entry.target == target and path.is_file()
            if gone and path.relative_to(below).as_posix() not in files and not self._is_own(path):
                yield path

    def record(self, target: str, below: Path, files: Files, origin: Origin | None = None) -> None:
        """Takes note of all files of a target, and of what they were made of where that is known."""
        self.origins.pop(target, None)
        if origin is not None:
            self.origins[target] = origin
        kept = {name: entry for name, entry in self.entries.items() if entry.target != target}
        made = {
            (below / name).relative_to(self.folder).as_posix(): Entry(target, digest(content))
            for name, content in files.items()
        }
        self.entries = {**kept, **made}

    def write(self) -> None:
        """Writes the manifest into its folder. Raises OSError."""
        files: Mapping[str, object] = {
            name: {"target": entry.target, "sha256": entry.sha256} for name, entry in sorted(self.entries.items())
        }
        targets = {target: vars(origin) for target, origin in sorted(self.origins.items())}
        text = json.dumps({"files": files, "targets": targets}, indent=1)
        write_atomically(self.folder / NAME, f"{text}\n".encode())

    def _is_own(self, path: Path) -> bool:
        entry = self.entries.get(path.relative_to(self.folder).as_posix())
        return entry is not None and path.is_file() and digest(path.read_bytes()) == entry.sha256


def _above(folder: Path, path: Path) -> Iterator[Path]:
    """The folders between `folder` and a file below it."""
    return (parent for parent in path.parents if parent != folder and parent.is_relative_to(folder))


def digest(content: bytes) -> str:
    """The SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()
