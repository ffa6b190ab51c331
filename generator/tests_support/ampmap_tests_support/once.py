"""What is dear to make and read by many tests: made once for all worker processes of a run of pytest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` of this run of pytest, as `make` filled it.

    The first worker that asks calls `make` with an empty folder; others wait until it is done. Raises what `make`
    raises; then the next one that asks tries again.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # a worker's folder lies in the one of the whole run
    folder, begun = root / name, root / f"{name}.begun"
    with FileLock(root / f"{name}.lock"):
        if not folder.exists():
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            make(begun)
            begun.rename(folder)
    return folder
