"""What was decided in a run over several editions, so that a case which several of them have is made once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..engine.judge import Outcome
from ..engine.plan import Task
from ..engine.sameness import Sameness
from ..engine.session import Session
from ..report.model import Result
from ..verdicts import EXECUTED, Verdict


@dataclass(frozen=True)
class Decided:
    """A case that an earlier edition has, too: its result, and its outcome before a baseline was asked."""

    result: Result
    outcome: Outcome


class Told:
    """The decided cases of the editions so far."""

    def __init__(self) -> None:
        self._decided: dict[str, Decided] = {}

    def of(self, session: Session) -> dict[str, Decided]:
        """By task id, what needs not be made again for the edition of `session`."""
        names = self._names(session)
        return {task.id: self._decided[name] for task, name in names if name in self._decided}

    def results(self) -> frozenset[int]:
        """The identities of the results that are kept."""
        return frozenset(id(each.result) for each in self._decided.values())

    def add(self, session: Session, decided: list[Decided]) -> None:
        """Keeps what an edition decided. A case that was not executed, or not always with one result, is not kept."""
        by_id = {each.result.id: each for each in decided}
        for task, name in self._names(session):
            found = by_id.get(task.id)
            if found is not None and found.outcome.verdict in EXECUTED - {Verdict.FLAKY}:
                self._decided.setdefault(name, found)

    @staticmethod
    def _names(session: Session) -> list[tuple[Task, str]]:
        sameness = Sameness(session.target)
        return [(task, name) for task in session.plan.selected if (name := sameness.of(task)) is not None]


def light(outcome: Outcome) -> Outcome:
    """The outcome without what was sent, which a report has kept."""
    return replace(outcome, exchanges=(), error=None, root=None)
