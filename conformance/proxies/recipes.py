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
    """A package with its version: `litellm[proxy]==1.2.3` of PyPI, `@scope/name@1.2.3` of npm."""

    registry: Literal["pypi", "npm"]
    package: str


class Version(Part):
    """A command whose output has the version, as the first group of a pattern."""

    command: tuple[str, ...]
    pattern: str


class Process(Part):
    """One process of the proxy. Holes: {folder}, {tools}, {python}, {socket}, {port}, and {gateway_port} of the other.

    Each process has a port of its own, which the system chose.
    """

    command: tuple[str, ...]
    environment: dict[str, str] = {}
    inherits: bool = False
    """It is given a socket that listens already, as file descriptor {socket}; else it listens at {port} by itself."""
    ready: str | None = None
    """A path that answers 200 once it is ready; by default it is ready when it takes connections."""
    seconds: float = 30.0
    """How long it may take until then."""


class Recipe(Part):
    """A proxy that is tested for real. Without processes it is the one that the kit carries."""

    title: str
    url: str | None = None
    needs: tuple[str, ...] = ()
    """Programs that must be there."""
    install: Install | None = None
    version: Version | None = None
    export: str = ""
    """What `ampmap export-config` is asked for."""
    configuration: str = ""
    """The file that it goes to."""
    fills_in_keys: bool = False
    """Names of keys are replaced by the keys in the file, as envsubst does; else they are in the environment."""
    client_keys: tuple[str, ...] = ("AMPMAP_CLIENT_KEY",)
    """Environment variables with the keys of clients."""
    files: tuple[str, ...] = ()
    """Further files beside it, from the recipe's folder."""
    workers: int = 8
    """Cases that are probed at once; fewer for a slow one, so that what takes long is not its own queue."""
    gateway: Process | None = None
    proxy: Process | None = None


def names() -> tuple[str, ...]:
    """Every proxy that has a recipe."""
    return tuple(sorted(file.parent.name for file in HERE.glob("*/recipe.yaml")))


def read(name: str) -> Recipe:
    """The recipe of a proxy. Raises pydantic's ValidationError for a file that is none."""
    return Recipe.model_validate(yaml.safe_load((HERE / name / "recipe.yaml").read_text(encoding="utf-8")))


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Text with the values in its holes; what is no hole of ours stays."""
    return _HOLE.sub(lambda hole: str(values.get(hole[1], hole[0])), text)
