"""Where the calls of a target must arrive, by what its file says of providers, models, mappings and lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from ampmap_conformance.cases.axes import expand
from ampmap_conformance.cases.cases import CallCase, back_end_of
from ampmap_conformance.reference.types import Reference, Requirement
from ampmap_conformance.target.target import Target, load

CLAUDE, FLASH = "claude-sonnet-4-5-20250929", "gemini-2.5-flash"
WHERE = [
    ("an absent provider's calls", "providers: {google: amp}", ("provider",), {"google": "amp", "openai": "openai"}),
    (
        "a provider without models, where Amp has them",
        "claims: [upstream-fallback]\nmodels: {available: {google: []}}",
        ("provider",),
        {"google": "amp", "groq": "groq"},
    ),
    (
        "a model that a mapping leads to another provider",
        f"models: {{unavailable: [{FLASH}]}}\nmappings: [{{from: ^{FLASH}$, to: {CLAUDE}, regex: true}}]",
        ("provider", "model_route"),
        {"google-local": "google", "google-mapped": "anthropic"},
    ),
    (
        "a model that a mapping leads to a provider of Amp's",
        "providers: {google: amp}\nmappings: [{from: claude-opus-4-1-20250805, to: gemini-2.5-pro}]",
        ("provider", "model_route"),
        {"anthropic-local": "anthropic", "anthropic-elsewhere": "amp", "google-elsewhere": "amp"},
    ),
    (
        "lists",
        "lists-policy",
        ("provider_operation",),
        {"openai-models.list": "amp", "openai-models.get": "amp", "openai-responses": "openai"},
    ),
]


def target_of(folder: Path, reference: Reference, text: str) -> Target:
    file = folder / "staging.yaml"
    file.write_text(f"name: x\nbase_url: http://p\n{text}\n", encoding="utf-8")
    return load(file, reference, {})


@pytest.mark.parametrize(("text", "axes", "arrive"), [row[1:] for row in WHERE], ids=[row[0] for row in WHERE])
def test_a_call_is_expected_where_the_target_file_leads_it(
    tmp_path: Path, reference: Reference, text: str, axes: tuple[str, ...], arrive: dict[str, str]
) -> None:
    target = target_of(tmp_path, reference, text.replace("lists-policy", "policy: {lists: amp}"))
    cases = expand(Requirement.model_construct(id="x", for_each=axes), target)
    found = {case.name: back_end_of(case, target) for case in cases}
    assert {name: found.get(name) for name in arrive} == arrive


def test_nothing_is_invented_for_a_provider_without_models(tmp_path: Path, reference: Reference) -> None:
    row = Requirement.model_construct(id="x", for_each=("provider", "model_route"))
    for text in ("providers: {google: amp}", "claims: [upstream-fallback]\nmodels: {available: {google: []}}"):
        target = target_of(tmp_path, reference, text)
        google = [case for case in expand(row, target) if isinstance(case, CallCase) and case.provider.id == "google"]
        assert {case.name for case in google} == {"google-elsewhere"}
        assert all(case.model.startswith("gemini-") for case in google)
    target = target_of(tmp_path, reference, "models: {available: {google: []}}")
    assert "google" not in {provider.id for provider in target.providers}


def test_a_dialect_has_a_case_for_each_way_to_serve_it(tmp_path: Path, reference: Reference) -> None:
    row = Requirement.model_construct(id="x", for_each=("dialect",))

    def dialects(text: str) -> dict[str, str]:
        cases = expand(row, target_of(tmp_path, reference, text))
        return {case.name: case.provider.id for case in cases if isinstance(case, CallCase)}

    usual = dialects("")
    assert usual["openai-chat"] == "cerebras"
    assert dialects("providers: [anthropic, openai]")["openai-chat"] == "openai"
    assert dialects("providers: {cerebras: amp}")["openai-chat"] == "groq"
    translating = dialects(
        "providers: {openai: {body: {openai-chat: translated}, upstream_dialects: [openai-responses]}}"
    )
    assert translating == {**usual, "openai-chat-openai": "openai"}
