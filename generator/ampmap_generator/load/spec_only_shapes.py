"""Shapes of files that are about the spec and no part of the reference."""

from __future__ import annotations

from pydantic import Field

from ..vendored.base import Shape


class Suppression(Shape):
    """A finding that is known, accepted for a reason, and not shown until a day.

    `id` is the key in `spec/suppressions.yaml`.
    """

    id: str
    rule: str
    """Id of the rule; only warnings and notes can be suppressed."""
    path: str
    """The fact or field whose findings are meant, as `ampmap explain` takes it."""
    reason: str
    expires: str
    """ISO date; from this day on the suppression is an error."""


class Release(Shape):
    """What a release of ampmap had that no earlier one had. `id` is its version, the key in `spec/releases.yaml`."""

    id: str
    requirements: tuple[str, ...]
    """The rules that it had first, by the ids that they had in it."""
    dropped: dict[str, str] = Field(default_factory=dict)
    """Rules of earlier releases that it does not have under any id, each with the reason."""


class AcceptedChange(Shape):
    """A breaking change of a released edition that is meant, with the note that its users are owed.

    `id` is the key in `spec/released/accepted.yaml`.
    """

    id: str
    path: str
    """The path of the change, as `ampmap diff` prints it."""
    note: str
    """What changed and what users do about it."""
