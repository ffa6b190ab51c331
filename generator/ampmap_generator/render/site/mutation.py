"""The page of mutation testing: how many small changes of the reference proxy's code the suite notices."""

from __future__ import annotations

from collections import Counter
from typing import Final

from ...vendored.reference import Reference
from ..markdown import Table, code, prose
from .evidence_files import FOLDER, MUTANTS, Evidence, Mutants
from .facts import Page, Shelf

PATH: Final = "evidence/mutants.md"


def mutants_page(reference: Reference, evidence: Evidence) -> Page:
    """The score, by module, with what survives and what is not counted."""
    shelf = Shelf(reference, PATH)
    score = evidence.mutants
    values: dict[str, object] = {
        "file": code(f"{FOLDER}{MUTANTS}"),
        "missing": score is None,
        "told": score_told(score) if score else "",
        "sample": _sample(score) if score else "",
        "tool": prose(score.tool) if score else "",
        "modules": Table(("Module", "Killed", "Survive"), _by_module(score) if score else ()),
        "survived": Table(("Function", "Line", "Code", "Changed to"), _survivors(score) if score else ()),
        "equivalent": Table(("Mutants", "Why"), _counted(score.equivalent) if score else ()),
        "aside": Table(("Code", "Why"), _aside(score) if score else ()),
        "unreached": Table(("Mutants", "Function"), _counted(score.unreached, is_code=True) if score else ()),
    }
    return Page(shelf.here, "evidence/mutants", "Mutants", (FOLDER,), values, weight=0)


def score_told(score: Mutants) -> str:
    """The score in a few words."""
    kills, judged = len(score.killed), len(score.killed) + len(score.survived)
    share = f" ({kills / judged:.0%})" if judged else ""
    return f"{kills} of {judged} non-equivalent mutants killed{share}"


def _sample(score: Mutants) -> str:
    of_should = sum(one.level != "must" for one in score.killed.values())
    whole = "All" if score.judged == score.mutants else f"A random sample of {score.judged} of the"
    return (
        f"{whole} {score.mutants} mutants: {len(score.killed)} killed, {of_should} of them first by a `should`; "
        f"{len(score.survived)} survive; {sum(score.equivalent.values())} are equivalent; "
        f"{sum(score.unreached.values())} are in code that no case runs."
    )


def _by_module(score: Mutants) -> tuple[tuple[str, ...], ...]:
    killed, survived = (
        Counter(id_.partition(".")[0].partition("#")[0] for id_ in ids) for ids in (score.killed, score.survived)
    )
    return tuple((code(name), str(killed[name]), str(survived[name])) for name in sorted({*killed, *survived}))


def _survivors(score: Mutants) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (code(id_.partition("#")[0]), str(one.line), code(one.was), code(one.now))
        for id_, one in sorted(score.survived.items())
    )


def _counted(counts: dict[str, int], *, is_code: bool = False) -> tuple[tuple[str, ...], ...]:
    told = code if is_code else prose
    return tuple(
        (str(count), told(name)) for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _aside(score: Mutants) -> tuple[tuple[str, ...], ...]:
    return tuple((code(name), prose(why)) for name, why in sorted(score.aside.items()))
