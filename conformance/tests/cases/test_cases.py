"""How requirements become cases, and how patterns pick them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ampmap_conformance.cases.axes import AXES, case_type, expand
from ampmap_conformance.cases.cases import CallCase, ManagementCase, ModeCase
from ampmap_conformance.cases.pairing import twin
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.plan import Plan, make_plan, narrow
from ampmap_conformance.errors import UsageError
from ampmap_conformance.reference import load as edition
from ampmap_conformance.reference.types import Provider, Reference, Requirement
from ampmap_conformance.target.target import from_url, load


@pytest.fixture(scope="module")
def plan(reference: Reference) -> Plan:
    return make_plan(embedded_description(reference))


def names(plan: Plan, requirement: str) -> list[str]:
    return [task.case.name for task in plan.all[requirement]]


@pytest.mark.parametrize(
    ("requirement", "case"),
    [
        ("headers.client-credential-replaced", "groq-chat.completions-x_api_key"),
        ("routing.reaches-upstream", "anthropic-messages.count_tokens"),
        ("fallback.next-call-after-two-failures", "openai-chat-models.list-500"),
        ("auth.every-method-needs-key", "gemini-v1beta-DELETE-query_key"),
        ("management.every-method-needs-key", "api-auth-DELETE-query_key"),
        (
            "routing.alternate-roots",
            "google-generateContent-v1beta1.projects.project.locations.location.publishers.google",
        ),
        ("routing.agent-mode-endpoint", "bolt-main"),
        ("errors.upstream-status-relayed", "anthropic-529"),
        ("management.forwarded", "api-threads-below-POST"),
        ("fallback.local-stays-local", "groq-openai/gpt-oss-120b-stream"),
    ],
)
def test_case_names_are_stable(plan: Plan, requirement: str, case: str) -> None:
    assert case in names(plan, requirement)


def test_every_case_has_an_id_of_its_own(plan: Plan) -> None:
    ids = [task.id for task in plan.selected]
    assert len(ids) == len(set(ids)) > 500


def test_providers_that_bypass_the_proxy_are_not_probed(plan: Plan, reference: Reference) -> None:
    bypassing = {provider.id for provider in reference.providers.values() if not provider.via_proxy}
    probed = {task.case.provider.id for task in plan.selected if isinstance(task.case, CallCase)}
    assert bypassing
    assert not bypassing & probed


def test_a_provider_that_is_added_to_the_reference_is_probed_without_code(reference: Reference) -> None:
    groq: Provider = reference.providers["groq"]
    added = groq.model_copy(update={"id": "newcomer", "base_path": "/api/provider/newcomer"})
    wider = reference.model_copy(update={"providers": {**reference.providers, "newcomer": added}})
    plan = make_plan(from_url("http://proxy", wider, {}))
    assert "newcomer-chat.completions-stream" in names(plan, "routing.reaches-upstream")


def test_a_mount_moves_the_path_on_the_proxy_and_not_upstream(reference: Reference) -> None:
    target = from_url("http://proxy", reference, {})
    openai = next(p for p in target.providers if p.id == "openai").model_copy(update={"base_path": "/elsewhere"})
    row = Requirement.model_construct(id="x", for_each=("provider",))
    moved = replace(target, providers=(openai,))
    (case,) = expand(row, moved)
    assert isinstance(case, CallCase)
    assert (case.target, case.upstream_target) == ("/elsewhere/responses", "/v1/responses")


@pytest.mark.parametrize("axis", AXES)
def test_every_axis_gives_cells(reference: Reference, axis: str) -> None:
    user = next(row for row in reference.requirements.values() if axis in row.for_each)
    axes = user.for_each[: user.for_each.index(axis) + 1]
    row = Requirement.model_construct(id="x", for_each=axes)
    cases = expand(row, embedded_description(reference))
    assert cases
    assert {type(case) for case in cases} == {case_type(axes)}


def test_a_negative_case_rests_on_the_same_call(plan: Plan) -> None:
    for requirement, control in (
        ("headers.client-credential-replaced", "routing.reaches-upstream"),
        ("management.refuses-without-credential", "management.forwarded"),
        ("auth.wrong-refused", "auth.accepts-credential"),
    ):
        for task in plan.all[requirement]:
            if isinstance(task.case, ManagementCase) and not task.case.route.documented:
                continue  # no proxy has to forward it, so nothing about it is shown first
            found = twin(task.case, [other.case for other in plan.all[control]])
            assert found is not None
            assert found.method == task.case.method
            assert found.target == task.case.target or requirement.startswith("headers.")


@pytest.mark.parametrize(
    ("options", "picked"),
    [
        ({"profiles": ["auth"]}, {"auth."}),
        ({"select": ["fallback.*[openai*]"]}, {"fallback.local-stays-local", "fallback.mapping"}),
        ({"select": ["errors.*"], "skip": ["errors.upstream-*"]}, {"errors.own-shape", "errors.unknown-provider"}),
        ({"select": ["routing.warm-up[cerebras-tcp_warming]"]}, {"routing.warm-up"}),
    ],
)
def test_patterns_pick_cases(plan: Plan, options: dict[str, list[str]], picked: set[str]) -> None:
    chosen = narrow(plan, **options)
    assert chosen.selected
    for start in picked:
        assert any(task.id.startswith(start) for task in chosen.selected)
    assert len(chosen.selected) < len(plan.selected)


def test_brackets_are_brackets(plan: Plan) -> None:
    chosen = narrow(plan, select=["routing.reaches-upstream[groq*]"])
    assert {task.case.name for task in chosen.selected} == {
        "groq-chat.completions",
        "groq-chat.completions-stream",
        "groq-models.list",
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"profiles": ["rooting"]}, "did you mean `routing`?"),
        ({"select": ["routing.reach-upstream"]}, "did you mean `routing.reaches-upstream`?"),
        ({"select": ["routing.warm-up[cerebra]"]}, "did you mean `cerebras-tcp_warming`?"),
        ({"skip": ["nothing.at-all"]}, "--skip: `nothing.at-all` matches no case"),
        ({"select": ["routing.*", "[groq*]"]}, "`[groq*]` matches no case"),
    ],
)
def test_what_matches_nothing_is_refused(plan: Plan, options: dict[str, list[str]], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        narrow(plan, **options)
    assert words in str(caught.value)


def test_modes_of_further_editions_are_cases_too(reference: Reference, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    later = "amp-0.0.1777897475"
    file.write_text(f"name: x\nbase_url: http://p\neditions: [{later}]\n", encoding="utf-8")
    plan = make_plan(load(file, reference, {}))
    found = [task.case for task in plan.all["routing.agent-mode-endpoint"] if isinstance(task.case, ModeCase)]
    assert "smart" in {case.name for case in found}
    further = [case for case in found if case.name.startswith(f"{later}-")]
    assert further
    assert {case.name for case in further} <= {f"{later}-{mode}" for mode in edition(edition=later).agent_modes}
    file.write_text("name: x\nbase_url: http://p\neditions: [amp-0.0.17778974]\n", encoding="utf-8")
    with pytest.raises(UsageError, match=f"x.yaml:3:12: unknown edition .*; did you mean `{later}`"):
        load(file, reference, {})
