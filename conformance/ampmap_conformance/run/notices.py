"""What a run has to say beyond its cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..baseline.file import Baseline
from ..cases.selection import renamed_in
from ..engine.judge import Outcome
from ..engine.session import Session
from ..errors import Failure
from ..report.model import Notice, Result
from ..verdicts import BROKEN

UNANSWERED = (Failure.DROPPED, Failure.TIMEOUT)


def unscored_failures(results: list[Result]) -> tuple[Notice, ...]:
    """A notice for each requirement that does not score yet and is broken."""
    broken = Counter(result.requirement for result in results if not result.scored and result.verdict in BROKEN)
    return tuple(
        Notice(kind="unscored-failure", text=f"{count} cases of `{name}` fail; it is unscored in this release")
        for name, count in broken.items()
    )


def maybe_crowded(results: list[Result], workers: int) -> tuple[Notice, ...]:
    """A notice where so many calls got no answer at all that a limit of connections may be why."""
    silent = sum(result.verdict in BROKEN and result.actual in UNANSWERED for result in results)
    if workers == 1 or silent < workers:
        return ()
    why = "if the proxy limits its connections, `--workers 1` makes one case at a time"
    return (Notice(kind="not-testable", text=f"{silent} cases got no answer; {why} (`tenancy` needs many at once)"),)


def too_long(session: Session) -> tuple[Notice, ...]:
    """A notice where the run left out requirements because they wait for long."""
    names = session.plan.left_out
    if not names:
        return ()
    what = "1 requirement that waits" if len(names) == 1 else f"{len(names)} requirements that wait"
    text = f"`--depth quick` leaves out {what} for several seconds, which `--depth default` tests: {', '.join(names)}"
    return (Notice(kind="left-out", text=text),)


def given_up(session: Session) -> tuple[Notice, ...]:
    """A notice where the run sent nothing any more before all cases were decided."""
    why = session.context.budget.stopped
    return (Notice(kind="not-testable", text=f"{why}; the cases behind that were not tested"),) if why else ()


def renamed(session: Session, baseline: Baseline | None) -> tuple[Notice, ...]:
    """A notice for each earlier id of a requirement in the options or the baseline of a run."""
    options = session.options
    patterns = (*options.select, *options.skip, *options.trace, *(baseline.patterns if baseline else ()))
    return tuple(Notice(kind="renamed", text=text) for text in renamed_in(patterns, session.plan.renames))


def broken_controls(roots: Iterable[Outcome]) -> tuple[Notice, ...]:
    """A notice for each case that was not selected, is broken, and blocks cases that were."""
    return tuple(
        Notice(kind="broken-control", text=f"{one.task.id} is broken and blocks selected cases: {one.reason}")
        for one in roots
    )
