"""Mutation testing of the reference proxy, with the conformance suite as the test.

python conformance/mutants/run.py --sample 300

Each mutant is judged in a process of its own by the cases that run the changed code, until one fails. What was judged
is remembered in `conformance/evidence/mutants.json`: another call judges what is left of its part or sample, and the
survivors again. Ends with 1 if `known.yaml` has an entry that fits nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ampmap_conformance.cases.covering import Depth
from ampmap_conformance.engine.plan import Plan
from ampmap_conformance.evidence.stage import packaged, staged
from forking import forked
from judging import Judgement, in_order, judge
from mutations import PROXY, ROOT, Mutant, in_order_of, mutants_of
from reach import Lines, cases_for, reached
from results import EVIDENCE, Killed, Known, Score, Survivor, read_known, read_score, stale, summary, write_score

USUAL = ""
STAGES = (
    USUAL,
    *(f"translating-to-{name}" for name in ("anthropic-messages", "gemini", "openai-chat", "openai-responses")),
)
"""The proxies that are changed: the usual one, and for what it does not run those that translate."""
TRANSLATING = ("translated.", "translating.", "fallback._has_counterpart")
"""Where the code begins that does something else for a call that is translated."""
TRANSLATION = "translation"
"""The profile of the rules on translated calls: of the others a translating proxy meets one case each."""
SEED = 13
LIMIT = 1200
"""Seconds that judging a mutant may take. One that takes longer stays open: the machine may be busy."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--sample", type=int, metavar="N", help="only the first N mutants in the order of the seed")
    parser.add_argument("--part", metavar="K/N", help="only the K-th of N parts, each a sample of the whole")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="judge these and write nothing")
    parser.add_argument("--rule", action="append", default=[], help="with --only: judge by this rule's cases alone")
    parser.add_argument("--new", action="store_true", help="leave the survivors of earlier runs as they are")
    parser.add_argument("--show", metavar="MODULE[.FUNCTION]", help="list these mutants, and judge nothing")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="mutants at a time (default 1)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the order (default {SEED})")
    parser.add_argument("--out", type=Path, default=EVIDENCE, help="file of the results")
    parser.add_argument("--build", type=Path, default=ROOT / "build/mutants", help="where the reach of cases is kept")
    asked = parser.parse_args(arguments)
    known = read_known()
    if asked.only:
        return _judge_only(asked, known)
    if asked.show is not None:
        _show(asked.show, known)
        return 0
    every = [mutant for file in sorted(PROXY.glob("*.py")) for mutant in mutants_of(file)]
    if problems := stale(known, every):
        print(*problems, sep="\n")
        return 1
    scored = in_order_of(asked.seed, [mutant for mutant in every if known.why_aside(mutant) is None])
    session = Session.opened(asked.build)
    book = Book(asked, known, _sample(asked, scored), len(scored), session)
    for mutant, found in session.judged(book.open(again=not asked.new), asked.workers):
        book.note(mutant, found)
    print(summary(book.score))
    return 0


def _judge_only(asked: argparse.Namespace, known: Known) -> int:
    files = sorted({PROXY / f"{id_.partition('#')[0].partition('.')[0]}.py" for id_ in asked.only})
    every = {mutant.id: mutant for file in files if file.is_file() for mutant in mutants_of(file)}
    if unknown := [id_ for id_ in asked.only if id_ not in every]:
        print(f"there is no mutant {unknown[0]}; `--show FUNCTION` lists those that there are", file=sys.stderr)
        return 2
    session = Session.of_rules(asked.rule) if asked.rule else Session.opened(asked.build)
    for mutant, found in session.judged([every[id_] for id_ in asked.only], asked.workers):
        told = found.killed_by or "survives"
        print(f"{mutant.id}: {mutant.was!r} -> {mutant.now!r}: {told}")
        if why := known.why_equivalent(mutant):
            print(f"  equivalent: {why}")
    return 0


def _sample(asked: argparse.Namespace, mutants: list[Mutant]) -> list[Mutant]:
    if asked.part:
        number, parts = (int(word) for word in asked.part.split("/"))
        mutants = mutants[len(mutants) * (number - 1) // parts : len(mutants) * number // parts]
    return mutants[: asked.sample]


def _show(prefix: str, known: Known) -> None:
    module, dot, _ = prefix.partition(".")
    for file in [PROXY / f"{module}.py"] if dot else sorted(PROXY.glob(f"{module}*.py")):
        for mutant in mutants_of(file):
            if mutant.id.startswith(prefix):
                why = known.why_aside(mutant) or known.why_equivalent(mutant)
                print(
                    f"{mutant.id} line {mutant.lines.start}: {mutant.was!r} -> {mutant.now!r}"
                    + (f" = {why}" if why else "")
                )


@dataclass(frozen=True)
class Session:
    """The plans of all stages, and which cases run which lines."""

    plans: Mapping[str, Plan]
    reach: Mapping[str, Lines]
    rules: frozenset[str] = frozenset()
    """The rules whose cases judge every mutant; none for the cases that run its code."""

    @classmethod
    def of_rules(cls, rules: Iterable[str]) -> Session:
        """A session of all stages, with the cases of a few rules."""
        return cls(_plans(), {}, frozenset(rules))

    @classmethod
    def opened(cls, build: Path) -> Session:
        """Makes the plans, and measures the reach unless `build` has that of the same proxy and cases."""
        plans = _plans()
        file = build / "reach.json"
        digest = _digest(plans)
        kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        if kept.get("digest") != digest:
            print("measuring which cases run which lines", flush=True)
            made = forked(_reached, ((stage, plans[stage]) for stage in STAGES), len(STAGES), limit=None)
            measured = {stage: lines for (stage, _), lines in made}
            kept = {"digest": digest, "reach": measured}
            build.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(kept), encoding="utf-8")
        reach = {
            stage: {module: {int(line): cases for line, cases in lines.items()} for module, lines in of_stage.items()}
            for stage, of_stage in kept["reach"].items()
        }
        return cls(plans, reach)

    def cases(self, mutant: Mutant) -> dict[str, list[int] | None]:
        """By stage the cases that run the mutant's code.

        The translating ones are asked where the usual one does not run it, or does something else there.
        """
        if self.rules:
            by_stage = {stage: enumerate(in_order(plan)) for stage, plan in self.plans.items()}
            return {
                stage: [number for number, task in tasks if task.row.id in self.rules]
                for stage, tasks in by_stage.items()
            }
        found = {stage: cases for stage in STAGES if (cases := cases_for(mutant, self.reach[stage])) != []}
        return found if USUAL not in found or mutant.id.startswith(TRANSLATING) else {USUAL: found[USUAL]}

    def judged(self, mutants: Iterable[Mutant], workers: int) -> Iterator[tuple[Mutant, Judgement]]:
        """Judges mutants in processes of their own, as they come; those that take too long are left out."""
        work = ((mutant, self.cases(mutant)) for mutant in mutants)
        for (mutant, _), found in forked(self._judge, work, workers, limit=LIMIT):
            if found is None:
                print(f"{mutant.id}: not judged within {LIMIT} seconds", flush=True)
            else:
                yield mutant, found

    def _judge(self, work: tuple[Mutant, Mapping[str, list[int] | None]]) -> Judgement:
        mutant, cases = work
        tasks = {}
        for stage, numbers in cases.items():
            every = in_order(self.plans[stage])
            running = every if numbers is None else [every[number] for number in numbers]
            few = {task.id for name in self.plans[stage].all for task in self.plans[stage].at(Depth.QUICK, name)}
            tasks[stage] = [one for one in running if stage == USUAL or one.id in few or one.row.profile == TRANSLATION]
        return judge(mutant, self.plans, tasks)


class Book:
    """Keeps the results, and writes them down as they come."""

    def __init__(
        self, asked: argparse.Namespace, known: Known, chosen: Sequence[Mutant], scored: int, session: Session
    ) -> None:
        self._out: Path = asked.out
        before = read_score(self._out)
        self._by_id = {mutant.id: mutant for mutant in chosen}
        equivalent = {mutant.id: why for mutant in chosen if (why := known.why_equivalent(mutant))}
        unreached = {mutant.id for mutant in chosen if mutant.id not in equivalent and not session.cases(mutant)}
        self._left = [one for one in chosen if one.id not in equivalent and one.id not in unreached]
        ids = {mutant.id for mutant in self._left}
        self.score = Score(
            tool=f"mutmut {version('mutmut')}",
            edition=packaged().edition.id,
            seed=asked.seed,
            mutants=scored,
            judged=0,
            equivalent=Counter(equivalent.values()),
            unreached=Counter(id_.partition("#")[0] for id_ in unreached),
            aside=known.aside,
            killed={id_: one for id_, one in (before.killed if before else {}).items() if id_ in ids},
            survived={id_: one for id_, one in (before.survived if before else {}).items() if id_ in ids},
        )
        self._write()

    def _write(self) -> None:
        parts = (self.score.killed, self.score.survived)
        uncounted = sum(self.score.equivalent.values()) + sum(self.score.unreached.values())
        self.score = self.score.model_copy(update={"judged": uncounted + sum(map(len, parts))})
        write_score(self.score, self._out)

    def open(self, *, again: bool) -> list[Mutant]:
        """Those that were not judged yet, and then the survivors if they are judged again."""
        new = [one for one in self._left if one.id not in self.score.killed and one.id not in self.score.survived]
        return [*new, *(one for one in self._left if again and one.id in self.score.survived)]

    def note(self, mutant: Mutant, found: Judgement) -> None:
        """Writes down what became of a mutant."""
        killed, survived = dict(self.score.killed), dict(self.score.survived)
        survived.pop(mutant.id, None)
        if found.killed_by is None:
            survived[mutant.id] = Survivor(line=mutant.lines.start, was=mutant.was, now=mutant.now)
        else:
            killed[mutant.id] = Killed(by=found.killed_by, level=found.level or "must")
        self.score = self.score.model_copy(update={"killed": killed, "survived": survived})
        self._write()
        print(
            f"{len(killed)} killed, {len(survived)} survive; {mutant.id}: {found.killed_by or 'survives'}", flush=True
        )


def _plans() -> dict[str, Plan]:
    plans = {}
    for stage in STAGES:
        with staged(variant=stage or None) as one:
            plans[stage] = one.plan
    return plans


def _reached(work: tuple[str, Plan]) -> Lines:
    return reached(*work)


def _digest(plans: Mapping[str, Plan]) -> str:
    """Of what decides which case runs which line, but for the code of the checks: the proxy, and the cases."""
    found = hashlib.sha256()
    for file in sorted(PROXY.glob("*.py")):
        found.update(file.read_bytes())
    for stage, plan in plans.items():
        found.update("\n".join([stage, *(task.id for task in in_order(plan))]).encode())
    return found.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
