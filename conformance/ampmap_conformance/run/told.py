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
        self._names: list[tuple[Task, str]] = []
        """Those of the edition that `of` was asked about last."""

    def of(self, session: Session) -> dict[str, Decided]:
        """By task id, what needs not be made again for the edition of `session`."""
        sameness = Sameness(session.target)
        named = [(task, sameness.of(task)) for task in session.plan.selected]
        self._names = [(task, name) for task, name in named if name is not None]
        return {task.id: self._decided[name] for task, name in self._names if name in self._decided}

    def results(self) -> frozenset[int]:
        """The identities of the results that are kept."""
        return frozenset(id(each.result) for each in self._decided.values())

    def add(self, decided: list[Decided]) -> None:
        """Keeps what the edition decided that `of` was asked about.

        A case that was not executed, or not always with one result, is not kept.
        """
        by_id = {each.result.id: each for each in decided}
        for task, name in self._names:
            found = by_id.get(task.id)
            if found is not None and found.outcome.verdict in EXECUTED - {Verdict.FLAKY}:
                self._decided.setdefault(name, found)


def light(outcome: Outcome) -> Outcome:
    """The outcome without what was sent, which a report has kept."""
    return replace(outcome, exchanges=(), error=None, root=None)
