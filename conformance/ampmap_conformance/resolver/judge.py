"""Compares an answer with a vector. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Violation
from ..reference.types import AuthVector
from ..verdicts import Level, Verdict, verdict_of
from .protocol import NoUsableAnswerError, ResolverAnswer, refusal

RUNTIME = "auth-modes.runtime-provider"


@dataclass(frozen=True)
class Judgement:
    """What a vector came to."""

    verdict: Verdict
    reason: str = ""
    expected: str = ""
    actual: str = ""


def judge(vector: AuthVector, given: ResolverAnswer | NoUsableAnswerError, level: Level, *, strict: bool) -> Judgement:
    """The judgement on what a resolver gave, or did not give, for a vector.

    Where the sources are silent no answer is wrong, as long as it is one and does not name a mode that profile and
    policy exclude.
    """
    if isinstance(given, NoUsableAnswerError):
        verdict = verdict_of(level, broken=1, strict=strict) if vector.asserted else Verdict.WARN
        return Judgement(verdict, given.fault.value, "an answer to every request", str(given))
    violation = _violation(vector, given)
    if violation is not None:
        verdict = verdict_of(level, broken=1, strict=strict)
        return Judgement(verdict, violation.saying, violation.expected, violation.actual)
    if not vector.asserted:
        silent = f"the sources do not state the answer ({', '.join(vector.open)})"
        return Judgement(Verdict.NOT_APPLICABLE, f"{silent}: {given}; the reference: {describe_expected(vector)}")
    if vector.requirement == RUNTIME and given.resolution and given.resolution.runtime_provider is None:
        return Judgement(Verdict.NOT_APPLICABLE, "the resolver does not name a runtime provider")
    return Judgement(Verdict.PASS)


def describe_expected(vector: AuthVector) -> str:
    """The expected answer in words."""
    expected = vector.expected
    if expected.outcome == "resolved":
        return f"resolved to {expected.mode}"
    return refusal(expected.code) if expected.code else "rejected, with any code or without a code"


def describe_question(vector: AuthVector) -> str:
    """The question in words."""
    parts = [f"{vector.profile.provider} with {', '.join(vector.profile.auth_modes) or 'no mode'}"]
    for scope in ("system", "org", "project"):
        for key, row in getattr(vector.policy, scope).items():
            for verb, allowed in (("denies", False), ("allows", True)):
                modes = [mode for mode, cell in row.items() if cell.allowed is allowed]
                parts += [f"{scope} {verb} {', '.join(modes)} by {key}"] if modes else []
    place = vector.environment
    told = {
        f"on {place.runs_on}": place.runs_on != "unknown",
        "not entitled to metered": not place.metered_enabled,
        "no metered key": not place.metered_key,
        "quota of shared used up": not place.shared_quota,
    }
    return "; ".join((*parts, *(words for words, holds in told.items() if holds)))


def _violation(vector: AuthVector, given: ResolverAnswer) -> Violation | None:
    found, expected = given.resolution, vector.expected
    if found is not None and found.mode not in vector.possible:
        left = f"one of the modes {', '.join(vector.possible)}, or a rejection" if vector.possible else "a rejection"
        full = _in_full(vector) if vector.asserted else f"{left}. Asked: {describe_question(vector)}."
        return Violation("the mode is excluded by profile or policy", expected=full, actual=str(given))
    if not vector.asserted:
        return None
    if (found.mode if found else None) != expected.mode:
        return Violation("another outcome", expected=_in_full(vector), actual=str(given))
    code = given.error.code if given.error else None
    if expected.code is not None and code != expected.code:
        return Violation("another code", expected=_in_full(vector), actual=str(given))
    runtime = found.runtime_provider if found else None
    if vector.requirement == RUNTIME and runtime is not None and runtime != expected.runtime_provider:
        return Violation("another runtime provider", expected=expected.runtime_provider or "", actual=runtime)
    return None


def _in_full(vector: AuthVector) -> str:
    return f"{describe_expected(vector)}. Asked: {describe_question(vector)}. Steps: {'; '.join(vector.because)}."
