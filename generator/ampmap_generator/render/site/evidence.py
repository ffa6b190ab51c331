"""Pages of what was proved: which defect each requirement catches, and how real proxies came out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, TypeAlias

from ...vendored.catalogue import Requirement, tier_of
from ...vendored.reference import Reference
from ..addresses import anchor
from ..markdown import Table, code, codes, link, prose
from .evidence_files import MATRIX, Defect, Evidence, RequirementResult, Run, Server
from .facts import Page, Shelf
from .mutation import PATH as MUTATION
from .mutation import mutants_page, score_told

FOLDER: Final = "conformance/evidence/"
PATH: Final = "evidence/"
KILLS: Final = f"{PATH}kill-matrix.md"
PROXIES: Final = f"{PATH}implementations.md"

_REQUIREMENT_HEAD = ("Requirement", "Level", "Defects that it catches")


def evidence_pages(reference: Reference, evidence: Evidence) -> Iterator[Page]:
    """The index of the evidence, the kill matrix, the score of mutation testing, and the matrix of implementations."""
    yield _index(reference, evidence)
    yield _kills(reference, evidence)
    yield mutants_page(reference, evidence)
    yield _implementations(reference, evidence)


def _index(reference: Reference, evidence: Evidence) -> Page:
    shelf = Shelf(reference, f"{PATH}index.md")
    killed = (
        {name for defect in evidence.matrix.defects.values() for name in defect.kills} if evidence.matrix else set()
    )
    rows = [
        (
            shelf.link("Kill matrix", KILLS),
            "Defects of the reference proxy, and the requirements that catch them",
            f"{len(evidence.matrix.defects)} defects, {len(killed)} requirements that catch one"
            if evidence.matrix
            else "none committed",
        ),
        (
            shelf.link("Mutants", MUTATION),
            "Small changes of the reference proxy's code, and how many of them the suite notices",
            score_told(evidence.mutants) if evidence.mutants else "none committed",
        ),
        (
            shelf.link("Implementations", PROXIES),
            "Real proxies, and the result of each requirement",
            ", ".join(prose(run.implementation.display_name) for run in evidence.runs.values()) or "none committed",
        ),
    ]
    values: dict[str, object] = {
        "table": Table(("Page", "What it shows", "Committed"), tuple(rows)),
        "manifest": _manifest(evidence),
        "target": prose(evidence.manifest.target) if evidence.manifest else "",
        "kit": code(evidence.manifest.kit) if evidence.manifest else "",
    }
    return Page(shelf.here, "evidence/index", "Evidence", (FOLDER,), values)


def _manifest(evidence: Evidence) -> Table:
    """Per profile how many requirements and cases a default run has, and how these came out."""
    rows = []
    found = evidence.manifest.requirements if evidence.manifest else {}
    for profile, names in groupby(sorted(found), key=lambda name: name.partition(".")[0]):
        tallies = [found[name] for name in names]
        verdicts = Counter[str]()
        for tally in tallies:
            verdicts.update({name: count for name, count in tally.verdicts.items() if isinstance(count, int)})
        told = ", ".join(f"{count} {name}" for name, count in sorted(verdicts.items()))
        rows.append((code(profile), str(len(tallies)), str(sum(tally.cases for tally in tallies)), told))
    return Table(("Profile", "Requirements", "Cases", "Verdicts"), tuple(rows))


# --- the kill matrix


def _kills(reference: Reference, evidence: Evidence) -> Page:
    shelf = Shelf(reference, KILLS)
    defects = evidence.matrix.defects if evidence.matrix else {}
    on_proxies = {
        name for name, row in reference.requirements.items() if "resolver" not in row.needs and not row.excluded
    }
    values: dict[str, object] = {
        "missing": evidence.matrix is None,
        "file": code(f"{FOLDER}{MATRIX}"),
        "defects": Table(
            ("Defect", "Behaviour of a proxy with the defect", "Requirements that it breaks", "Notice too"),
            tuple(_defect_row(shelf, name, defect) for name, defect in sorted(defects.items())),
        ),
        "requirements": tuple(
            (profile, Table(_REQUIREMENT_HEAD, tuple(_killer_row(shelf, name, evidence) for name in names)))
            for profile, names in _by_profile(sorted(on_proxies))
        ),
        "unkilled": ", ".join(
            shelf.to("requirements", name) for name in sorted(on_proxies) if not evidence.killers(name)
        ),
        "servers": Table(
            ("Server", "What it does", "Passes", "Passes without an observer"),
            tuple(_server_row(shelf, name, server) for name, server in _servers(evidence).items()),
        ),
        "deserved": tuple(
            f"{shelf.to_name('requirements', name)}: {prose(why)}" for name, why in _deserved_passes(evidence).items()
        ),
        "counts": (len(defects), sum(bool(evidence.killers(name)) for name in on_proxies), len(on_proxies)),
    }
    return Page(shelf.here, "evidence/kill_matrix", "Kill matrix", (FOLDER, "spec/requirements/"), values, weight=0)


def _servers(evidence: Evidence) -> dict[str, Server]:
    return evidence.degenerate.servers if evidence.degenerate else {}


def _deserved_passes(evidence: Evidence) -> dict[str, str]:
    return evidence.degenerate.deserved if evidence.degenerate else {}


def _server_row(shelf: Shelf, name: str, server: Server) -> tuple[str, ...]:
    passed = (
        ", ".join(shelf.to_name("requirements", each) for each in names) or "nothing"
        for names in (server.observed, server.blind)
    )
    return code(name), prose(server.summary), *passed


def _by_profile(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    return [(profile, list(group)) for profile, group in groupby(names, key=lambda name: name.partition(".")[0])]


def _defect_row(shelf: Shelf, name: str, defect: Defect) -> tuple[str, ...]:
    marked = f'<span id="{anchor(name)}"></span>{code(name)}'
    seen = f"Seen in {_thread(defect.seen_in)}." if defect.seen_in else "Not reported in a public thread."
    kills = ", ".join(shelf.to_name("requirements", requirement) for requirement in sorted(defect.kills))
    also = ", ".join(shelf.to_name("requirements", requirement) for requirement in sorted(defect.also))
    return marked, f"{prose(defect.summary)} {seen}", kills or "**none**", also


def _thread(seen_in: str) -> str:
    """A thread, e.g. `owner/repo#12`, as it is written; an address as a link."""
    return _issue(seen_in) if seen_in.startswith("https://") else prose(seen_in)


def _killer_row(shelf: Shelf, name: str, evidence: Evidence) -> tuple[str, ...]:
    return (
        shelf.to("requirements", name),
        shelf.reference.requirements[name].level,
        killers(shelf, name, evidence) or "*none committed*",
    )


def killers(shelf: Shelf, requirement: str, evidence: Evidence) -> str:
    """Links to the defects that a requirement catches, as Markdown; empty where there are none."""
    return ", ".join(link(code(name), f"{KILLS}#{anchor(name)}", shelf.here) for name in evidence.killers(requirement))


# --- implementations


MARKS: Final = {
    "pass": "✓\N{NO-BREAK SPACE}pass",
    "fail": "✗\N{NO-BREAK SPACE}**fail**",
    "known-failure": "✗\N{NO-BREAK SPACE}known failure",
    "warn": "△\N{NO-BREAK SPACE}warn",
}
"""How a verdict is shown in the matrix; the others by their names."""


def _implementations(reference: Reference, evidence: Evidence) -> Page:
    shelf = Shelf(reference, PROXIES)
    runs = evidence.runs
    names = tuple(prose(run.implementation.display_name) for run in runs.values())
    rows = {name for run in runs.values() for name in run.requirements if name in reference.requirements}
    values: dict[str, object] = {
        "missing": not runs,
        "folder": code(FOLDER),
        "summary": Table(
            (
                "Implementation",
                "Verdict",
                "Run by",
                "Core passed",
                "Others passed",
                "By level",
                "Known failures",
                "Warnings",
                "Not tested",
                "Version",
                "Taken",
                "Claims",
                "Run",
            ),
            tuple(_summary_row(shelf, name, run) for name, run in runs.items()),
        ),
        "found": tuple(
            (anchor(name), prose(run.implementation.display_name), table)
            for name, run in runs.items()
            if (table := _findings(shelf, run)).rows
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
            for profile, group in _by_profile(sorted(rows))
        ),
    }
    return Page(shelf.here, "evidence/implementations", "Implementations", (FOLDER,), values)


def verdict(held: RequirementResult | None) -> str:
    """A verdict as Markdown; a dash where the run has none."""
    return "-" if held is None else MARKS.get(held.verdict, prose(held.verdict))


def _summary_row(shelf: Shelf, name: str, run: Run) -> tuple[str, ...]:
    about = run.implementation
    known = shelf.reference.requirements
    judged = {rule: held for rule, held in run.requirements.items() if rule in known}
    core = {rule: held for rule, held in judged.items() if tier_of(known[rule]) == "core"}
    others = {rule: held for rule, held in judged.items() if rule not in core}
    counts = Counter(held.verdict for held in judged.values())
    return (
        f"[{prose(about.display_name)}]({about.url})" if about.url else prose(about.display_name),
        shelf.link(_decided(shelf, core, others), f"{PROXIES}#found-{anchor(name)}")
        if _amiss(run)
        else "**conformant**",
        "others" if run.handed_in else "ampmap",
        _passed(core),
        _passed(others),
        _by_level(judged, known),
        str(counts["known-failure"]),
        str(counts["warn"]),
        str(sum(counts[name] for name in counts if name not in MARKS)),
        code(about.version) if about.version else "",
        prose(run.taken or ""),
        codes(run.claims),
        link("data", f"{FOLDER}{name}.json", shelf.here),
    )


def _by_level(judged: Results, known: Mapping[str, Requirement]) -> str:
    """E.g. `must 120 of 121, should 60 of 64`: how many were kept in every case, of those that were tested."""
    told = []
    for level in ("must", "should", "may"):
        tested = [held for rule, held in judged.items() if known[rule].level == level and held.verdict in MARKS]
        if tested:
            told.append(f"{level} {sum(held.verdict == 'pass' for held in tested)} of {len(tested)}")
    return ", ".join(told)


Results: TypeAlias = Mapping[str, RequirementResult]


def _passed(results: Results) -> str:
    """How many were passed of those that were tested; a warning is about a rule that a proxy should keep."""
    tested = [held for held in results.values() if held.verdict in MARKS]
    return f"{sum(held.verdict in ('pass', 'warn') for held in tested)} of {len(tested)}"


def _decided(shelf: Shelf, core: Results, others: Results) -> str:
    """The verdict in words: what must hold and does not, in the core and beside it."""
    broken = [sum(_is_broken(shelf, rule, held) for rule, held in part.items()) for part in (core, others)]
    if not any(broken):
        return "**conformant**, with warnings"
    kinds = zip(broken, ("core", "other"), strict=True)
    names = [f"{count} {kind} {'rule' if count == 1 else 'rules'}" for count, kind in kinds if count]
    return f"breaks {' and '.join(names)}"


def _is_broken(shelf: Shelf, rule: str, held: RequirementResult) -> bool:
    return held.verdict in ("fail", "known-failure") and shelf.reference.requirements[rule].level == "must"


def _amiss(run: Run) -> bool:
    return any(held.verdict in ("fail", "known-failure", "warn") for held in run.requirements.values())


_ISSUE = re.compile(r"https://[^/]+/([^/]+/[^/]+)/(?:issues|pull)/(\d+)$")


def _issue(url: str) -> str:
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
            _issue(held.issue) if held.issue else "",
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
