"""Checks a spec in all its editions at once."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..load import rules
from ..load.findings import Finding, in_order
from ..load.spec import Spec
from .consistency import check

EVERYWHERE: Final = frozenset({rules.REMOVES_NOTHING.id})
"""Rules that are broken only where they are in every edition in which the file takes part: a company's layer may well
remove what some editions do not have."""


def examine(
    spec: Spec, read: Sequence[Finding] = (), today: datetime.date | None = None, *, edition: str | None = None
) -> list[Finding]:
    """Everything that is wrong with `spec` in any edition, or in `edition` alone, in order.

    `read` is what `load` found. A finding that the base does not have names the editions that have it. Raises
    UnknownEditionError.
    """
    specs = [spec.of(name) for name in spec.editions] or [spec]
    wanted = {each.edition for each in (specs if edition is None else [spec.of(edition)])}
    having: dict[Finding, list[str | None]] = {}
    hints: dict[Finding, str] = {}
    for each in specs:
        checked = check(each, today) if each.edition in wanted else []
        for finding in [*each.findings, *checked]:
            same = replace(finding, hint=None)  # what a name is like may differ from one edition to the next
            if finding.hint is not None:
                hints.setdefault(same, finding.hint)
            if each.edition not in having.setdefault(same, []):
                having[same].append(each.edition)
    found = [finding for finding in read if replace(finding, hint=None) not in having]
    for same, editions in having.items():
        finding = replace(same, hint=hints.get(same))
        if finding.rule in EVERYWHERE:
            found += [finding] if len(editions) == sum(_takes_part(each, finding) for each in specs) else []
        elif wanted.intersection(editions):
            found.append(finding if specs[0].edition in editions else _name_editions(finding, editions))
    return in_order(found)


def texts_of(spec: Spec) -> dict[str, str]:
    """The text of every file that was read, by its name as shown, sorted."""
    return dict(sorted((spec.texts if spec.stack is None else spec.stack.texts).items()))


def _takes_part(spec: Spec, finding: Finding) -> bool:
    return finding.location is not None and finding.location.file in spec.texts


def _name_editions(finding: Finding, editions: Sequence[str | None]) -> Finding:
    return replace(finding, message=f"{finding.message} (in {', '.join(map(str, editions))})")
