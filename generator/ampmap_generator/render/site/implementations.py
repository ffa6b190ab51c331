"""The page of implementations: how real proxies came out, by level and rule, with what was found amiss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from ...vendored.catalogue import tier_of
from ...vendored.reference import Reference
from ..addresses import anchor
from ..markdown import Table, code, codes, link, prose
from .evidence_files import FOLDER, Evidence, RequirementResult, Run
from .facts import Page, Shelf

PATH: Final = "evidence/implementations.md"

MARKS: Final = {
    "pass": "✓\N{NO-BREAK SPACE}pass",
    "fail": "✗\N{NO-BREAK SPACE}**fail**",
    "known-failure": "✗\N{NO-BREAK SPACE}known failure",
    "warn": "△\N{NO-BREAK SPACE}warn",
}
"""How a verdict is shown in the matrix; the others by their names."""


def implementations_page(reference: Reference, evidence: Evidence) -> Page:
    """A row per implementation, what was found in each, and every rule with the verdict of each."""
    shelf = Shelf(reference, PATH)
    runs = evidence.runs
    names = tuple(prose(run.implementation.display_name) for run in runs.values())
    rows = {name for run in runs.values() for name in run.requirements if name in reference.requirements}
    values: dict[str, object] = {
        "missing": not runs,
        "folder": code(FOLDER),
        "summary": Table(SUMMARY, tuple(_summary_row(shelf, name, run) for name, run in runs.items())),
        "recipes": shelf.link("How each proxy is installed and configured", "guides/real-proxies.md"),
        "own": shelf.link("Your own report", "report.md"),
        "found": tuple(
            (anchor(name), prose(run.implementation.display_name), _about(shelf, name, run), _findings(shelf, run))
            for name, run in runs.items()
        ),
        "matrix": tuple(
            (
                profile,
                Table(
                    ("Requirement", "Level", *names),
                    tuple(
                        (
                            shelf.to("requirements", name),
                            reference.requirements[name].level,
                            *(verdict(run.requirements.get(name)) for run in runs.values()),
                        )
                        for name in group
                    ),
                ),
            )
            for profile, group in by_profile(sorted(rows))
        ),
    }
    return Page(shelf.here, "evidence/implementations", "Implementations", (FOLDER,), values, wide=True)


def verdict(held: RequirementResult | None) -> str:
    """A verdict as Markdown; a dash where the run has none."""
    return "-" if held is None else MARKS.get(held.verdict, prose(held.verdict))


SUMMARY: Final = (
    "Implementation",
    "Verdict",
    "Run by",
    "Core passed",
    "Must passed",
    "Should passed",
    "Not tested",
    "Version",
    "Tested on",
    "Run",
)


def _summary_row(shelf: Shelf, name: str, run: Run) -> tuple[str, ...]:
    about = run.implementation
    rules = shelf.reference.requirements
    judged = {rule: held for rule, held in run.requirements.items() if rule in rules}
    tested = {rule: held.verdict == "pass" for rule, held in judged.items() if held.verdict in MARKS}
    must = {rule: passed for rule, passed in tested.items() if rules[rule].level == "must"}
    return (
        f"[{prose(about.display_name)}]({about.url})" if about.url else prose(about.display_name),
        shelf.link(_decided(shelf, tested), f"{PATH}#found-{anchor(name)}"),
        "others" if run.handed_in else "ampmap",
        _passed(passed for rule, passed in must.items() if tier_of(rules[rule]) == "core"),
        _passed(must.values()),
        _passed(passed for rule, passed in tested.items() if rules[rule].level == "should"),
        str(len(judged) - len(tested)),
        code(about.version) if about.version else "",
        prose(run.taken or ""),
        link("data", f"{FOLDER}{name}.json", shelf.here),
    )


def _passed(results: Iterable[bool]) -> str:
    """How many were passed of those that were tested."""
    found = tuple(results)
    return f"{sum(found)} of {len(found)}"


def _decided(shelf: Shelf, tested: Mapping[str, bool]) -> str:
    """The verdict in words: what must hold and does not, in the core and beside it."""
    rules = shelf.reference.requirements
    broken = [rule for rule, passed in tested.items() if not passed]
    grave = [rules[rule] for rule in broken if rules[rule].level == "must"]
    if not grave:
        return "**conformant**, with warnings" if broken else "**conformant**"
    core = sum(tier_of(rule) == "core" for rule in grave)
    counts = (("core", core), ("other", len(grave) - core))
    names = [f"{count} {kind} {'rule' if count == 1 else 'rules'}" for kind, count in counts if count]
    return f"breaks {' and '.join(names)}"


def _about(shelf: Shelf, name: str, run: Run) -> str:
    """In a sentence, what was tested, by what and against what."""
    version = f" {code(run.implementation.version)}" if run.implementation.version else ""
    kit = f", by kit {code(run.kit.version)}" if run.kit else ""
    edition = f" against edition {code(run.reference.edition)}" if run.reference else ""
    taken = f" on {prose(run.taken)}" if run.taken else ""
    data = link("its data", f"{FOLDER}{name}.json", shelf.here)
    return f"Version{version} was tested{taken}{kit}{edition}; {data} has every verdict. Claims: {codes(run.claims)}."


_ISSUE = re.compile(r"https://[^/]+/([^/]+/[^/]+)/(?:issues|pull)/(\d+)$")


def issue_link(url: str) -> str:
    """A link to an issue, by its project and number where the address has them."""
    if match := _ISSUE.fullmatch(url):
        return f"[{prose(f'{match[1]}#{match[2]}')}]({url})"
    return f"<{url}>"


def _findings(shelf: Shelf, run: Run) -> Table:
    """What a run found amiss, with the reason and the issue that it is known by."""
    rows = tuple(
        (
            shelf.to_name("requirements", name),
            verdict(held),
            prose(held.reason or ""),
            issue_link(held.issue) if held.issue else "",
        )
        for name, held in sorted(run.requirements.items())
        if held.verdict in ("fail", "known-failure", "warn")
    )
    return Table(("Requirement", "Verdict", "Why", "Issue"), rows)


def seen_outside(requirement: str, evidence: Evidence) -> str:
    """What of a requirement a run without an observer judges; empty where no committed run tells."""
    tally = evidence.manifest.requirements.get(requirement) if evidence.manifest is not None else None
    return "" if tally is None else prose(tally.outside or "nothing")


def latest_runs(requirement: str, evidence: Evidence) -> str:
    """What is committed about a requirement: the reference proxy's cases and each implementation's verdict."""
    told = []
    if evidence.manifest is not None and (tally := evidence.manifest.requirements.get(requirement)):
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(tally.verdicts.items()))
        told.append(f"{prose(evidence.manifest.target)}: {verdicts} of {tally.cases} cases")
    for run in evidence.runs.values():
        if (held := run.requirements.get(requirement)) is not None:
            about = run.implementation
            told.append(
                f"{prose(about.display_name)}{f' {code(about.version)}' if about.version else ''}: {verdict(held)}"
            )
    return "; ".join(told)


def by_profile(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """These requirements by their profiles; they are sorted."""
    return [(profile, list(group)) for profile, group in groupby(names, key=lambda name: name.partition(".")[0])]
