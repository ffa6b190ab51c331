"""The overview of a fleet as a value. `fleet.schema.json` is the schema of `Overview`."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ..reference.types import Severity, Shape
from ..report.diff import Standing
from ..report.model import Kit, Selection, SummaryVerdict
from ..verdicts import Level, Verdict

SCHEMA_VERSION: Final = 1
Kind: TypeAlias = Literal["not-bound", "not-testable", "blocked", "absent"]
"""Why a target shows nothing of a rule: the rule does not bind it, it could not be tested, something else that is
broken kept it from being tested, or its run had no case of it."""


class TargetSummary(Shape):
    """What came out of one target."""

    name: str
    file: str
    """Its target file."""
    exit_code: int
    verdict: SummaryVerdict
    said: str
    """How its run ended, in a sentence."""
    folder: str | None = None
    """Where its report is, below the folder of the overview; absent where none was written."""
    version: str | None = None
    edition: str | None = None
    """Absent where it has no report, and for a run over several."""
    counts: dict[Verdict, int] = {}
    causes: int = 0
    """How many things keep it from being conformant."""
    differs: int = 0
    """In how many rules it differs from the usual, less those that are explained."""


class Behaviour(Shape):
    """What a target does in one rule: the worst of its cases, and what was observed in all of them."""

    standing: Standing
    codes: tuple[str, ...] = ()
    """What was found wrong, by codes of observations."""


class Deviation(Shape):
    """A target that does not do in a rule what is usual in the fleet."""

    target: str
    behaviour: Behaviour
    cases: int
    """How many of its cases show it."""
    decided: int
    """How many of its cases were decided."""
    shown: str
    """Id of the case that shows it first."""
    said: str
    """What was seen there; empty where the rule holds."""
    own: bool = False
    """Whether no other target has any of those cases, so that the difference lies in what the targets serve."""
    explained: tuple[str, ...] = ()
    """For `own`: in what the description of the target differs."""


class RuleDifference(Shape):
    """A rule in which the targets that were tested on it do not all do the same."""

    requirement: str
    statement: str
    level: Level
    severity: Severity | None
    usual: Behaviour | None
    """What more than half of the targets do; absent where no behaviour has so many."""
    usual_in: tuple[str, ...]
    """The targets that do so."""
    deviations: tuple[Deviation, ...]


class CauseIn(Shape):
    """A cause in one target."""

    target: str
    id: str
    """As its report has it."""
    verdict: Verdict
    cases: int


class SharedCause(Shape):
    """A cause, and the targets that have it."""

    summary: str
    verdict: Verdict
    scored: bool
    level: Level
    severity: Severity | None
    targets: tuple[CauseIn, ...]


class Unseen(Shape):
    """Rules that others were tested on and one target was not, for one reason."""

    target: str
    kind: Kind
    reason: str
    requirements: tuple[str, ...]


class TraitValue(Shape):
    """One value of a trait."""

    value: str
    targets: tuple[str, ...]


class Trait(Shape):
    """Something in which the descriptions of the targets differ."""

    name: str
    values: tuple[TraitValue, ...]
    """The one that most targets have first."""


class Overview(Shape):
    """The outcome of a fleet."""

    schema_version: Literal[1] = SCHEMA_VERSION
    kit: Kit
    exit_code: int
    """The gravest of the targets'."""
    said: str
    """What came out, in a sentence."""
    selection: Selection = Selection()
    targets: tuple[TargetSummary, ...]
    differences: tuple[RuleDifference, ...]
    """The strongest level first, then the gravest severity."""
    causes: tuple[SharedCause, ...]
    """What makes targets red first, then what the fewest targets have."""
    unseen: tuple[Unseen, ...]
    traits: tuple[Trait, ...]
