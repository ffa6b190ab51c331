"""Runs the suite against proxies that are right in an unusual way: whatever it finds is a false alarm."""

from __future__ import annotations

from functools import cache

from ..engine.options import RunOptions
from ..engine.session import Session
from ..reference import load
from ..reference.types import Reference
from ..report.model import Result
from ..run.run import conformance
from ..verdicts import BROKEN, Verdict

ALARMS = BROKEN | {Verdict.BLOCKED}


def false_alarms(variant: str) -> tuple[str, ...]:
    """What a whole default run finds fault with in a variant, and why. Raises LookupError for an unknown one."""
    ended = conformance(RunOptions(variant=variant), _Nobody(), reference=_reference())
    return tuple(f"{one.id}: {one.reason}" for one in ended.report.results if one.verdict in ALARMS)


class _Nobody:
    """Watches a run and says nothing."""

    def begin(self, session: Session) -> None: ...

    def case(self, result: Result) -> None: ...


@cache
def _reference() -> Reference:
    return load()
