"""One rule's cases against the proxies that they can meet: what is left out, what is found, what is written down."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ampmap_conformance.engine.plan import proxy_rules
from ampmap_conformance.evidence import files
from ampmap_conformance.evidence import matrix as kill_matrix
from ampmap_conformance.evidence import touching as touched
from ampmap_conformance.evidence.__main__ import main
from ampmap_conformance.evidence.degenerate import DEGENERATES
from ampmap_conformance.evidence.matrix import Kills, representatives
from ampmap_conformance.evidence.stage import staged
from ampmap_conformance.evidence.trace import Trace
from ampmap_conformance.reference import load
from ampmap_conformance.refproxy import defects as known_defects
from ampmap_conformance.refproxy.defects import DEFECTS
from ampmap_conformance.refproxy.variants.variants import VARIANTS
from ampmap_conformance.verdicts import Verdict
from ampmap_tests_support.places import EVIDENCE
from click.testing import CliRunner

RULES = tuple(name for name, row in proxy_rules(load()).items() if row.excluded is None)
TRACED = ("errors.routed-status-relayed", "fallback.names-in-array-streams", "management.stream-not-buffered")


@pytest.mark.parametrize("rule", TRACED)
def test_every_defect_of_others_that_a_rule_catches_is_among_those_that_its_cases_can_meet(rule: str) -> None:
    trace = Trace()
    with staged(behaviour=trace.behaviour) as stage:
        engine = stage.engine()
        assert {engine.outcome(task).verdict for task in representatives(stage.plan.all[rule])} == {Verdict.PASS}

    caught = {name for name, row in files.read_matrix(EVIDENCE).defects.items() if rule in row.also}
    met = {name for name, defect in DEFECTS.items() if defect.variant or trace.may_differ(defect.change)}
    assert caught
    assert caught - met == set()
    assert len(met) < len(DEFECTS) / 2


def test_touching_finds_what_a_rule_catches_unlisted_and_what_it_misses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule, right = "headers.response-relayed", DEFECTS["response-headers-dropped"]
    few = {
        "listed": right,
        "unlisted": replace(right, id="unlisted", breaks=("routing.query-kept",), also=()),
        "not-caught": replace(DEFECTS["query-dropped"], id="not-caught", breaks=(rule,)),
        "not-met": replace(DEFECTS["management-without-key"], id="not-met"),
    }
    for module in (known_defects, kill_matrix, touched):
        monkeypatch.setattr(module, "DEFECTS", few)
    monkeypatch.setattr(touched, "VARIANTS", {"capital-headers": VARIANTS["capital-headers"]})
    monkeypatch.setattr(touched, "DEGENERATES", {"echo": DEGENERATES["echo"]})

    found = touched.touching([rule])

    assert "not-met" not in found.kills
    assert found.problems == [
        f"unlisted: {rule}[anthropic] catches it, but `consequences.yaml` does not say why",
        f"not-caught: {rule} does not catch it",
    ]


def test_what_is_found_takes_the_place_of_what_the_files_say() -> None:
    before = files.read_matrix(EVIDENCE)
    rule = "headers.response-relayed"
    killers = [name for name, row in before.defects.items() if rule in (*row.kills, *row.also)]
    found = touched.Touching((rule,), {"query-dropped": Kills("query-dropped", {rule: "groq"})}, (), {})

    after = touched.merged_matrix(before, found, RULES)

    assert [name for name, row in after.defects.items() if rule in (*row.kills, *row.also)] == ["query-dropped"]
    same = set(before.defects) - {*killers, "query-dropped"}
    assert {name: after.defects[name] for name in same} == {name: before.defects[name] for name in same}
    assert after.requirements[rule] == ()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--touching", "routing.query-kep"), "did you mean `routing.query-kept`"),
        (("--touching", "auth.none-refused", "--only", "query-dropped"), "use one of them"),
    ],
)
def test_a_wrong_word_beside_touching_is_told_in_a_line(words: tuple[str, ...], says: str) -> None:
    done = CliRunner().invoke(main, ["matrix", *words])
    assert done.exit_code == 2
    assert says in done.stderr
