"""The guide's other ways to fuzz a proxy judge it by the same rules."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance import reference as packaged
from ampmap_tests_support.places import GUIDES

from ..support import HANDED_ON

Process: TypeAlias = "subprocess.Popen[str]"
Done: TypeAlias = "subprocess.CompletedProcess[str]"

GUIDE = GUIDES / "fuzzing.md"
KEY = "canary-of-the-fuzzing-canary"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the files that the guide shows, and the document."""
    blocks = re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    for name, text in blocks:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert {name for name, _ in blocks} == {"schemathesis.toml", "fuzz.sh", "test_fuzz_proxy.py"}
    document = (resources.files(packaged) / "openapi.json").read_text(encoding="utf-8")
    (tmp_path / "openapi.json").write_text(document, encoding="utf-8")
    return tmp_path


@pytest.fixture(params=[(), ("--defect", "validation-in-own-shape")], ids=["right", "wrong"])
def proxy(request: pytest.FixtureRequest, begin: Callable[..., Process]) -> tuple[str, bool]:
    """A proxy, and whether it is right."""
    process = begin("serve", *request.param, env={"AMPMAP_CLIENT_KEY": KEY})
    assert process.stdout is not None
    return process.stdout.readline().strip(), not request.param


def environment(url: str) -> dict[str, str]:
    return {"AMPMAP_CLIENT_KEY": KEY, "PROXY_URL": url, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "LANG": "C.UTF-8"}


@pytest.mark.long
def test_the_command_of_schemathesis_judges_by_the_same_rules(files: Path, proxy: tuple[str, bool]) -> None:
    url, is_right = proxy
    tool = shutil.which("st", path=str(Path(sys.executable).parent))
    assert tool, "schemathesis is installed without its command"
    path = {"PATH": f"{Path(tool).parent}:/usr/bin:/bin", "PYTHONPATH": ":".join(filter(None, sys.path))}
    own = {**environment(url), **HANDED_ON, **path}
    done = subprocess.run(
        ["sh", "fuzz.sh"], cwd=files, env=own, check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == (0 if is_right else 1), done.stdout + done.stderr
    assert KEY not in done.stdout
    if not is_right:
        assert "fuzz.error-shape: an error does not have Groq's shape" in done.stdout
        assert '"max_tokens": ' in done.stdout
        assert '"max_tokens": "[Filtered]"' not in done.stdout


@pytest.mark.long
def test_plain_pytest_judges_by_the_same_rules(
    files: Path, proxy: tuple[str, bool], python: Callable[..., Done]
) -> None:
    url, is_right = proxy
    words = ("-m", "pytest", "-q", "-p", "schemathesis.pytest.plugin", "-p", "no:cacheprovider", "test_fuzz_proxy.py")
    done = python(*words, env=environment(url))
    assert done.returncode == (0 if is_right else 1), done.stdout + done.stderr
    says = "6 passed" if is_right else "fuzz.error-shape: an error does not have Groq's shape"
    assert says in done.stdout
    assert KEY not in done.stdout
    assert (files / "test_fuzz_proxy.py").is_file()
