"""One row of the severity table: which changes it fits, how grave they are, and why."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from .changes import Change, ChangeKind

UNKNOWN: Final = "unknown"


class Gravity(enum.Enum):
    """What a change means to those who built on the older reference."""

    BREAKING = "breaking"
    ADDITION = "addition"
    NOTE = "note"


BREAKING, ADDITION, NOTE = Gravity.BREAKING, Gravity.ADDITION, Gravity.NOTE

ADDED: Final = (ChangeKind.ADDED, ChangeKind.ITEMS_ADDED)
GONE: Final = (ChangeKind.REMOVED, ChangeKind.ITEMS_REMOVED)
ANY: Final = tuple(ChangeKind)
RENAMED: Final = (ChangeKind.RENAMED,)


@dataclass(frozen=True)
class DiffRule:
    """One row. `scope` and `field` are patterns: `*` is any text, and an empty field is the fact itself.

    `migration` says what to do about a breaking change; `{id}`, `{field}`, `{before}`, `{after}`, `{items}` and
    `{instead}` stand for the change's own. A field of a pattern that ends in `.**` is the field or anything below it.
    """

    id: str
    gravity: Gravity
    scope: str
    field: str
    kinds: tuple[ChangeKind, ...]
    reason: str
    migration: str = ""
    following: bool = False
    """Only for changes that follow from others: the ids in a list of facts that came or went themselves."""
    unknown: bool = False
    """Only for values that the sources did not state before, or no longer state."""

    def fits(self, change: Change) -> bool:
        """Whether this row speaks of a change."""
        if (self.following and not change.follows) or (self.unknown and UNKNOWN not in (change.before, change.after)):
            return False
        if change.kind not in self.kinds or not any(fnmatchcase(change.scope, scope) for scope in self.scope.split()):
            return False
        field = ".".join(change.field)
        return any(_matches(field, pattern) for pattern in self.field.split()) if self.field else not field


def _matches(field: str, pattern: str) -> bool:
    if pattern.endswith(".**"):
        return fnmatchcase(field, pattern[:-3]) or fnmatchcase(field, pattern[:-3] + ".*")
    return fnmatchcase(field, pattern)
