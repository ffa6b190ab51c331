"""The guides on additions, followed to the letter: their code blocks and commands, in a copy of the checkout.

A code block with a title is written to the file that the title names, or put at its end where it exists. Every command
must end as the guide says, and the commit must have as many files as the guide says.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
GUIDES = CHECKOUT / "site/docs/guides"
KEPT = ("README.md", "conftest.py", "conformance", "generator", "noxfile.py", "pyproject.toml", "site", "spec")
"""What is copied. The tests are too, since a guide's command writes the goldens, and what Python compiled, which holds
for the copies: they keep the times of their files."""
LEFT_OUT = shutil.ignore_patterns(".*", "ampmap-report", "*.egg-info")
FENCE = re.compile(r"^```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A file to write, or a command to run."""

    text: str
    file: str = ""


def steps(guide: str, section: str) -> Iterator[Step]:
    """The steps of a guide, or of one of its sections, in their order."""
    text = (GUIDES / guide).read_text(encoding="utf-8")
    if section:
        (text,) = re.findall(rf"^## [^\n]*{{ #{section} }}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    for fence in FENCE.finditer(text):
        if fence["title"]:
            yield Step(fence["text"], fence["title"])
        elif fence["kind"] == "console":
            yield from (Step(line[2:]) for line in fence["text"].splitlines() if line.startswith("$ "))


def digests(folder: Path) -> Mapping[str, str]:
    """Every file of a checkout that would be committed."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for top in KEPT
        for path in ([folder / top] if (folder / top).is_file() else (folder / top).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and "ampmap-report" not in path.parts
    }


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the checkout, without what is not committed."""
    folder = tmp_path / "ampmap"
    folder.mkdir()
    for name in KEPT:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy(source, folder / name)
    return folder


# guide, section, files by hand, most generated files
ADDITIONS = [
    ("adding-a-provider.md", "", 3, 25),
    ("adding-a-requirement.md", "", 4, 6),
    ("editions.md", "add", 2, 3),
]


@pytest.mark.long
@pytest.mark.parametrize(("guide", "section", "by_hand", "generated"), ADDITIONS, ids=[row[0] for row in ADDITIONS])
def test_a_guide_leads_to_a_commit_in_which_all_is_well(
    guide: str, section: str, by_hand: int, generated: int, copy: Path
) -> None:
    before = digests(copy)
    written = set()
    for step in steps(guide, section):
        if step.file:
            written.add(step.file)
            put(copy / step.file, step.text)
        else:
            done = run(copy, step.text)
            assert done.returncode == (1 if "--defect" in step.text else 0), (
                f"$ {step.text}\n{done.stdout}{done.stderr}"
            )

    after = digests(copy)
    changed = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    assert len(written) == by_hand
    assert written <= changed
    assert 0 < len(changed - written) <= generated, sorted(changed - written)
    assert run(copy, "ampmap build --check").returncode == 0


def put(file: Path, text: str) -> None:
    """Writes a file, or puts the text at the end of the one that is there, after one or two empty lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8").rstrip("\n") if file.exists() else ""
    gap = "\n\n\n" if file.suffix == ".py" else "\n\n"
    file.write_text(f"{before}{gap}{text}" if before else text, encoding="utf-8")


def run(copy: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of a guide in the copy, with the copy's packages."""
    path = os.pathsep.join((str(copy / "generator"), str(copy / "conformance")))
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PYTHONPATH": path, "PATH": programs}
    return subprocess.run(
        shlex.split(command), cwd=copy, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
