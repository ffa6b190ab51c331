"""What a few requirements catch: their cases against every proxy that can answer them in another way.

It finds what the whole of the evidence says of these requirements, in seconds: it leaves out each defect of which no
decision differs while their cases run, and runs nothing but their cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..cases.covering import Depth
from ..cases.selection import ON_REQUEST
from ..checks.registry import Pace
from ..engine.plan import Plan
from ..refproxy.defects import DEFECTS
from ..refproxy.variants.variants import VARIANTS
from .consequences import because, remembers
from .degenerate import DEGENERATES, Scores, degenerates_of, scores
from .degenerate import problems as score_problems
from .false_alarms import ALARMS
from .files import DegenerateRow, Degenerates, KillMatrix, matrix_of
from .matrix import WAITING, Kills, is_sampled, met_by, representatives
from .matrix import problems as matrix_problems
from .stage import staged
from .trace import Trace

AT_ONCE = 12
"""Proxies that are tried at the same time."""


@dataclass(frozen=True)
class Touching:
    """What a few requirements catch."""

    rules: tuple[str, ...]
    kills: Mapping[str, Kills]
    """By defect that they can meet, those of the requirements that it broke."""
    alarms: tuple[str, ...]
    """Their false alarms: cases that fail with a variant, or with the reference proxy."""
    scores: Mapping[str, Scores]
    """By degenerate server, those of the requirements that it meets."""

    @property
    def problems(self) -> list[str]:
        """Holes, kills that no consequence explains, false alarms and undeserved scores; one sentence each."""
        of_defects = matrix_problems(self.kills.values(), self.rules)
        return [*of_defects, *self.alarms, *score_problems(self.scores)]

    @property
    def caught(self) -> Iterator[str]:
        """Which case of which requirement catches which defect, a line each."""
        for name, one in self.kills.items():
            for rule, case in one.cases.items():
                if rule in self.rules:
                    why = "kills" if rule in DEFECTS[name].breaks else because(DEFECTS[name], rule) or "not listed"
                    yield f"{rule}[{case}] catches {name} ({why})"


def touching(rules: Iterable[str], matrix: KillMatrix | None = None) -> Touching:
    """Runs the cases of some requirements against all defects, variants and degenerate servers that they can meet.

    A defect of which `matrix` has no row, or one that is about other requirements, meets a sample of every requirement
    as well. Raises LookupError for a requirement on which there is no check.
    """
    wanted = tuple(rules)
    fresh = frozenset() if matrix is None else _without_row(matrix, wanted)
    plan, chosen, alarms = _traced(wanted, fresh)
    waits = any(task.check.pace is Pace.WAITS for name in wanted for task in plan.at(Depth.DEFAULT, name))
    with ThreadPoolExecutor(WAITING if waits else AT_ONCE) as pool:
        defects = {name: pool.submit(met_by, name, None if name in fresh else wanted, plan) for name in chosen}
        variants = {name: pool.submit(_alarms, name, wanted, plan) for name in VARIANTS}
        servers = {name: pool.submit(scores, name, wanted) for name in DEGENERATES}
    kills = {name: future.result() for name, future in defects.items()}
    for name in chosen:
        if any(because(DEFECTS[name], rule) is None for rule in kills[name].cases if rule not in DEFECTS[name].breaks):
            kills[name] = met_by(name, kills[name].asked, plan)  # nothing runs beside it now
    return Touching(
        wanted,
        kills,
        (*alarms, *(f"{name}: {alarm}" for name, future in variants.items() for alarm in future.result())),
        {name: future.result() for name, future in servers.items()},
    )


def _without_row(matrix: KillMatrix, rules: tuple[str, ...]) -> frozenset[str]:
    """Defects of which a matrix does not say what they come to, apart from what is asked of `rules`."""
    known = {name: set(row.kills).difference(rules) for name, row in matrix.defects.items()}
    return frozenset(name for name, one in DEFECTS.items() if known.get(name) != set(one.breaks).difference(rules))


def _traced(rules: tuple[str, ...], fresh: frozenset[str]) -> tuple[Plan, tuple[str, ...], tuple[str, ...]]:
    """The plan, the defects that the cases can meet, and what the right proxy is blamed for."""
    trace = Trace()
    with staged(behaviour=trace.behaviour) as stage:
        if unknown := [name for name in rules if name not in stage.plan.all]:
            raise LookupError(f"there is no check of {unknown[0]!r}")
        engine = stage.engine()
        tasks = [task for name in rules for task in representatives(stage.plan.at(Depth.DEFAULT, name))]
        stage.will_try(tasks)
        outcomes = [engine.outcome(task) for task in tasks]
    sampled = any(is_sampled(task) for task in tasks)
    chosen = tuple(
        name
        for name, defect in DEFECTS.items()
        if name in fresh
        or not set(rules).isdisjoint(defect.breaks)
        or (sampled and not remembers(defect) and (defect.variant or trace.may_differ(defect.change)))
    )
    alarms = tuple(f"reference proxy: {one.task.id}: {one.reason}" for one in outcomes if one.verdict in ALARMS)
    return stage.plan, chosen, alarms


def _alarms(variant: str, rules: tuple[str, ...], plan: Plan) -> tuple[str, ...]:
    with staged(variant=variant, plan=None if VARIANTS[variant].has_own_file else plan) as stage:
        engine = stage.engine()
        tasks = [task for name in rules for task in stage.plan.all[name] if task.row.profile not in ON_REQUEST]
        outcomes = map(engine.outcome, tasks)
        return tuple(f"{one.task.id}: {one.reason}" for one in outcomes if one.verdict in ALARMS)


# --- the committed files with what was found


def merged_matrix(matrix: KillMatrix, found: Touching, requirements: Iterable[str]) -> KillMatrix:
    """A matrix with what was found of some requirements in place of what it says of them."""
    return matrix_of((_merged_row(matrix, found, name) for name in DEFECTS), requirements, matrix.edition)


def _merged_row(matrix: KillMatrix, found: Touching, defect: str) -> Kills:
    row, now = matrix.defects.get(defect), found.kills.get(defect)
    if now is not None and now.asked is None:
        return now
    before = {} if row is None else {**dict.fromkeys(row.also, ""), **row.kills}
    kept = {name: case for name, case in before.items() if name not in found.rules}
    return Kills(defect, dict(sorted({**kept, **(now.cases if now else {})}.items())))


def merged_scores(committed: Degenerates, found: Touching) -> Degenerates:
    """The scores of degenerate servers with what was found of some requirements in place of what they say of them."""
    made = degenerates_of(found.scores, committed.edition)
    servers = {
        name: _merged_scores(committed.servers.get(name), row, found.rules) for name, row in made.servers.items()
    }
    return made.model_copy(update={"servers": servers})


def _merged_scores(before: DegenerateRow | None, now: DegenerateRow, rules: Iterable[str]) -> DegenerateRow:
    if before is None:
        return now
    changed = {
        field: tuple(sorted({*getattr(now, field), *set(getattr(before, field)).difference(rules)}))
        for field in ("observed", "blind", "weaker")
    }
    return now.model_copy(update=changed)
