"""What decides a verdict, and what verdicts add up to."""

from __future__ import annotations

import pytest
from ampmap_conformance.verdicts import ExitCode, Level, Verdict, exit_code, verdict_of


@pytest.mark.parametrize(
    ("level", "strict", "broken", "verdict"),
    [
        (Level.MUST, False, 0, Verdict.PASS),
        (Level.MUST, False, 3, Verdict.FAIL),
        (Level.MUST, True, 3, Verdict.FAIL),
        (Level.MUST, False, 1, Verdict.FLAKY),
        (Level.SHOULD, False, 3, Verdict.WARN),
        (Level.SHOULD, False, 1, Verdict.WARN),
        (Level.SHOULD, True, 3, Verdict.FAIL),
        (Level.SHOULD, True, 1, Verdict.FLAKY),
        (Level.MAY, True, 3, Verdict.WARN),
        (Level.MAY, True, 1, Verdict.WARN),
    ],
)
def test_violations_weigh_as_the_level_says_and_as_often_as_they_come(
    level: Level, strict: bool, broken: int, verdict: Verdict
) -> None:
    assert verdict_of(level, broken=broken, of=3, strict=strict) is verdict


@pytest.mark.parametrize(
    ("seen", "missing", "interrupted", "code"),
    [
        ((Verdict.PASS,), (), False, ExitCode.CONFORMANT),
        ((Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE, Verdict.KNOWN_FAILURE), (), False, ExitCode.CONFORMANT),
        ((Verdict.PASS, Verdict.FAIL), (), False, ExitCode.FAILURES),
        ((Verdict.PASS, Verdict.FLAKY), (), False, ExitCode.FAILURES),
        ((Verdict.PASS, Verdict.FAIL, Verdict.ERROR), (), False, ExitCode.KIT_ERROR),
        ((Verdict.PASS, Verdict.FAIL), (), True, ExitCode.INTERRUPTED),
        ((), (), False, ExitCode.NOTHING_RAN),
        ((Verdict.NOT_TESTABLE, Verdict.NOT_APPLICABLE, Verdict.BLOCKED), (), False, ExitCode.NOTHING_RAN),
        ((Verdict.PASS,), ("auth.missing-credential-rejected",), False, ExitCode.NOTHING_RAN),
        ((Verdict.FAIL,), ("auth.missing-credential-rejected",), False, ExitCode.FAILURES),
        ((Verdict.PASS, Verdict.UNEXPECTED_PASS), (), False, ExitCode.STALE_BASELINE),
    ],
)
def test_the_gravest_thing_decides_the_exit_code(
    seen: tuple[Verdict, ...], missing: tuple[str, ...], interrupted: bool, code: ExitCode
) -> None:
    assert exit_code(seen, missing=missing, interrupted=interrupted) is code
    partial = ExitCode.PARTIAL if code is ExitCode.CONFORMANT else code
    assert exit_code(seen, missing=missing, interrupted=interrupted, partial=True) is partial
