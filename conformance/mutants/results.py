"""What is known of the mutants: what was judged, what is equivalent or set aside, and the score of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from ampmap_conformance.files import write_atomically
from mutations import ROOT, Mutant
from pydantic import BaseModel, ConfigDict, Field

EVIDENCE = ROOT / "conformance/evidence/mutants.json"
KNOWN = Path(__file__).with_name("known.yaml")


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Alike(_Shape):
    """Mutants of which nothing can be told from outside, for one reason."""

    reason: str
    where: tuple[str, ...] = ("*",)
    """Patterns of `module.function`, of which one fits."""
    was: tuple[str, ...] = ("*",)
    """Patterns of the code as it is."""
    but: tuple[str, ...] = ()
    """Patterns of code as it is that is not meant."""
    now: tuple[str, ...] = ("*",)
    """Patterns of the changed code."""
    only_case: bool = False
    """The change is one of upper and lower case alone."""

    def fits(self, mutant: Mutant) -> bool:
        """Whether the mutant is one of them."""
        return (
            _fits(mutant.id.partition("#")[0], self.where)
            and _fits(mutant.was, self.was)
            and not _fits(mutant.was, self.but)
            and _fits(mutant.now, self.now)
            and (not self.only_case or mutant.was.lower() == mutant.now.lower())
        )


def _fits(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


class Known(_Shape):
    """`known.yaml`: what is not scored, each with its reason."""

    aside: Mapping[str, str]
    """Code that is no part of what the suite judges, by a pattern of `module.function`."""
    alike: tuple[Alike, ...] = ()
    equivalent: Mapping[str, str] = Field(default_factory=dict)
    """Single mutants by id."""

    def why_aside(self, mutant: Mutant) -> str | None:
        """Why the mutant is not judged; None for one that is."""
        name = mutant.id.partition("#")[0]
        return next((why for pattern, why in self.aside.items() if fnmatchcase(name, pattern)), None)

    def why_equivalent(self, mutant: Mutant) -> str | None:
        """Why the mutant behaves as the proxy does; None for one that may not."""
        return self.equivalent.get(mutant.id) or next((one.reason for one in self.alike if one.fits(mutant)), None)


class Killed(_Shape):
    """A mutant that the suite notices."""

    by: str
    """The case that fails; `start` where the proxy does not start."""
    level: str
    """`must`, or `should` where the run comes to a warning."""


class Survivor(_Shape):
    """A mutant that every case passes that runs the changed code."""

    line: int
    was: str
    now: str


class Score(_Shape):
    """`mutants.json`."""

    made_from: str = "`nox -s mutants`: the suite against the reference proxy with one change of its code"
    tool: str
    edition: str
    seed: int
    mutants: int
    """All of them, without what is set aside."""
    judged: int
    """How many of them a random sample has, in the order of the seed: those of the fields below."""
    equivalent: Mapping[str, int]
    """How many of the sample behave as the proxy does, by the reason."""
    unreached: Mapping[str, int]
    """How many of the sample no case runs, by function."""
    aside: Mapping[str, str]
    killed: Mapping[str, Killed]
    survived: Mapping[str, Survivor]


def read_known() -> Known:
    """What `known.yaml` says. Raises pydantic's ValidationError."""
    return Known.model_validate(yaml.safe_load(KNOWN.read_text(encoding="utf-8")))


def read_score(file: Path) -> Score | None:
    """What was judged before; None without a file. Raises pydantic's ValidationError."""
    return Score.model_validate_json(file.read_bytes()) if file.is_file() else None


def write_score(score: Score, file: Path) -> None:
    """Writes the evidence, sorted."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(score.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(file, (text + "\n").encode())


def stale(known: Known, mutants: Iterable[Mutant]) -> list[str]:
    """Entries of `known.yaml` that fit no mutant any more, one sentence each."""
    every = list(mutants)
    ids = {mutant.id for mutant in every}
    names = {mutant.id.partition("#")[0] for mutant in every}
    return [
        *(f"known.yaml: {id_} is no mutant: its code has changed" for id_ in known.equivalent if id_ not in ids),
        *(
            f"known.yaml: {pattern} fits no function"
            for pattern in known.aside
            if not any(fnmatchcase(name, pattern) for name in names)
        ),
        *(f"known.yaml: no mutant fits: {one.reason}" for one in known.alike if not any(map(one.fits, every))),
    ]


def summary(score: Score) -> str:
    """The score in a sentence or two, and what survives by module."""
    kills, left = len(score.killed), len(score.survived)
    share = kills / (kills + left) if kills + left else 0.0
    of_should = sum(one.level != "must" for one in score.killed.values())
    by_module = Counter(id_.partition("#")[0].partition(".")[0] for id_ in score.survived)
    return (
        f"{kills} of {kills + left} killed ({share:.1%}), {of_should} of them first by a should; "
        f"a sample of {score.judged} of {score.mutants} mutants: {sum(score.equivalent.values())} equivalent, "
        f"{sum(score.unreached.values())} that no case runs. Survivors: "
        + (", ".join(f"{module} {count}" for module, count in by_module.most_common()) or "none")
    )
