"""The proof that the suite finds faults and nothing else: what is committed of it, and a thin form of making it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ampmap_conformance.cases.selection import ON_REQUEST
from ampmap_conformance.checks.registry import Pace
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.engine.plan import Task, proxy_rules
from ampmap_conformance.evidence import files
from ampmap_conformance.evidence.consequences import because, consequences
from ampmap_conformance.evidence.degenerate import DEGENERATES, DESERVED, scored
from ampmap_conformance.evidence.false_alarms import ALARMS
from ampmap_conformance.evidence.matrix import FLEET, Kills, problems, representatives, tried
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy.defects import DEFECTS
from ampmap_conformance.refproxy.variants.variants import VARIANTS
from ampmap_conformance.run.open import open_run
from ampmap_conformance.verdicts import Level
from ampmap_tests_support.places import EVIDENCE
from jsonschema import Draft202012Validator

from . import probe_groups

RULES = tuple(name for name, row in proxy_rules(load()).items() if row.excluded is None)
AT_ONCE = 8
PROBE_GROUPS, REPORTS = 80, 126
"""How many classes of defects, and how many defects, were found in the field."""


# --- the kill matrix


def test_the_committed_matrix_is_up_to_date_and_has_no_hole() -> None:
    matrix = files.read_matrix(EVIDENCE)
    assert files.stale(matrix, RULES) == [], "run `nox -s defects`"
    assert [name for name, defects in matrix.requirements.items() if not defects] == []


def test_a_defect_comes_to_what_the_matrix_says() -> None:
    found = tried("management-without-key")
    row = files.read_matrix(EVIDENCE).defects["management-without-key"]
    made = files.matrix_of([found], RULES, "").defects["management-without-key"]
    assert found.faults == ()
    assert made == row
    assert set(row.also) == {"tenancy.own-amp-key-on-management"}


NO_KEY = "auth.missing-credential-rejected"


@pytest.mark.parametrize(
    ("cases", "faults", "says"),
    [
        ({"routing.query-kept": "groq"}, (), []),
        ({}, (), ["query-sorted: routing.query-kept does not catch it"]),
        (
            {"routing.query-kept": "groq", NO_KEY: "groq"},
            (),
            [f"query-sorted: {NO_KEY}[groq] catches it, but `consequences.yaml` does not say why"],
        ),
        ({"routing.query-kept": "groq", "management.query-bytes": "api-auth"}, (), []),
        ({"routing.query-kept": "groq"}, ("a[b]: it broke",), ["query-sorted: a[b]: it broke"]),
    ],
)
def test_holes_and_kills_that_nobody_told_are_problems(
    cases: dict[str, str], faults: tuple[str, ...], says: list[str]
) -> None:
    assert problems([Kills("query-sorted", cases, faults)], ()) == says


def test_a_check_that_nothing_breaks_is_a_problem() -> None:
    side = Kills("query-sorted", {"routing.query-kept": "groq", "management.query-bytes": "api-auth"})
    said = problems([side], ("routing.query-kept", "management.query-bytes"))
    assert said == ["management.query-bytes: no defect breaks it"]


def test_a_changed_row_makes_the_matrix_stale() -> None:
    matrix = files.read_matrix(EVIDENCE)
    row = matrix.defects["query-dropped"]
    other = matrix.model_copy(
        update={"defects": {**matrix.defects, "query-dropped": row.model_copy(update={"kills": {}})}}
    )
    assert files.stale(other, RULES) == ["the row of query-dropped has changed"]
    fewer = matrix.model_copy(update={"defects": {k: v for k, v in matrix.defects.items() if k != "query-dropped"}})
    assert files.stale(fewer, (*RULES, "auth.new")) == [
        "auth.new is a new requirement",
        "query-dropped is a new defect",
    ]


def test_every_consequence_is_one_of_something() -> None:
    used = {why for row in files.read_matrix(EVIDENCE).defects.values() for why in row.also.values()}
    assert set(consequences()) - used == set()
    assert because(DEFECTS["query-sorted"], "auth.missing-credential-rejected") is None


@pytest.mark.parametrize("name", files.SCHEMAS)
def test_schemas_are_those_of_the_files(name: str) -> None:
    made = files.schema_of(files.SCHEMAS[name])
    assert (EVIDENCE / name).read_bytes() == made
    file = EVIDENCE / name.replace(".schema", "")
    Draft202012Validator(json.loads(made)).validate(json.loads(file.read_bytes()))


def test_the_command_names_what_a_defect_kills(tmp_path: Path) -> None:
    words = (sys.executable, "-m", "ampmap_conformance.evidence", "matrix", "--only")
    done = subprocess.run([*words, "query-droped"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown defect 'query-droped'" in done.stderr


# --- unusual and degenerate targets


def test_there_are_unusual_proxies_of_many_kinds() -> None:
    assert len(VARIANTS) >= 12
    assert all(variant.summary.endswith(".") for variant in VARIANTS.values())


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_unusual_proxy_raises_no_alarm(variant: str, reference: Reference) -> None:
    """In a case of each requirement whose check neither waits nor must be alone, a stream in every second variant.

    `nox -s defects` makes all cases.
    """
    turn = list(VARIANTS).index(variant)
    with open_run(RunOptions(variant=variant), reference) as session:
        sample = [
            task
            for tasks in session.plan.all.values()
            for task in _by_turns(representatives(tasks), turn)
            if task.check.pace is Pace.QUICK and task.check.requests <= FLEET and task.row.profile not in ON_REQUEST
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(pool.map(session.engine.outcome, sample))
    assert len(outcomes) > 200
    assert [f"{one.task.id}: {one.reason}" for one in outcomes if one.verdict in ALARMS] == []


def _by_turns(tasks: Sequence[Task], turn: int) -> Sequence[Task]:
    return (tasks[turn % len(tasks)],) if tasks else ()


@pytest.mark.parametrize("server", DEGENERATES)
def test_a_server_that_knows_one_answer_scores_what_is_committed(server: str, reference: Reference) -> None:
    row = files.read_degenerates(EVIDENCE).servers[server]
    score = scored(DEGENERATES[server], reference, observed=False)
    assert score.faults == ()
    assert sorted(score.passed[Level.MUST]) == list(row.blind)


def test_what_such_a_server_passes_it_deserves() -> None:
    committed = files.read_degenerates(EVIDENCE)
    assert set(committed.servers) == set(DEGENERATES)
    assert committed.deserved == DESERVED
    passed = {name for row in committed.servers.values() for name in (*row.observed, *row.blind)}
    assert passed == set(DESERVED)


# --- defects of the field


def test_every_class_of_real_defects_is_caught_or_excluded_for_a_reason() -> None:
    table = probe_groups.read()
    assert (len(table.groups), len(table.reports)) == (PROBE_GROUPS, REPORTS)
    assert probe_groups.gaps(table, RULES) == []
    assert len([group for group in table.groups.values() if group.excluded]) < 5


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"caught_by": ("routing.query-kept", "auth.nothing")}, "unknown requirement auth.nothing"),
        (
            {"caught_by": ("auth.missing-credential-rejected",)},
            "no defect of this class breaks auth.missing-credential-rejected",
        ),
        ({"caught_by": ()}, "expected either `caught_by` or `excluded`"),
        ({"proven_by": ("no-such",)}, "unknown defect no-such"),
    ],
)
def test_a_promise_that_the_suite_does_not_keep_is_a_gap(change: dict[str, object], says: str) -> None:
    table = probe_groups.read()
    group = table.groups["query-canary"].model_copy(update=change)
    broken = table.model_copy(update={"groups": {**table.groups, "query-canary": group}})
    assert any(says in gap for gap in probe_groups.gaps(broken, RULES))
