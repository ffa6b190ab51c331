"""Every rule has an id, a text, and a pair of examples: one that breaks it at a known place, and one that keeps it."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from ampmap_generator.check.all_editions import examine
from ampmap_generator.check.registry import CHECKS, RULES
from ampmap_generator.check.suppressions import apply
from ampmap_generator.load.findings import Finding
from ampmap_generator.load.rules import LOADER_RULES
from ampmap_generator.load.spec import load
from ampmap_tests_support.specs import GOOD, ShowPlace, WriteSpec

from .examples import EXAMPLES

TODAY = datetime.date(2026, 11, 20)


def found(spec: Path) -> list[Finding]:
    loaded, read = load(spec)
    findings, _ = apply(loaded, examine(loaded, read, TODAY), TODAY)
    return findings


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_bad_example_breaks_the_rule_at_its_place(rule: str, write_spec: WriteSpec, place: ShowPlace) -> None:
    example = EXAMPLES[rule]
    spec = write_spec({**GOOD, **example.bad})
    example.spoil(spec)

    broken = [finding for finding in found(spec) if finding.rule == rule]

    assert [place(finding) for finding in broken] == [f"{rule} {example.at}".strip()]
    assert all(finding.severity is RULES[rule].severity for finding in broken)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_good_example_breaks_no_rule(rule: str, write_spec: WriteSpec) -> None:
    assert found(write_spec({**GOOD, **EXAMPLES[rule].good})) == []


def test_no_rule_is_without_examples() -> None:
    assert set(EXAMPLES) == set(RULES) == {rule.id for rule in (*LOADER_RULES, *CHECKS)}


def test_every_rule_says_what_it_wants() -> None:
    silent = [rule.id for rule in RULES.values() if not rule.explanation.endswith(".") or len(rule.explanation) < 20]

    assert silent == []
