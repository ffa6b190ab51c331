"""The steps of a stream, as the table of a dialect has them."""

from __future__ import annotations

from ..reference.types import Meanings, Step


def steps_of(table: Meanings) -> dict[str, Step]:
    """Every step by its name, in the order of the table."""
    steps = {name: getattr(table.stream, name) for name in type(table.stream).model_fields}
    return {name: step for name, step in steps.items() if isinstance(step, Step)}
