"""The built archives, installed as users install them: each in an empty folder and an environment of its own.

`python .ci/installs.py FOLDER [WAY...]` installs from the archives in FOLDER, and what these need from the
package index. It says how many commands of each way gave what they must, and ends with 1 where one does not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ONE_CASE = ("run", "--quiet", "--select", "routing.warm-up")
KIT = "ampmap-conformance"


@dataclass(frozen=True)
class Step:
    """A command, its exit code, and a text that it must print; `{env}` is the folder of the virtual environment."""

    words: tuple[str, ...]
    code: int = 0
    prints: str = ""
    lines: int | None = None
    """How many lines it must print, where that matters."""


def pip(*packages: str) -> Step:
    """Installs packages into the virtual environment."""
    return Step(("{env}/bin/python", "-m", "pip", "install", "--quiet", *packages))


def program(name: str, *words: str, **rest: int | str) -> Step:
    """Runs a program of the virtual environment."""
    return Step(("{env}/bin/" + name, *words), **rest)  # type: ignore[arg-type]


SUITE = ("--pyargs", "ampmap_conformance.suite", "-q", "-p", "no:cacheprovider", "-k", "warm-up")
WAYS: Mapping[str, tuple[Step, ...]] = {
    "pip install ampmap-conformance": (
        pip(KIT),
        program(KIT, "run", prints="conformant"),
        program("ampmap", "route", "smart", "--json", prints="anthropic"),
        program("python", "-m", "pip", "check", prints="No broken requirements"),
    ),
    "pip install ampmap": (
        pip("ampmap"),
        program("ampmap", "route", "gpt-5-codex", prints="openai"),
        program("ampmap", "types", "--language", "go", "--out", "go/ampmap.go"),
        *(
            program(KIT, *words, code=4, prints="pip install 'ampmap[conformance]'", lines=1)
            for words in (("run",), ("doctor", "http://127.0.0.1:9"), ("observe",), ("serve",))
        ),
        pip("pytest"),
        program("pytest", *SUITE, code=4, prints="pip install 'ampmap[conformance]'"),
    ),
    "pip install 'ampmap[conformance]' pytest-xdist": (
        pip("ampmap[conformance]", "pytest-xdist"),
        program("pytest", *SUITE, "-n", "2", prints="passed"),
        program(KIT, "run", "--profile", "clients", code=4, prints="pip install 'ampmap[clients]'", lines=1),
        program(KIT, "run", "--profile", "fuzz", code=4, prints="pip install 'ampmap[fuzz]'", lines=1),
    ),
    "pip install --no-binary": (
        pip("--no-binary", f"ampmap,{KIT}", KIT),
        program(KIT, *ONE_CASE, prints="conformant"),
    ),
    "uvx": (
        Step(("uvx", "--refresh", KIT, *ONE_CASE), prints="conformant"),
        Step(("uvx", "--from", "ampmap", "ampmap", "route", "gpt-5-codex"), prints="openai"),
    ),
    "pipx": (
        Step(("pipx", "run", KIT, *ONE_CASE), prints="conformant"),
        Step(("pipx", "install", KIT), prints=KIT),
        Step(("{home}/.local/bin/" + KIT, *ONE_CASE), prints="conformant"),
    ),
}


def main(archives: Path, wanted: Sequence[str]) -> str | None:
    """What fails; None where nothing does. Raises KeyError for a way that there is not."""
    ways = {way: WAYS[way] for way in wanted or WAYS}
    missing = [name for name in ("uvx", "pipx") if name in ways and shutil.which(name) is None]
    if missing:
        return f"not on the PATH: {', '.join(missing)} (`pip install uv pipx`)"
    for way, steps in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            if (wrong := walk(steps, Path(folder), archives.resolve())) is not None:
                return f"{way}: {wrong}"
        sys.stdout.write(f"{way}: {len(steps)} commands\n")
    return None


def walk(steps: tuple[Step, ...], folder: Path, archives: Path) -> str | None:
    """Runs the steps in an empty folder, and says which is not as it must be; None where all are."""
    places = {"env": str(folder / "env"), "home": str(folder / "home")}
    here = folder / "here"
    for new in (here, folder / "home"):
        new.mkdir()
    if any("{env}" in step.words[0] for step in steps):
        subprocess.run([sys.executable, "-m", "venv", places["env"]], check=True)
    left = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment = {
        **left,
        "HOME": places["home"],
        "XDG_CACHE_HOME": left.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        "PIP_FIND_LINKS": str(archives),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_FIND_LINKS": str(archives),
    }
    for step in steps:
        words = [word.format(**places) for word in step.words]
        done = subprocess.run(words, cwd=here, env=environment, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        fits = step.lines is None or len(said.splitlines()) == step.lines
        if done.returncode != step.code or step.prints not in said or not fits:
            return f"$ {' '.join(step.words)}\nexit code {done.returncode}, and {step.code} is due; it printed:\n{said}"
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
