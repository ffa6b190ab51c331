"""What a run of the whole suite found of one implementation, a row for each requirement: made from its report alone.

Files of this form are `conformance/evidence/NAME.json`, and what the site's table of implementations is made of.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import ConfigDict, Field

from ..engine.plan import proxy_rules
from ..errors import UsageError
from ..reference.types import Json, Reference, Shape
from ..report.model import Kit, ReferenceId, Report, Result
from ..verdicts import Verdict

GRAVEST_FIRST = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.FLAKY,
    Verdict.UNEXPECTED_PASS,
    Verdict.KNOWN_FAILURE,
    Verdict.WARN,
    Verdict.PASS,
    Verdict.BLOCKED,
    Verdict.NOT_TESTABLE,
    Verdict.NOT_APPLICABLE,
)
"""Which of its cases' verdicts a requirement has: the first of these. One case that was executed outweighs many that
were not."""
TOLD = 3
"""How many different reasons a row gives."""
NO_CASE = "the target gives no case of it"


class Implementation(Shape):
    """What was tested."""

    name: str
    title: str
    version: str | None = None
    url: str | None = None
    """Where its source or its makers are."""


class Row(Shape):
    """One requirement: its verdict, and how many cases came to each."""

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_").replace("_", "-"), validate_by_name=True)

    verdict: Verdict
    pass_: int | None = None
    fail: int | None = None
    warn: int | None = None
    known_failure: int | None = None
    unexpected_pass: int | None = None
    flaky: int | None = None
    error: int | None = None
    blocked: int | None = None
    not_testable: int | None = None
    not_applicable: int | None = None
    reason: str | None = None
    """Why it did not pass; for a known failure, the reason in the baseline."""
    issue: str | None = None
    """Where a known failure is followed up."""

    def counts(self) -> Counter[Verdict]:
        """How many cases came to each verdict, as the row says."""
        stated = {verdict: getattr(self, _FIELDS[verdict]) for verdict in Verdict}
        return Counter({verdict: count for verdict, count in stated.items() if count is not None})


_FIELDS = {verdict: {"pass": "pass_"}.get(verdict.value, verdict.value.replace("-", "_")) for verdict in Verdict}
"""The fields of `Row` that count."""


class Evidence(Shape):
    """One file."""

    implementation: Implementation
    kit: Kit
    reference: ReferenceId
    claims: tuple[str, ...]
    providers: tuple[str, ...] = ()
    """Ids of the providers that it serves."""
    policy: dict[str, Json] = Field(default_factory=dict)
    """What its target file says of what it promises, as far as that is not the usual."""
    taken: str
    """The day of the run, as YEAR-MONTH-DAY."""
    requirements: dict[str, Row]
    """Every requirement on proxies that has a check, by id, in the order of the alphabet."""


def evidence(
    report: Report, reference: Reference, *, taken: datetime.date, title: str | None = None, url: str | None = None
) -> Evidence:
    """What the report of a whole run says of its target.

    Raises UsageError for a report of a part of the suite, of another reference, or of a run that was interrupted.
    """
    if not report.selection.is_whole or report.selection.defects or report.summary.interrupted:
        raise UsageError("evidence requires the report of a run without --profile, --select and --skip")
    if report.reference.digest != reference.digest:
        raise UsageError(f"the report is for reference {report.reference.digest}, but this kit has {reference.digest}")
    results: dict[str, list[Result]] = {name: [] for name, row in proxy_rules(reference).items() if not row.excluded}
    for result in report.results:
        results[result.requirement].append(result)
    target = report.target
    return Evidence(
        implementation=Implementation(name=target.name, title=title or target.name, version=target.version, url=url),
        kit=report.kit,
        reference=report.reference,
        claims=tuple(sorted(target.claims)),
        providers=target.providers,
        policy=target.policy,
        taken=taken.isoformat(),
        requirements={name: _row(found) for name, found in sorted(results.items())},
    )


def as_data(made: Evidence) -> dict[str, Any]:
    """Evidence as it is written down."""
    return made.model_dump(mode="json", by_alias=True, exclude_none=True)


def verdict_of_counts(counts: Counter[Verdict]) -> Verdict:
    """The verdict of a requirement by those of its cases."""
    return next((one for one in GRAVEST_FIRST if counts[one]), Verdict.NOT_APPLICABLE)


def _row(results: list[Result]) -> Row:
    counts = Counter(result.verdict for result in results)
    verdict = verdict_of_counts(counts)
    deciding = [result for result in results if result.verdict is verdict and verdict is not Verdict.PASS]
    told = _distinct(result.known.reason if result.known else result.reason for result in deciding)
    issues = _distinct(result.known.issue or "" for result in deciding if result.known)
    numbers = {str(one): count for one, count in counts.items() if count}
    more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
    reason = "; ".join(told[:TOLD]) + more if results else NO_CASE
    return Row.model_validate(
        {"verdict": verdict, **numbers, "reason": reason or None, "issue": issues[0] if issues else None}
    )


def _distinct(texts: Iterable[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]
