"""Pages of what was proved: which defect each requirement catches, and how real proxies came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from ...vendored.reference import Reference
from ..addresses import anchor
from ..markdown import Table, code, link, prose
from .evidence_files import FOLDER, MATRIX, Defect, Evidence, Server
from .facts import Page, Shelf
from .implementations import PATH as PROXIES
from .implementations import by_profile, implementations_page, issue_link
from .mutation import PATH as MUTATION
from .mutation import mutants_page, score_told

PATH: Final = "evidence/"
KILLS: Final = f"{PATH}kill-matrix.md"

_DEFECT_HEAD = ("Defect", "Behaviour", "Breaks", "Notice too")
_REQUIREMENT_HEAD = ("Requirement", "Level", "Defects that it catches")


def evidence_pages(reference: Reference, evidence: Evidence) -> Iterator[Page]:
    """The index of the evidence, the kill matrix, the score of mutation testing, and the matrix of implementations."""
    yield _index(reference, evidence)
    yield _kills(reference, evidence)
    yield mutants_page(reference, evidence)
    yield implementations_page(reference, evidence)


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
        name
        for name, row in reference.requirements.items()
        if not {"resolver", "load"} & {*row.needs} and not row.excluded
    }
    values: dict[str, object] = {
        "missing": evidence.matrix is None,
        "file": code(f"{FOLDER}{MATRIX}"),
        "defects": tuple(
            (profile, Table(_DEFECT_HEAD, tuple(_defect_row(shelf, name, defects[name]) for name in names)))
            for profile, names in _defects_by_profile(defects)
        ),
        "requirements": tuple(
            (profile, Table(_REQUIREMENT_HEAD, tuple(_killer_row(shelf, name, evidence) for name in names)))
            for profile, names in by_profile(sorted(on_proxies))
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


def _defects_by_profile(defects: Mapping[str, Defect]) -> list[tuple[str, list[str]]]:
    """The defects, sorted, by the profile of the first requirement that each breaks."""
    found: dict[str, list[str]] = {}
    for name, defect in sorted(defects.items()):
        found.setdefault(min(defect.kills, default="none").partition(".")[0], []).append(name)
    return sorted(found.items())


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


def _defect_row(shelf: Shelf, name: str, defect: Defect) -> tuple[str, ...]:
    marked = f'<span id="{anchor(name)}"></span>{code(name)}'
    seen = f"Seen in {_thread(defect.seen_in)}." if defect.seen_in else "Not reported in a public thread."
    kills = ", ".join(shelf.to_name("requirements", requirement) for requirement in sorted(defect.kills))
    also = ", ".join(shelf.to_name("requirements", requirement) for requirement in sorted(defect.also))
    return marked, f"{prose(defect.summary)} {seen}", kills or "**none**", also


def _thread(seen_in: str) -> str:
    """A thread, e.g. `owner/repo#12`, as it is written; an address as a link."""
    return issue_link(seen_in) if seen_in.startswith("https://") else prose(seen_in)


def _killer_row(shelf: Shelf, name: str, evidence: Evidence) -> tuple[str, ...]:
    return (
        shelf.to("requirements", name),
        shelf.reference.requirements[name].level,
        killers(shelf, name, evidence) or "*none committed*",
    )


def killers(shelf: Shelf, requirement: str, evidence: Evidence) -> str:
    """Links to the defects that a requirement catches, as Markdown; empty where there are none."""
    return ", ".join(link(code(name), f"{KILLS}#{anchor(name)}", shelf.here) for name in evidence.killers(requirement))
