"""How ampmap gets to its users: what the packages, the image and the examples name is there, and has one version."""

from __future__ import annotations

import runpy
import socket
import subprocess
import sys
from typing import Any

import pytest
import yaml
from ampmap_tests_support.places import CHECKOUT

pytestmark = pytest.mark.skipif(not (CHECKOUT / "packaging").exists(), reason="packaging lies outside of this tree")
PINNED = "@sha256:"


def test_what_users_copy_names_one_version() -> None:
    done = subprocess.run([sys.executable, ".ci/release.py"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_version_that_differs_is_named() -> None:
    release = runpy.run_path(str(CHECKOUT / ".ci/release.py"))
    told = [finding.text for finding in release["versions"]("9.9.9")]
    for name in ("action.yml", "packaging/ampmap-conformance/pyproject.toml", "packaging/kubernetes/job.yaml"):
        assert any(text.startswith(f"{name}: ") for text in told), name


def test_every_image_is_pinned_or_built_here() -> None:
    compose: dict[str, Any] = yaml.safe_load((CHECKOUT / "packaging/compose/compose.yaml").read_text(encoding="utf-8"))
    for service in compose["services"].values():
        assert "build" in service or PINNED in service["image"]
    lines = (CHECKOUT / "Containerfile").read_text(encoding="utf-8").splitlines()
    named = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert [name for name in named if name != "base" and PINNED not in name] == []


def test_the_image_gets_all_that_it_copies() -> None:
    kept = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in (CHECKOUT / "Containerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (CHECKOUT / source).exists(), source
                assert f"!{source}" in kept


@pytest.mark.parametrize("listens", [True, False])
def test_a_server_is_healthy_when_it_takes_connections(listens: bool) -> None:
    check = runpy.run_path(str(CHECKOUT / "packaging/container/healthcheck.py"))["main"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not listens:
            server.close()
        told = check(f"python\0/kit/bin/ampmap-conformance\0observe\0--listen\x000.0.0.0:{port}\0")
    assert (told is None) is listens
    assert check("ampmap-conformance\0run\0") is None
