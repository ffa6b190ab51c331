"""The closed set of verdicts, what decides them, and the exit code that they add up to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import IntEnum, StrEnum, unique


@unique
class Level(StrEnum):
    """How strongly a requirement binds (RFC 2119)."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"


@unique
class Attribution(StrEnum):
    """Where the fault behind a violation lies."""

    PROXY = "proxy"
    UPSTREAM = "upstream"
    KIT = "kit"
    """The kit's own upstream answers otherwise than the call asks for."""
    UNCLEAR = "unclear"
    """The kit does not know what the proxy called, or answered in another dialect than was called."""
    UNKNOWN = "unknown"
    """Nothing but the client's side was seen."""


@unique
class Verdict(StrEnum):
    """What a case came to. Every verdict but `pass` carries a reason."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    WARN = "warn"
    NOT_APPLICABLE = "not-applicable"
    NOT_TESTABLE = "not-testable"
    BLOCKED = "blocked"
    KNOWN_FAILURE = "known-failure"
    UNEXPECTED_PASS = "unexpected-pass"  # noqa: S105 - a verdict
    FLAKY = "flaky"
    ERROR = "error"


EXECUTED = frozenset(
    {Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.KNOWN_FAILURE, Verdict.UNEXPECTED_PASS, Verdict.FLAKY}
)
"""Verdicts of cases whose check ran to its end."""


BROKEN = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.FLAKY, Verdict.ERROR})
"""Verdicts of cases with an unexpected problem."""


@unique
class ExitCode(IntEnum):
    """Exit codes of `run`; 0 to 5 agree with pytest's."""

    CONFORMANT = 0
    FAILURES = 1
    INTERRUPTED = 2
    KIT_ERROR = 3
    USAGE = 4
    NOTHING_RAN = 5
    UNREACHABLE = 6
    STALE_BASELINE = 7
    PARTIAL = 8


GRAVITY = (
    ExitCode.INTERRUPTED,
    ExitCode.KIT_ERROR,
    ExitCode.USAGE,
    ExitCode.UNREACHABLE,
    ExitCode.FAILURES,
    ExitCode.STALE_BASELINE,
    ExitCode.NOTHING_RAN,
    ExitCode.PARTIAL,
    ExitCode.CONFORMANT,
)
"""Ends of runs, the gravest first: what several runs together end with."""


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of several runs together."""
    return min(codes, key=GRAVITY.index)


def verdict_of(level: Level, *, broken: int, of: int = 1, strict: bool = False) -> Verdict:
    """The verdict of a case whose check found a violation in `broken` of its `of` attempts.

    A `must` fails, or is flaky where some attempts held; a `should` warns, and is as strict as a `must` under
    `--strict`; a `may` only ever warns.
    """
    if not broken:
        return Verdict.PASS
    if level is Level.MAY or (level is Level.SHOULD and not strict):
        return Verdict.WARN
    return Verdict.FAIL if broken == of else Verdict.FLAKY


def exit_code(
    verdicts: Iterable[Verdict],
    *,
    missing: Collection[str] = (),
    interrupted: bool = False,
    stale_baseline: bool = False,
    partial: bool = False,
) -> ExitCode:
    """The exit code of a run: the gravest thing that happened decides.

    `missing` names selected requirements of which no case was executed although one should have been;
    `stale_baseline` states that the baseline has entries that are expired or excuse nothing, and `partial` that the
    target does not serve all that is core.
    """
    seen = frozenset(verdicts)
    if interrupted:
        return ExitCode.INTERRUPTED
    if Verdict.ERROR in seen:
        return ExitCode.KIT_ERROR
    if seen & {Verdict.FAIL, Verdict.FLAKY}:
        return ExitCode.FAILURES
    if stale_baseline or Verdict.UNEXPECTED_PASS in seen:
        return ExitCode.STALE_BASELINE
    if missing or not seen & EXECUTED:
        return ExitCode.NOTHING_RAN
    return ExitCode.PARTIAL if partial else ExitCode.CONFORMANT
