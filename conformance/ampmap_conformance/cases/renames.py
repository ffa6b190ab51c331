"""Earlier ids of requirements, so that what a user wrote for an older kit still means the same rule. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Named(Protocol):
    """What has had other ids: a requirement."""

    @property
    def formerly(self) -> tuple[str, ...]:
        """Its earlier ids, the latest first."""
        raise NotImplementedError


@dataclass(frozen=True)
class Renames:
    """The present id of a requirement by each of its earlier ids."""

    now: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Mapping[str, Named]) -> Renames:
        """What these requirements were called before; `rows` are by present id."""
        return cls({former: name for name, row in rows.items() for former in row.formerly})

    def present(self, requirement: str) -> str:
        """The present id of a requirement."""
        return self.now.get(requirement, requirement)

    def notices(self, formers: Iterable[str]) -> tuple[str, ...]:
        """A sentence for each of these ids that is an earlier one: what it is now."""
        return tuple(
            f"`{former}` is now `{self.now[former]}`" for former in dict.fromkeys(formers) if former in self.now
        )


NONE = Renames()
"""No requirement had another id."""
