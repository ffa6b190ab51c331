"""Parts of conformance: core, features and hardening, and what a target does not serve of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.cases.cases import Case
from ampmap_conformance.cases.tiers import Part, part_of
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.plan import make_plan
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.badge import badge_json
from ampmap_conformance.report.facts import ending
from ampmap_conformance.report.markdown import to_markdown
from ampmap_conformance.report.model import Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.parts import parts_line, parts_of
from ampmap_conformance.target.file import TargetFile
from ampmap_conformance.target.left_out import left_out
from ampmap_conformance.target.target import Target, served_providers
from ampmap_conformance.verdicts import ExitCode

Made: TypeAlias = Callable[..., Report]
Run: TypeAlias = Callable[..., RunOutcome]


def target_of(reference: Reference, **file: Any) -> Target:
    made = TargetFile.model_validate({"name": "x", "base_url": "http://x.example", **file})
    return Target(file=made, providers=served_providers(made, reference), reference=reference)


def parts_in(verdicts: Mapping[str, str], parts: Mapping[str, tuple[str, str | None]], made_report: Made) -> Report:
    """A report with these verdicts, whose requirements belong to these parts."""
    report = made_report(verdicts)
    results = [
        one.model_copy(update=dict(zip(("tier", "feature"), parts[one.requirement], strict=True)))
        for one in report.results
    ]
    summary = report.summary.model_copy(update={"parts": parts_of(results)})
    return report.model_copy(update={"results": tuple(results), "summary": summary})


def test_the_parts_are_told_each_with_what_it_came_to(made_report: Made) -> None:
    verdicts = {
        "auth.a[x]": "pass",
        "auth.a[y]": "warn",
        "reload.b[x]": "fail",
        "reload.b[y]": "pass",
        "fallback.c[x]": "known-failure",
        "security.d[x]": "not-testable",
    }
    parts = {
        "auth.a": ("core", None),
        "reload.b": ("extended", "hot-reload"),
        "fallback.c": ("extended", "mapping"),
        "security.d": ("hardening", None),
    }
    told = parts_line(parts_in(verdicts, parts, made_report))
    assert told == "core: conformant, extended: hot-reload 1 of 2 fail, mapping conformant but for 1 known failure"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("auth.missing-credential-rejected[anthropic-messages]", Part("core")),
        ("auth.missing-credential-rejected[groq-chat.completions]", Part("extended", "further-providers")),
        ("management.forwarded[api-internal]", Part("core")),
        ("fallback.mapping-rewrites-model[]", Part("extended", "mapping")),
        ("security.no-echo[anthropic]", Part("hardening")),
        ("errors.deep-json[anthropic-messages]", Part("hardening")),
    ],
)
def test_a_case_belongs_to_the_part_that_its_row_and_its_call_say(reference: Reference, name: str, part: Part) -> None:
    target = embedded_description(reference)
    requirement, _, case = name.rstrip("]").partition("[")
    tasks = make_plan(target).all[requirement]
    found: list[Case] = [task.case for task in tasks if task.case.name.startswith(case)]
    assert found
    assert part_of(tasks[0].row, found[0], target) == part


@pytest.mark.parametrize(
    ("edition", "file", "core", "text"),
    [
        ("amp-0.0.1760587291", {"claims": ["management"]}, False, ""),
        (
            "amp-0.0.1760587291",
            {"claims": ["management"], "providers": ["anthropic", "openai"]},
            True,
            "modes fast and free go to xai, which this target does not serve",
        ),
        ("amp-0.0.1760587291", {}, True, "the client does not sign in, and keeps no threads"),
        ("amp-0.0.1770734955", {}, True, "exit status 1 and no model call"),
        (
            "amp-0.0.1777897475",
            {"claims": ["management"], "providers": ["anthropic", "openai"]},
            False,
            "",
        ),
    ],
)
def test_what_is_not_served_is_told_with_what_it_breaks(
    edition: str, file: dict[str, Any], core: bool, text: str
) -> None:
    found = left_out(target_of(load(edition=edition), **file))
    assert any(one.core for one in found) is core
    assert not text or any(one.core and text in one.text for one in found)


def test_a_target_that_leaves_core_out_is_partial_in_every_form(run: Run) -> None:
    wanted: dict[str, Any] = {"variant": "few-providers", "select": ("headers.client-credential-replaced",)}
    ended = run(**wanted)
    report = ended.report
    assert (report.summary.verdict, ended.code) == ("partial", ExitCode.CONFORMANT)  # a part of the suite was asked for
    assert "does not serve" in ending(report)
    assert b"conformant" not in badge_json(report).replace(b"amp conformance", b"")
    assert "not served: modes fast and free go to xai" in to_markdown(report).decode()
