"""Links from documents of an edition to the pages of the site. Pure."""

from __future__ import annotations

from ...vendored.reference import Reference
from ..addresses import address, anchor, target_of


class PageLinks:
    """Links to facts: to the page of the site where the edition shown has the fact, else to the edition's own page."""

    def __init__(self, reference: Reference, shown: Reference) -> None:
        self._shown = shown
        self._own = address(f"editions/{reference.edition.id}.md")

    def of(self, kind: str, key: str) -> str:
        """The address of a fact, by its kind, a field of the reference, and its key."""
        return address(target_of(kind, key)) if key in getattr(self._shown, kind) else self._own

    def operation(self, dialect: str, operation: str) -> str:
        """The address of an operation of a dialect."""
        known = self._shown.endpoints.get(dialect)
        if known is None or operation not in known.operations:
            return self._own
        return address(f"endpoints/{dialect}.md#{anchor(operation)}")

    def status(self, shape: str, status: int) -> str:
        """The address of what a status means in an error shape."""
        known = self._shown.error_shapes.get(shape)
        if known is None or status not in known.statuses:
            return self._own
        return address(f"{target_of('error_shapes', shape)}#{status}")
