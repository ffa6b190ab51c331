"""What a run has to say beyond its cases."""

from __future__ import annotations

from collections import Counter

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
    why = "if the proxy limits its connections, run one case at a time with `--workers 1`"
    return (
        Notice(
            kind="not-testable",
            text=f"the proxy did not answer {silent} cases; {why} (`tenancy` needs many connections)",
        ),
    )
