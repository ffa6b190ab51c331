"""The folder that a run reports into: it is for one run at a time, and holds no report of an earlier one."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import UsageError
from .write import RENDERERS

if sys.platform != "win32":
    import fcntl


@contextmanager
def reserved(folder: Path, names: Iterable[str] = tuple(RENDERERS)) -> Iterator[None]:
    """Takes `folder` for one run, and removes the report of an earlier one, which says nothing of this one.

    `names` are those of the report's files.

    Raises UsageError, before anything is sent, where the folder cannot be written to or another run has it. A folder
    that is made for a run and stays empty is removed.
    """
    is_new = not folder.exists()
    _check(folder)
    try:
        with _locked(_made(folder)):
            _emptied(folder, names)
            yield
    finally:
        if is_new:
            with contextlib.suppress(OSError):  # a report is in it
                folder.rmdir()


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--report-dir: {folder} cannot be written: {error.strerror or error}") from error
    return folder


def _emptied(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            place = folder / name
            raise UsageError(f"--report-dir: {place} cannot be removed: {error.strerror or error}") from error


def _check(folder: Path) -> None:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise UsageError(f"--report-dir: {folder} cannot be written: {there} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"--report-dir: {folder} cannot be written: Permission denied")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder itself, which leaves no file behind and ends with the process."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"--report-dir: another run writes its report into {folder}; choose another folder"
            ) from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)
