"""Holds a run against its baseline, and the baseline against the run."""

from __future__ import annotations

import datetime
from dataclasses import replace

from ..cases.selection import Pattern, hint
from ..engine.judge import Observed, Outcome
from ..engine.plan import Plan, Task
from ..report.model import BaselineProblem, BaselineUse
from ..verdicts import Verdict
from .file import Baseline, Entry

EXCUSED = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.FLAKY})
"""Verdicts that an entry turns into a known failure. A fault of the kit is never excused."""


class Watch:
    """Holds the outcomes of one run against a baseline, one by one, and then the baseline against them."""

    def __init__(self, baseline: Baseline, plan: Plan, today: datetime.date) -> None:
        self._baseline = baseline
        self._plan = plan
        self._today = today
        self._patterns = [(entry, Pattern.of(entry.pattern, plan.renames)) for entry in baseline.entries]
        self._decided: dict[str, Verdict] = {}

    def judged(self, outcome: Outcome) -> tuple[Outcome, Entry | None]:
        """The outcome as the baseline has it, and the entry that it falls under; the first that matches counts."""
        task, verdict = outcome.task, outcome.verdict
        self._decided[task.id] = verdict
        entry = next((e for e, pattern in self._patterns if pattern.matches(task.row.id, task.case.name)), None)
        if entry is not None and verdict in EXCUSED and (new := _unknown(outcome, entry)):
            reason = f"not in the baseline: {new.reason} ({new.code})"
            return replace(outcome, reason=reason, expected=new.expected, actual=new.actual), None
        if entry is not None and verdict in EXCUSED:
            return replace(outcome, verdict=Verdict.KNOWN_FAILURE), entry
        if entry is not None and verdict is Verdict.PASS:
            reason = f"the baseline lists this case as failing: {entry.reason}"
            return replace(outcome, verdict=Verdict.UNEXPECTED_PASS, reason=reason), entry
        return outcome, None

    def use(self) -> BaselineUse:
        """What is wrong with the baseline itself, now that the run is over."""
        tasks = [task for group in self._plan.all.values() for task in group]
        problems = (
            problem
            for (entry, pattern), place in zip(self._patterns, self._baseline.places, strict=True)
            for problem in (self._expired(entry, place), self._idle(pattern, place, tasks))
            if problem is not None
        )
        return BaselineUse(file=str(self._baseline.file), entries=len(self._baseline.entries), problems=tuple(problems))

    def _expired(self, entry: Entry, place: str) -> BaselineProblem | None:
        if entry.expires is None or self._today <= entry.expires:
            return None
        follow = "".join(
            f", {label} {value}" for label, value in (("owner", entry.owner), ("issue", entry.issue)) if value
        )
        message = f"`{entry.pattern}` expired on {entry.expires}{follow}"
        return BaselineProblem(kind="expired", pattern=entry.pattern, place=place, message=message)

    def _idle(self, pattern: Pattern, place: str, tasks: list[Task]) -> BaselineProblem | None:
        matched = [task for task in tasks if pattern.matches(task.row.id, task.case.name)]
        if not matched:
            near = hint(pattern, [(task.row.id, task.case.name) for task in tasks])
            message = f"`{pattern.text}` matches no case{near}"
            return BaselineProblem(kind="unknown", pattern=pattern.text, place=place, message=message)
        selected = {task.id for task in self._plan.selected}
        asked = [task.id for task in matched if task.id in selected]
        found = {self._decided[name] for name in asked if name in self._decided}
        if found & EXCUSED or not found or len([name for name in asked if name in self._decided]) < len(asked):
            return None
        if found <= {Verdict.PASS, Verdict.NOT_APPLICABLE}:
            what = "passes" if Verdict.PASS in found else "does not apply to this target"
            message = f"`{pattern.text}` is stale: what it names {what}"
            return BaselineProblem(kind="stale", pattern=pattern.text, place=place, message=message)
        return None


def _unknown(outcome: Outcome, entry: Entry) -> Observed | None:
    """The first observation of a case that an entry does not know, where the entry names what it knows."""
    if not entry.observations:
        return None
    return next((one for one in outcome.observations if one.code not in entry.observations), None)
