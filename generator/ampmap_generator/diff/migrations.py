"""What to do about a change, and how a value is shown, in words."""

from __future__ import annotations

import json
from typing import Final

from ..code_span import code
from .changes import ABSENT, Change, ChangeKind
from .diff_rule import DiffRule


def migration(change: Change, row: DiffRule) -> str:
    """What to do about a change, in words; empty where the row has nothing to say."""
    if not row.migration:
        return ""
    before = change.renamed_from if change.kind is ChangeKind.RENAMED else shown(change.before)
    instead = f"; `{change.successor}` takes its place" if change.successor else ""
    last = change.field[-1] if change.field else ""
    items = ", ".join(shown(item) for item in change.items) or f"`{last}`"
    field = f"`{'.'.join(change.field)}`" if change.kind is not ChangeKind.RENAMED else last
    return row.migration.format(
        id=change.id, field=field, before=before, after=shown(change.after), items=items, instead=instead
    )


_LONGEST: Final = 80


def shown(value: object) -> str:
    """A value in a line of text, as code, shortened."""
    if value is ABSENT:
        return "nothing"
    if value is None:
        return "none"
    if isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
        return ", ".join(code(item) for item in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return code(text)
