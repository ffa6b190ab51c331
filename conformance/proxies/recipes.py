"""How a proxy is installed and started, as its `recipe.yaml` says; and the values that stand for its holes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

HERE = Path(__file__).parent
_HOLE = re.compile(r"\{([a-z_]+)\}")


class Part(BaseModel):
    """A closed part of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Install(Part):
    """A package with its version: `litellm[proxy]==1.2.3` of PyPI, `@scope/name@1.2.3` of npm; and others beside it."""

    registry: Literal["pypi", "npm"]
    package: str
    beside: tuple[str, ...] = ()
    """Further packages, with their versions too."""


class Version(Part):
    """A command whose output has the version, as the first group of a pattern."""

    command: tuple[str, ...]
    pattern: str


class Process(Part):
    """One process of the proxy. Holes: {folder}, {tools}, {python}, {program}, {socket}, {port}, and {gateway_port}.

    Each process has a port of its own, which the system chose.
    """

    command: tuple[str, ...]
    environment: dict[str, str] = {}
    inherits: bool = False
    """It is given a socket that listens already, as file descriptor {socket}; else it listens at {port} by itself."""
    ready: str | None = None
    """A path that answers 200 once it is ready; by default it is ready when it takes connections."""
    wakes: str | None = None
    """A path that is posted to once, whatever it answers: some programs load much only at their first call."""
    seconds: float = 30.0
    """How long each may take."""


class Recipe(Part):
    """A proxy that is tested for real. Without processes it is the one that the kit carries."""

    title: str
    url: str | None = None
    quick: bool = False
    """It takes seconds, and its programs are packages of Debian or install in seconds: `--quick` tests it."""
    needs: tuple[str, ...] = ()
    """Programs that must be there."""
    program: str | None = None
    """One of them that is the proxy itself, for those that no registry has: {program} is its path."""
    install: Install | None = None
    build: tuple[str, ...] = ()
    """A command in {folder} that compiles the proxy."""
    version: Version | None = None
    export: str = ""
    """What `ampmap export-config` is asked for; where it is empty, the configuration is a file of the recipe's own."""
    configuration: str = ""
    """The file that it goes to."""
    fills_in_keys: bool = False
    """`${NAME}` is replaced by the variable in the file, as envsubst does; else programs read their environment."""
    client_keys: tuple[str, ...] = ("AMPMAP_CLIENT_KEY",)
    """Environment variables with the keys of clients."""
    files: tuple[str, ...] = ()
    """Further files beside it, from the recipe's folder."""
    workers: int = 8
    """Cases that are probed at once; fewer for a slow one, so that what takes long is not its own queue."""
    gateway: Process | None = None
    proxy: Process | None = None

    @property
    def programs(self) -> tuple[str, ...]:
        """All programs that must be there."""
        return (*self.needs, *([self.program] if self.program and self.program not in self.needs else []))


def names(home: Path = HERE) -> tuple[str, ...]:
    """Every proxy that has a recipe in a folder of them."""
    return tuple(sorted(file.parent.name for file in home.glob("*/recipe.yaml")))


def read(name: str, home: Path = HERE) -> Recipe:
    """The recipe of a proxy. Raises pydantic's ValidationError for a file that is not a recipe."""
    return Recipe.model_validate(yaml.safe_load((home / name / "recipe.yaml").read_text(encoding="utf-8")))


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Text with the values in its holes; other words in braces stay."""
    return _HOLE.sub(lambda hole: str(values.get(hole[1], hole[0])), text)
