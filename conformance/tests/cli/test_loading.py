"""What a command loads before it prints its first line: users wait for it each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MAIN = """
import contextlib, io, sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from ampmap_conformance.cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print(sum(name.endswith("auth-vectors.json") for name in opened), *sys.modules)
"""


@pytest.mark.parametrize(
    ("arguments", "not_needed", "times"),
    [
        (["--help"], {"pydantic", "yaml", "rich", "httpcore"}, 0),
        (["list"], {"rich", "jinja2", "jsonschema", "uvicorn", "ampmap_conformance.refproxy"}, 1),
        (["run", "--base-url", "http://127.0.0.1:9"], {"uvicorn", "ampmap_conformance.refproxy", "pytest"}, 0),
    ],
)
def test_a_command_loads_what_it_needs(arguments: list[str], not_needed: set[str], times: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    vectors_read, *loaded = done.stdout.split()
    assert "click" in loaded
    assert not_needed & set(loaded) == set()
    assert int(vectors_read) == times
