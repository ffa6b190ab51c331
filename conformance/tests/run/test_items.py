"""The suite under plain pytest, by the plugin of the kit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TypeAlias

import pytest

Done: TypeAlias = "subprocess.CompletedProcess[str]"
SUITE = "ampmap_conformance.suite"


def test_with_xdist_the_suite_stays_in_one_process(python: Callable[..., Done]) -> None:
    plugins = ("-p", "ampmap_conformance.run.items", "-p", "xdist", "-p", "no:cacheprovider", "-W", "error")
    words = ("-n", "2", "--pyargs", f"{SUITE}.test_routing", "-k", "warm-up")
    done = python("-m", "pytest", *plugins, *words, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
    assert "bringing up nodes" not in done.stdout
    assert "workers" not in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("-k", "fallback and openai"), 0, "passed"),
        (("-k", "routing", "--collect-only", "-q"), 0, "routing.warm-up[cerebras-tcp_warming]"),
        (("--base-url", "http://127.0.0.1:9"), 6, "is unreachable: the connection was refused."),
        (("--target", "gone.yaml"), 4, "gone.yaml: No such file or directory"),
    ],
)
def test_plain_pytest_runs_the_same_suite(
    python: Callable[..., Done], words: tuple[str, ...], code: int, says: str
) -> None:
    plain = ("-m", "pytest", "-p", "ampmap_conformance.run.items", "-p", "no:cacheprovider", "-W", "error")
    done = python(*plain, "--pyargs", SUITE, *words, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert done.returncode == code, done.stdout
    assert says in done.stdout + done.stderr
