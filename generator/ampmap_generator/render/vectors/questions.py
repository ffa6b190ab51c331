"""What a question to a resolver of auth modes is made of.

Cells are written for places in the matrix (`model`, `provider`, `company`, `*`, and others that do not concern the
dispatch), which `auth_vectors` replaces by the ids of the provider at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...vendored.auth import DispatchEnvironment

Policy = Mapping[str, Mapping[str, Mapping[str, bool]]]
"""Scope to place in the matrix to mode to `allowed`."""

ANYWHERE = DispatchEnvironment()
CLOUD = DispatchEnvironment(runs_on="cloud")
LOCAL = DispatchEnvironment(runs_on="local")
NOT_ENTITLED = DispatchEnvironment(runs_on="cloud", metered_enabled=False)
NO_KEY = DispatchEnvironment(runs_on="cloud", metered_key=False)
NO_QUOTA = DispatchEnvironment(runs_on="cloud", shared_quota=False)

CLAUDE = ("byok", "metered", "shared", "host-session")
GEMINI = ("byok", "metered", "shared", "host-session", "local")


@dataclass(frozen=True)
class Question:
    """One case of a requirement, and the answer as it was read from the sources.

    `answer` is a mode or the id of an error, or None where they are silent.
    """

    requirement: str
    case: str
    rule: str
    provider: str
    modes: tuple[str, ...]
    answer: str | None
    policy: Policy = field(default_factory=dict)
    environment: DispatchEnvironment = ANYWHERE


def no(*modes: str) -> Mapping[str, bool]:
    """Cells that deny modes."""
    return dict.fromkeys(modes, False)


def yes(*modes: str) -> Mapping[str, bool]:
    """Cells that allow modes."""
    return dict.fromkeys(modes, True)
