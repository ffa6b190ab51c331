"""What a look at a proxy found: one finding a topic, each with its remedy. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from ..verdicts import ExitCode


@unique
class State(StrEnum):
    """What a finding means."""

    OK = "ok"
    NOTE = "note"
    """Right for some proxies: the remedy says what to do where it is not meant."""
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It could not be asked, or the answers do not show it."""


@unique
class Topic(StrEnum):
    """What is looked at, in the order of the screen."""

    REACHABLE = "reachable"
    TLS = "tls"
    KEY = "key"
    PROVIDERS = "providers"
    MANAGEMENT = "management"
    OBSERVER = "observer"
    STREAMING = "streaming"
    EDITION = "edition"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the screen."""

    topic: Topic
    state: State
    seen: str
    """What was seen, and how that is known."""
    remedy: str = ""
    """What to do; empty where nothing is to be done."""
    ends: bool = False
    """Whether nothing can be tested because of it."""


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found of one proxy."""

    name: str
    base_url: str
    findings: tuple[Finding, ...]
    sent: int
    """How many requests the target got."""
    seconds: float

    @property
    def code(self) -> ExitCode:
        """6 for a target that cannot be tested, 1 where anything is wrong, else 0."""
        if any(finding.ends for finding in self.findings):
            return ExitCode.UNREACHABLE
        wrong = any(finding.state is State.WRONG for finding in self.findings)
        return ExitCode.FAILURES if wrong else ExitCode.CONFORMANT
