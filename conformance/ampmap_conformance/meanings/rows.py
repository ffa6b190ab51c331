"""The rows of a table of meanings, made ready for reading: what a body says, in the order in which it says it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..reference.types import Finding, found


@dataclass(frozen=True, slots=True)
class Row:
    """A meaning that was found in a body, with its values."""

    name: str
    values: Mapping[str, Any]


class Rows:
    """Meanings by name, each with its forms. Where several forms of one meaning fit the same item, the first counts.

    Of what stands in one item, meanings come in the order of `rows`.
    """

    def __init__(self, rows: Mapping[str, Iterable[Any]], *, snake_case: bool) -> None:
        self._rows = [(name, tuple(forms)) for name, forms in rows.items()]
        self._snake_case = snake_case
        self._ranks: dict[str, int] = {}
        for _, forms in self._rows:
            for form in forms:
                self._rank(form)

    def find(self, data: Any) -> list[Row]:
        """Everything that `data` says."""
        seen: list[tuple[tuple[int, ...], int, Row]] = []
        for number, (name, forms) in enumerate(self._rows):
            items: set[tuple[str | int, ...]] = set()
            for form in forms:
                findings = found(form, data, snake_case=self._snake_case)
                fresh = [finding for finding in findings if finding.item not in items]
                seen += [(self._order(finding), number, Row(name, finding.values)) for finding in fresh]
                items.update(finding.item for finding in fresh)
        return [row for _, _, row in sorted(seen, key=lambda one: one[:2])]

    def _order(self, finding: Finding) -> tuple[int, ...]:
        return tuple(step if isinstance(step, int) else self._ranks[step] for step in finding.place)

    def _rank(self, form: Any) -> None:
        if isinstance(form, dict):
            for key, part in form.items():
                self._ranks.setdefault(key, len(self._ranks))
                self._rank(part)
        elif isinstance(form, list | tuple):
            for part in form:
                self._rank(part)
