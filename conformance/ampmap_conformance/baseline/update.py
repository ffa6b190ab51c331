"""Makes the baseline that fits a report: few entries, with the reasons of the old one."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ..cases.renames import Renames
from ..cases.selection import ON_REQUEST, Pattern, renamed_in
from ..report.model import Report, Result
from ..verdicts import Verdict
from .file import Entry
from .minimise import Pair, few_patterns

UNDECIDED = frozenset({Verdict.NOT_TESTABLE, Verdict.BLOCKED, Verdict.ERROR})
"""Verdicts that tell nothing for or against an entry."""
LONGEST_REASON = 200


@dataclass(frozen=True)
class Updated:
    """The new entries, and what became of the old ones."""

    entries: tuple[Entry, ...]
    failing: int
    """How many cases they cover."""
    new: tuple[Entry, ...]
    """Those for failures that no old entry was about."""
    removed: tuple[Entry, ...]
    """Old ones of which nothing fails any more."""
    unjudged: tuple[Entry, ...]
    """Old ones that are kept because the report tells nothing of them."""
    renamed: tuple[str, ...] = ()
    """A sentence for each earlier id of a requirement in the old ones: what it is now."""


def fails(result: Result) -> bool:
    """Whether a baseline is to know of a case."""
    red = result.verdict in (Verdict.FAIL, Verdict.FLAKY) and result.scored
    return red or result.verdict is Verdict.KNOWN_FAILURE


@dataclass(frozen=True)
class Template:
    """What new entries say beside their pattern."""

    reason: str | None = None
    """None for what the report saw of the cases of each entry."""
    issue: str | None = None
    owner: str | None = None
    expires: datetime.date | None = None

    def entry(self, pattern: str, report: Report, cases: Collection[Pair]) -> Entry:
        """A new entry for `cases`."""
        reason = self.reason or _seen(result for result in report.results if _pair(result) in cases)
        return Entry(pattern=pattern, reason=reason, issue=self.issue, owner=self.owner, expires=self.expires)


def _seen(results: Iterable[Result]) -> str:
    """The reasons of failing cases, the most frequent first."""
    reasons = Counter(result.reason for result in results if fails(result) and result.reason)
    text = "; ".join(reason for reason, _ in reasons.most_common()) or "it fails"
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 3]}..."


def _pair(result: Result) -> Pair:
    return result.requirement, result.case


def updated(report: Report, old: Sequence[Entry], template: Template) -> Updated:
    """The baseline for `report`, given the `old` one.

    An old entry's reason, issue, owner and date stay with the failures that it matched, under narrower or wider
    patterns where need be. `template` gives those of new entries. Requirements that the report has under another id
    than the old entries are written with the report's.
    """
    told = renamed_in((entry.pattern for entry in old), Renames.of(report.rules))
    old = present(old, report)
    known = {entry.pattern: entry.observations for entry in old}
    old = tuple(entry.model_copy(update={"observations": ()}) for entry in old)
    failing = [_pair(result) for result in report.results if fails(result)]
    among = [
        _pair(r)
        for r in report.results
        if r.verdict not in UNDECIDED or not any(entry.matches(r.requirement, r.case) for entry in old)
    ]
    unjudged = [place for place, entry in enumerate(old) if _unjudged(entry, report)]
    groups = _by_reason(failing, old)
    entries = {place: [old[place]] for place in unjudged}
    before: set[Pair] = set()
    for place, wanted in sorted(groups.items()):
        before.update(wanted)
        like = old[place] if place < len(old) else None
        own = [entry.pattern for entry in old if like is not None and _same(entry, like)]
        left = set(wanted)
        for text in _patterns(wanted, frozenset(before), among, own):
            covered = {pair for pair in left if Pattern(text).matches(*pair)}  # the first that matches a case counts
            left -= covered
            made = template.entry(text, report, covered) if like is None else like.model_copy(update={"pattern": text})
            entries.setdefault(place, []).append(made)
    noted = partial(_with_observations, report=report, known=known)
    return Updated(
        failing=len(failing),
        entries=tuple(noted(entry) for _, made in sorted(entries.items()) for entry in made),
        new=tuple(map(noted, entries.get(len(old), ()))),
        removed=tuple(
            entry
            for place, entry in enumerate(old)
            if place not in unjudged and not any(entry.matches(*pair) for pair in failing)
        ),
        unjudged=tuple(old[place] for place in unjudged),
        renamed=told,
    )


def _with_observations(entry: Entry, *, report: Report, known: Mapping[str, tuple[str, ...]]) -> Entry:
    """An entry with the codes that its failing cases show in a report; with those of before where none fails."""
    failing = [result for result in report.results if fails(result) and entry.matches(result.requirement, result.case)]
    codes = {one.code for result in failing for one in result.observations}
    seen = tuple(sorted(codes)) if failing else known.get(entry.pattern, ())
    return entry.model_copy(update={"observations": seen})


def present(entries: Iterable[Entry], report: Report) -> tuple[Entry, ...]:
    """The entries with the report's ids of requirements in place of earlier ones; the first of each pattern."""
    renames = Renames.of(report.rules)
    found: dict[str, Entry] = {}
    for entry in entries:
        for text in Pattern.of(entry.pattern, renames).present(report.rules):
            found.setdefault(text, entry.model_copy(update={"pattern": text}))
    return tuple(found.values())


def _by_reason(failing: Iterable[Pair], old: Sequence[Entry]) -> dict[int, list[Pair]]:
    """The failing cases by the first old entry that says the same as the one that they fall under.

    Those that none matches stand behind the last.
    """
    groups: dict[int, list[Pair]] = {}
    for pair in failing:
        place = next((at for at, entry in enumerate(old) if entry.matches(*pair)), len(old))
        if place < len(old):
            place = next(at for at, entry in enumerate(old) if _same(entry, old[place]))
        groups.setdefault(place, []).append(pair)
    return groups


def _same(one: Entry, other: Entry) -> bool:
    """Whether two entries differ in their pattern alone."""
    return one.model_copy(update={"pattern": other.pattern}) == other


def _patterns(wanted: list[Pair], allowed: frozenset[Pair], among: list[Pair], own: list[str]) -> tuple[str, ...]:
    """Few patterns, which are the old ones wherever those are as few."""
    found = few_patterns(wanted, allowed, among, prefer=own)
    fitting = [
        text
        for text in own
        if any(Pattern(text).matches(*pair) for pair in wanted)
        and not any(Pattern(text).matches(*pair) for pair in among if pair not in allowed)
    ]
    whole = all(any(Pattern(text).matches(*pair) for text in fitting) for pair in wanted)
    return tuple(fitting) if whole and len(fitting) <= len(found) else found


def _unjudged(entry: Entry, report: Report) -> bool:
    matched = {r.verdict for r in report.results if entry.matches(r.requirement, r.case)}
    if matched:
        return matched <= UNDECIDED
    unasked = entry.pattern.partition(".")[0] in ON_REQUEST
    return report.summary.interrupted or not report.selection.is_whole or unasked
