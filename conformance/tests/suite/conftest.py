"""Proxies that tests of the suite write by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from .handmade import KEY, Handmade, serving

Serve: TypeAlias = Callable[..., Path]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Runs proxies of a test's own: `serve(Kind, providers="[cerebras]")` is the target file of one."""
    monkeypatch.setenv("HANDMADE_KEY", KEY)
    with ExitStack() as running:

        def start(kind: type[Handmade], **file: str) -> Path:
            return running.enter_context(serving(tmp_path, kind, **file))

        yield start
