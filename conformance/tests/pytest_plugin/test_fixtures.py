"""The fixtures that ampmap gives to the test suites of others, used as their guide shows it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from ampmap_tests_support.places import GUIDES

Python: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

PYTEST = ("-m", "pytest", "-p", "ampmap_conformance.pytest_plugin", "-p", "no:cacheprovider", "-W", "error")
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def files_in(guide: Path) -> dict[str, str]:
    """The files that a guide shows, by name."""
    blocks = re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', guide.read_text(encoding="utf-8"), re.M | re.S)
    return dict(blocks)


def test_the_worked_example_of_the_guide_runs(python: Python, tmp_path: Path) -> None:
    files = files_in(GUIDES / "observer-in-your-tests.md")
    assert {"tiny_proxy.py", "conftest.py", "test_tiny_proxy.py"} <= set(files)
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = python(*PYTEST, "-q", env=ALONE)
    assert "5 passed" in done.stdout, done.stdout


def test_the_worked_example_finds_a_proxy_that_lends_its_clients_key(python: Python, tmp_path: Path) -> None:
    for name, text in files_in(GUIDES / "observer-in-your-tests.md").items():
        (tmp_path / name).write_text(text.replace('f"Bearer {upstream_key}"', 'self.headers["Authorization"]'))
    done = python(*PYTEST, "-q", env=ALONE)
    assert "1 failed, 4 passed" in done.stdout, done.stdout


def test_own_fixtures_of_the_same_name_win(python: Python, tmp_path: Path) -> None:
    own = "import pytest\n@pytest.fixture\ndef observer():\n    return 'mine'\n"
    (tmp_path / "conftest.py").write_text(own)
    (tmp_path / "test_own.py").write_text("def test_own(observer):\n    assert observer == 'mine'\n")
    done = python(*PYTEST, "-q", env=ALONE)
    assert "1 passed" in done.stdout, done.stdout


def test_who_does_not_use_them_loads_nothing_of_the_kit(python: Python, tmp_path: Path) -> None:
    (tmp_path / "test_lean.py").write_text(
        "import sys\n"
        "def test_lean():\n"
        "    loaded = {name for name in sys.modules if name.startswith('ampmap_conformance')}\n"
        "    assert loaded == {'ampmap_conformance', 'ampmap_conformance.pytest_plugin'}\n"
        "    assert not {'httpx', 'pydantic', 'uvicorn', 'schemathesis'} & set(sys.modules)\n"
    )
    done = python(*PYTEST, "-q", env=ALONE)
    assert "1 passed" in done.stdout, done.stdout


def test_without_the_kits_packages_the_proxy_says_what_to_install(python: Python, tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError(\"No module named 'uvicorn'\", name='uvicorn')\n")
    (tmp_path / "test_missing.py").write_text("def test_proxy(reference_proxy): ...\n")
    done = python(*PYTEST, "-q", env={**ALONE, "PYTHONPATH": f"{tmp_path}:{':'.join(__import__('sys').path)}"})
    assert "pip install 'ampmap[conformance]'" in done.stdout
    assert "1 error" in done.stdout


def test_without_the_kits_packages_the_suite_says_what_to_install(python: Python, tmp_path: Path) -> None:
    (tmp_path / "httpcore.py").write_text("raise ModuleNotFoundError(name='httpcore')\n")
    path = {"PYTHONPATH": f"{tmp_path}:{':'.join(__import__('sys').path)}"}
    done = python(*PYTEST, "-q", "--pyargs", "ampmap_conformance.suite", env={**ALONE, **path})
    assert done.returncode == 4
    told = "`httpcore` is not installed; install it by `pip install 'ampmap[conformance]'`"
    assert done.stderr.strip() == f"ERROR: {told}"
