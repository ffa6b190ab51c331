"""What `ampmap explain` says of facts and fields, and that every known contradiction is a claim on its fact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ampmap_generator.cli import main
from ampmap_generator.load.pointer import all_paths, pointer_to
from ampmap_generator.load.spec import Spec, load
from ampmap_generator.query.explain import Explanation, State, as_text, explain
from ampmap_generator.query.lookup import UnknownPathError, find
from ampmap_tests_support.specs import WriteSpec
from click.testing import CliRunner

LATER = "amp-0.0.1767830505"


@pytest.fixture(scope="module")
def spec(repository_spec: Path) -> Spec:
    return load(repository_spec)[0]


def line_of(spec: Spec, explanation: Explanation) -> str:
    """The line of the file that the explanation points to."""
    where = explanation.location
    return spec.texts[where.file].split("\n")[where.line - 1][where.column - 1 :]


# path, state, value, what stands at the place, ids of the sources in order, number of claims
ROWS: list[tuple[str, State, object, str, list[str], int]] = [
    (
        "providers/groq/base_path",
        State.STATED,
        "/api/provider/groq",
        "/api/provider/groq  #",
        ["amp-routing-map", "cliproxyapi-amp", "amp-client-2026-11", "amp-routing-map"],
        1,
    ),
    (
        "providers/anthropic/sdk.arguments/apiKey",
        State.STATED,
        "{api_key}",
        '"{api_key}", baseURL',
        ["amp-routing-map"],
        0,
    ),
    ("providers/groq/warning", State.ABSENT, None, "display_name: Groq", [], 0),
    ("providers/moonshot/base_path", State.NONE, None, "null", ["amp-routing-map"], 0),
    ("providers/supernova/upstream", State.UNKNOWN, "unknown", "unknown", ["amp-routing-map"], 0),
    (
        "models/groq/openai/gpt-oss-120b/provider",
        State.GIVEN,
        "groq",
        "openai/gpt-oss-120b:",
        ["amp-routing-map"],
        0,
    ),
    (
        "settings/amp.url/default",
        State.STATED,
        "https://ampcode.com/",
        "https://ampcode.com/",
        ["cliproxyapi-source"],
        0,
    ),
    (
        "headers/proxied-requests/headers.amp-thread-id.value",
        State.STATED,
        "{thread_id}",
        '"{thread_id}"',
        ["amp-routing-map"],
        2,
    ),
    ("errors/groq/request_id_header", State.UNKNOWN, "unknown", "unknown", ["sdk-wire-2026-11"], 0),
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_field_is_explained(row: tuple[str, State, object, str, list[str], int], spec: Spec) -> None:
    path, state, value, text, sources, claims = row

    explanation = explain(spec, path, "an edition")

    assert (explanation.state, explanation.value) == (state, value)
    assert line_of(spec, explanation).startswith(text)
    assert [found.ref.id for found in explanation.sources] == sources
    assert len(explanation.claims) == claims


def test_what_has_sources_of_its_own_is_stated_by_them(write_spec: WriteSpec) -> None:
    header_set = """\
display_name: H
role: client-sends
applies_to: all
headers:
  - {name: A, value: a, sources: [{id: mine}]}
  - {name: B, value: b}
sources: [{id: general}, {id: special, states: [headers.B.value]}, {id: all-names, states: [headers.name]}]
"""
    spec, _ = load(write_spec({"headers/h.yaml": header_set}))

    cited = {
        path: [found.ref.id for found in explain(spec, f"headers/h/{path}", "").sources]
        for path in ("headers.A.value", "headers.B.value", "headers.1.name", "role", "headers")
    }

    assert cited == {
        "headers.A.value": ["mine"],
        "headers.B.value": ["special"],
        "headers.1.name": ["all-names"],
        "role": ["general"],
        "headers": ["special", "all-names"],
    }


def test_the_edition_s_own_file_states_what_differs_in_it(spec: Spec) -> None:
    before = explain(spec, "agent_modes/smart/model", "")
    after = explain(spec.of(LATER), "agent_modes/smart/model", LATER)
    kept = explain(spec.of(LATER), "providers/groq/base_path", LATER)

    assert (before.value, after.value) == ("claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101")
    assert before.location.file == "spec/agent_modes/smart.yaml"
    assert after.location.file == f"spec/editions/{LATER}/agent_modes/smart.yaml"
    assert kept.location.file == "spec/providers/groq.yaml"


def test_a_layer_s_file_states_what_it_lays_over(repository_spec: Path, tmp_path: Path) -> None:
    (tmp_path / "ours/providers").mkdir(parents=True)
    (tmp_path / "ours/providers/groq.yaml").write_text("base_path: /api/provider/groq/v9\n", encoding="utf-8")

    spec, _ = load(repository_spec, [tmp_path / "ours"])
    explanation = explain(spec, "providers/groq/base_path", "")

    assert str(explanation.location) == "ours/providers/groq.yaml:1:12"
    assert explanation.value == "/api/provider/groq/v9"


def test_every_fact_and_field_has_a_path(spec: Spec) -> None:
    """What entries and `all_paths` name, `find` finds at the same place."""
    for entry in spec.entries:
        assert find(spec, entry.path).entry is entry
        for name in all_paths(entry.data):
            found = find(spec, f"{entry.path}/{name}")
            assert found.entry is entry
            assert found.pointer == pointer_to(entry.data, name)


# a path that nothing has, the first suggestion
UNKNOWN = [
    ("providers/grok", "providers/groq"),
    ("providers/grok/base_path", "providers/groq/base_path"),
    ("provdiers/groq", "providers/groq"),
    ("models/gpt-5", "models/openai/gpt-5"),
    ("providers/groq/bas_path", "providers/groq/base_path"),
    ("providers/anthropic/sdk/argumets", "providers/anthropic/sdk.arguments"),
    ("platforms/rensei/options/efort/type", "platforms/rensei/options/effort/type"),
    ("providers", "providers/anthropic"),
    ("models/anthropic", "models/anthropic/claude-sonnet-4-20250514"),
    ("nonsense", ""),
    ("", ""),
]


@pytest.mark.parametrize(("path", "suggestion"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_an_unknown_path_is_refused_with_a_near_one(path: str, suggestion: str, spec: Spec) -> None:
    with pytest.raises(UnknownPathError) as caught:
        find(spec, path)

    assert next(iter(caught.value.suggestions), "") == suggestion


@pytest.mark.parametrize("path", ["spec/providers/groq.yaml", "/providers/groq", "providers/groq.yaml"])
def test_a_file_s_own_path_names_its_fact(path: str, spec: Spec) -> None:
    assert find(spec, path).entry.path == "providers/groq"


def test_the_command_prints_value_claims_sources_and_place() -> None:
    result = CliRunner().invoke(main, ["explain", "models/anthropic/claude-opus-4-1-20250805"])

    assert result.exit_code == 0
    for text in (
        "spec/models/anthropic.yaml:",
        "display_name",
        "rensei-anthropic    says claude-opus-4-1-20250514",
        "chosen   claude-opus-4-1-20250805",
        "because  20250514 is the release date",
        "https://rensei.ai/docs/model-routing/providers/anthropic",
        "at       Anthropic (Claude Models), Models",
    ):
        assert text in result.output


def test_the_command_s_json_has_all_that_the_text_has(spec: Spec) -> None:
    result = CliRunner().invoke(main, ["explain", "providers/groq/base_path", "--json"])
    value = json.loads(result.output)

    assert value["stated_at"] == {"file": "spec/providers/groq.yaml", "line": 5, "column": 12}
    assert value["claims"][0]["says"]["cliproxyapi-amp"] == "/api/provider/{provider}/v1"
    assert value["sources"][1]["source"]["title"].startswith("CLIProxyAPI")
    assert value["sources"][1]["evidence"] == "stated"
    text = as_text(explain(spec, "providers/groq/base_path", value["edition"]))
    assert all(str(claim["because"]) in text for claim in value["claims"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["providers/grok"], "providers/groq"),
        (["providers/groq", "--edition", "amp-1"], "unknown edition 'amp-1'"),
    ],
)
def test_the_command_refuses_what_it_does_not_know(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["explain", *arguments])

    assert result.exit_code == 4
    assert words in result.output


# --- contradictions


CONTRADICTIONS: dict[str, tuple[str, ...]] = {
    "1 the id of Opus 4.1": (
        "models/anthropic/claude-opus-4-1-20250805/id",
        "platforms/rensei/models/claude-opus-4-1/model_id",
    ),
    "2 prices in cents": ("platforms/rensei/models/claude-opus-4-1/pricing",),
    "3 retired models": ("platforms/rensei/rules/listed-models-served/statement",),
    "4 auth modes of amp": ("platforms/rensei/providers/amp/auth_modes",),
    "5 what amp is": ("platforms/rensei/providers/amp/description",),
    "6 model id of amp": ("platforms/rensei/models/amp-opus-4-1/model_id",),
    "7 name of the flag": ("platforms/rensei/commands/profile-create/flags",),
    "8 provider id in billing": ("platforms/rensei/auth_modes/metered/cost_pool",),
    "9 who creates entries": ("platforms/rensei/rules/catalog-who-may-create/values.who",),
    "10 immutable entries": ("platforms/rensei/rules/catalog-immutable/values.immutable",),
    "11 who enables metered": ("platforms/rensei/rules/entitlement-enabled-by/values.enabled_by",),
    "12 rensei setup": ("platforms/rensei/commands/setup/purpose",),
    "13 cache_control": ("platforms/rensei/rules/prompt-caching/values.cache_control",),
    "14 cacheControl setting": ("platforms/rensei/options/anthropic-cache-control/meaning",),
    "15 effort of Opus 4.1": ("platforms/rensei/options/effort/type",),
    "16 shared": ("platforms/rensei/rules/quota-shared-offered/values.providers",),
    "17 rule of selection": ("platforms/rensei/rules/selection-two-tiers/statement",),
    "18 routing selector": ("platforms/rensei/rules/routing-selector-default/values.enabled_by_default",),
    "19 context of gpt-5": ("platforms/rensei/models/codex-gpt-5/context_window",),
    "20 /v1 in paths": (
        "providers/anthropic/base_path",
        "providers/google/base_path",
        "providers/cerebras/base_path",
        "providers/groq/base_path",
        "platforms/cliproxyapi/rules/provider-routes-v1/statement",
    ),
    "client: credential of Anthropic calls": (
        "providers/anthropic/client_credentials",
        "headers/proxied-requests/headers.Authorization",
    ),
    "client: names of Amp's headers": (
        "headers/proxied-requests/headers.amp-application",
        "headers/proxied-requests/headers.amp-message-id",
        "headers/proxied-requests/headers.amp-thread-id",
    ),
    "client: workspace in headers": ("headers/proxied-requests/headers",),
    "client: x-grok-conv-id": ("headers/openrouter-requests/headers.x-grok-conv-id",),
    "client: route of Moonshot": (
        "providers/moonshot/via_proxy",
        "providers/moonshot/served_through",
        "models/moonshot/kimi-k2-instruct-0905/provider",
        "models/moonshot/kimi-k2-instruct-0905/wire_id",
    ),
    "client: default operation of OpenAI": ("providers/openai/default_operation",),
    "client: mode smart": ("agent_modes/smart/model",),
    "client: mode free": (
        "agent_modes/free/model",
        "models/google/gemini-2.5-flash-lite-preview-09-2025/default_for",
    ),
    "client: default of the oracle": ("tools/oracle/default_model",),
    "client: setting of the agent mode": ("settings/amp.experimental.agentMode/meaning",),
    "client: setting vertex": ("settings/amp.anthropic.provider/meaning",),
    "client: paths of no command-line client": (
        "management/api-user/purpose",
        "management/api-meta/purpose",
        "management/api-otel/purpose",
        "management/api-tab/purpose",
    ),
}
"""The contradictions of the Rensei pages by number, and where later clients differ from the base edition."""


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_each_known_contradiction_is_a_claim_on_its_fact(name: str, spec: Spec) -> None:
    for path in CONTRADICTIONS[name]:
        fact, _, field = path.rpartition("/")
        claims = [found.claim for found in explain(spec, path, "").claims if found.claim.field == field]

        assert claims, path
        assert len({json.dumps(value) for claim in claims for value in claim.says.values()}) > 1 or any(
            len(value) > 1 for claim in claims for value in claim.says.values() if isinstance(value, list | dict)
        ), f"the sources of {fact} agree"


def test_secondary_sources_are_told_apart_from_the_platform_s_own(spec: Spec) -> None:
    cited = {
        entry.path
        for entry in spec.entries
        for ref in entry.data.get("sources") or ()
        if ref["id"] == "public-secondary"
    }

    assert cited == {
        "models/anthropic/claude-3-5-sonnet-20241022",
        "models/anthropic/claude-opus-4-1-20250805",
        "models/anthropic/claude-opus-4-20250514",
        "models/anthropic/claude-sonnet-4-20250514",
        "platforms/rensei/models/claude-opus-4-1",
        "platforms/rensei/models/codex-gpt-5",
        "platforms/rensei/options/effort",
        "platforms/rensei/rules/listed-models-served",
    }


def test_an_earlier_id_of_a_requirement_leads_to_it() -> None:
    old, new = "security.no-weaker-door", "security.equal-auth-on-all-routes"

    done = CliRunner().invoke(main, ["explain", f"requirements/{old}/level"])

    assert (done.exit_code, done.stderr) == (0, f"notice: `{old}` is now `{new}`\n")
    assert done.stdout.startswith(f"requirements/{new}/level ")
