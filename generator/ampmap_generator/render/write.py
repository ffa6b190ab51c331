"""Writes rendered files atomically, or says how they differ from what is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

Files = dict[str, bytes]
"""Output path, relative to the target's folder, to content."""


class Drift(StrEnum):
    """How a file on disk differs from what the spec gives."""

    MODIFIED = "modified"
    MISSING = "missing"
    STALE = "stale"


@dataclass(frozen=True, order=True)
class Difference:
    """One output that is not as the spec gives it."""

    path: Path
    drift: Drift


def differences(folder: Path, files: Files, owned: Iterable[str]) -> list[Difference]:
    """What `write` would change in `folder`, sorted by path.

    `owned` are glob patterns: a file that matches one and is not in `files` is stale.
    """
    found = []
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            found.append(Difference(path, Drift.MISSING))
        elif path.read_bytes() != content:
            found.append(Difference(path, Drift.MODIFIED))
    expected = {folder / name for name in files}
    present = {path for pattern in owned for path in folder.glob(pattern) if path.is_file()}
    return sorted([*found, *(Difference(path, Drift.STALE) for path in present - expected)])


def write(folder: Path, files: Files, owned: Iterable[str]) -> list[Difference]:
    """Makes `folder` hold exactly `files` among its owned patterns; returns what was changed.

    An unchanged file is not touched, so that watchers see only real changes. Raises OSError.
    """
    changes = differences(folder, files, owned)
    for change in changes:
        if change.drift is Drift.STALE:
            change.path.unlink()
        else:
            write_atomically(change.path, files[change.path.relative_to(folder).as_posix()])
    return changes


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all: a temporary file in the same folder, then a rename.

    Raises OSError, after which the old file is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
