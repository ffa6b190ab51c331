"""`nox -s docs -- deploy`: an edition's site reaches the branch that GitHub Pages serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ampmap_tests_support.places import CHECKOUT

BASE = "amp-0.0.1760587291"


def git(*words: str, at: Path) -> str:
    done = subprocess.run(["git", *words], cwd=at, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of this checkout whose `origin` is an empty repository beside it."""
    pytest.importorskip("mike")
    if not (CHECKOUT / ".git").exists():
        pytest.skip("this is no git checkout")
    git("clone", "--quiet", "--no-hardlinks", str(CHECKOUT), str(tmp_path / "clone"), at=tmp_path)
    git("init", "--quiet", "--bare", str(tmp_path / "pages.git"), at=tmp_path)
    git("remote", "set-url", "origin", str(tmp_path / "pages.git"), at=tmp_path / "clone")
    git("config", "user.name", "Deployer", at=tmp_path / "clone")
    git("config", "user.email", "deployer@example.org", at=tmp_path / "clone")
    return tmp_path / "clone"


def deploy(clone: Path, *editions: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nox", "--no-venv", "-s", "docs", "--", "deploy", *editions],
        cwd=clone,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(clone / "generator"),
            "SITE_URL": "https://example.org/map/",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_an_edition_is_pushed_into_a_folder_of_its_own(clone: Path) -> None:
    done = deploy(clone, BASE)

    assert done.returncode == 0, done.stdout + done.stderr
    pages = clone.parent / "pages.git"
    folders = git("ls-tree", "--name-only", "gh-pages", at=pages).split()
    assert {BASE, "stable", "versions.json", "index.html", ".nojekyll"} <= set(folders)
    assert json.loads(git("show", "gh-pages:versions.json", at=pages)) == [
        {"version": BASE, "title": BASE, "aliases": ["stable"]}
    ]
    assert "gpt-5-codex" in git("show", "gh-pages:stable/index.html", at=pages)
    assert "stable" in git("show", "gh-pages:index.html", at=pages)


def test_an_unknown_edition_pushes_nothing(clone: Path) -> None:
    done = deploy(clone, "amp-9")

    assert done.returncode != 0
    assert f"no edition amp-9; there are {BASE}" in done.stdout + done.stderr
    assert git("branch", "--list", at=clone.parent / "pages.git") == ""


def test_the_workflow_runs_the_session() -> None:
    workflow = yaml.safe_load((CHECKOUT / ".github/workflows/docs.yml").read_text(encoding="utf-8"))
    commands = [step.get("run", "") for step in workflow["jobs"]["deploy"]["steps"]]
    assert any("nox -s docs -- deploy" in command for command in commands)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["deploy"]["permissions"] == {"contents": "write"}
