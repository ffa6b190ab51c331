"""What an overview says of reports that no run made: who differs, what explains it, and what is not held against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ampmap_conformance.fleet.compare import ABSENT
from ampmap_conformance.fleet.forms import to_html, to_json, to_markdown
from ampmap_conformance.fleet.model import Overview
from ampmap_conformance.fleet.overview import TargetOutcome, make_overview
from ampmap_conformance.fleet.targets import folder_of
from ampmap_conformance.report.diff import Standing
from ampmap_conformance.verdicts import ExitCode

from ..support import report_of

A, B = "routing.a[groq-models.list]", "routing.a[xai-models.list]"


def overview(*verdicts: Mapping[str, str], targets: tuple[Mapping[str, Any], ...] = ()) -> Overview:
    """That of targets t0, t1, ... with these verdicts by case, and with this in their descriptions."""
    tested = []
    for number, of in enumerate(verdicts):
        described = {"name": f"t{number}", "version": None, "base_url": "http://x", "claims": []}
        described |= targets[number] if targets else {}
        code = ExitCode.FAILURES if "fail" in of.values() else ExitCode.CONFORMANT
        report = report_of(of, report={"target": described}, exit_code=code)
        tested.append(
            TargetOutcome(name=f"t{number}", file="t.yaml", folder=f"targets/t{number}", code=code, report=report)
        )
    return make_overview(tested)


def test_the_target_that_differs_from_most_is_named() -> None:
    made = overview({A: "pass", B: "pass"}, {A: "pass", B: "fail"}, {A: "pass", B: "pass"})
    (rule,) = made.differences
    (odd,) = rule.deviations

    assert (rule.usual_in, odd.target, odd.cases, odd.decided, odd.shown) == (("t0", "t2"), "t1", 1, 2, B)
    assert not odd.own
    assert [each.differs for each in made.targets] == [0, 1, 0]
    assert made.said == "2 of 3 targets conform; t1 differs most, in 1 rule"
    assert made.exit_code == ExitCode.FAILURES
    assert [[one.target for one in cause.targets] for cause in made.causes] == [["t1"]]


def test_the_right_one_of_three_is_named_too() -> None:
    (rule,) = overview({A: "fail"}, {A: "pass"}, {A: "fail"}).differences

    assert rule.usual is not None
    assert rule.usual.standing is Standing.BROKEN
    assert [(one.target, one.behaviour.standing) for one in rule.deviations] == [("t1", Standing.WORKS)]


def test_two_that_disagree_have_no_usual_behaviour() -> None:
    (rule,) = overview({A: "pass"}, {A: "warn"}).differences

    assert rule.usual is None
    assert [one.target for one in rule.deviations] == ["t1"]


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_targets_that_do_the_same_do_not_differ(verdict: str) -> None:
    made = overview({A: verdict}, {A: verdict})

    assert made.differences == made.unseen == made.traits == ()
    assert "no rule has a different result" in made.said


def test_a_case_that_only_one_target_has_is_explained_by_its_description() -> None:
    without, more = {"providers": ["xai"]}, {"providers": ["groq", "xai"]}
    made = overview({B: "pass"}, {A: "fail", B: "pass"}, {B: "pass"}, targets=(without, more, without))
    (odd,) = made.differences[0].deviations

    assert (odd.own, odd.explained) == (True, ("providers",))
    assert [each.differs for each in made.targets] == [0, 0, 0]
    assert [(value.value, value.targets) for value in made.traits[0].values] == [
        ("xai", ("t0", "t2")),
        ("groq, xai", ("t1",)),
    ]


def test_a_rule_that_a_target_was_not_tested_on_is_not_held_against_it() -> None:
    other = "routing.b[x]"
    made = overview({A: "pass", other: "pass"}, {A: "not-applicable"}, {A: "blocked", other: "pass"})

    assert made.differences == ()
    assert {(one.target, one.kind, one.requirements) for one in made.unseen} == {
        ("t1", "not-bound", ("routing.a",)),
        ("t1", "absent", ("routing.b",)),
        ("t2", "blocked", ("routing.a",)),
    }
    assert ABSENT in to_markdown(made).decode()


def test_a_target_without_a_report_is_told_and_the_gravest_end_decides() -> None:
    report = report_of({A: "fail"})
    good = TargetOutcome(name="a", file="a.yaml", folder="targets/a", code=ExitCode.FAILURES, report=report)
    for code in (ExitCode.UNREACHABLE, ExitCode.USAGE, ExitCode.KIT_ERROR, ExitCode.INTERRUPTED):
        bad = TargetOutcome(name="<b>", file="b.yaml", folder="targets/b", code=code, problem="why <i> it\x1b is so")
        made = make_overview([good, bad])
        assert made.exit_code == code
        assert "&lt;b&gt;" in to_html(made).decode()
        assert "why &lt;i&gt; it" in to_html(made).decode()
        assert r"why \<i\> it\\x1b is so" in to_markdown(made).decode()
        assert Overview.model_validate_json(to_json(made)) == made


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("eu-west.1", "eu-west.1"),
        ("../../etc/passwd", "etc-passwd"),
        ("EU / west", "EU-west"),
        ("..", "target"),
        ("münchen", "münchen"),
        ("x" * 300, "x" * 60),
    ],
)
def test_a_report_folder_is_safe_whatever_a_target_is_called(name: str, folder: str) -> None:
    assert folder_of(name) == folder
