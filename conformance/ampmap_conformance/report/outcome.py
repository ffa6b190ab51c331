"""How a whole run ended."""

from __future__ import annotations

from dataclasses import dataclass

from ..verdicts import ExitCode
from .model import Report


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """The report of a run, with its exit code."""

    report: Report
    code: ExitCode
    missing: tuple[str, ...]
    """Requirements and claims that the run should have tested and did not (`run.completeness.missing`)."""
    unreachable: str = ""
    """Why the target could not be tested at all, in a sentence; empty where it could."""
    observed: bool = False
    """Whether an observer saw what the upstreams got."""
    fault: Exception | None = None
    """By what the kit itself failed, so that the run ended early."""
