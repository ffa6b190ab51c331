"""Notices on features that the target has and does not claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..engine.claims import unclaimed
from ..engine.judge import Engine
from ..engine.plan import Plan, Task
from ..report.model import Notice
from ..target.target import Target
from ..verdicts import Verdict


def unclaimed_but_there(plan: Plan, target: Target, engine: Engine) -> tuple[Notice, ...]:
    """A notice for each feature that is not claimed and whose requirements hold in the cases that were looked at."""
    notices = []
    for claim, looks in unclaimed(plan, target).items():
        seen = Counter(_until_broken(looks, engine))
        if seen[Verdict.PASS] and set(seen) <= {Verdict.PASS, Verdict.NOT_TESTABLE}:
            text = (
                f"the target does not claim `{claim}`, but {seen[Verdict.PASS]} requirements on it pass in one case"
                " each; add it to `claims` to test and score it"
            )
            notices.append(Notice(kind="unclaimed-feature", text=text))
    return tuple(notices)


def _until_broken(looks: Iterable[Task], engine: Engine) -> Iterator[Verdict]:
    for task in looks:
        verdict = engine.explore(task).verdict
        yield verdict
        if verdict not in (Verdict.PASS, Verdict.NOT_TESTABLE):
            return
