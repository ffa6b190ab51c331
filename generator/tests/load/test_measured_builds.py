"""What each edition says of its build, against the facts that were measured."""

from __future__ import annotations

import pytest
from ampmap_generator.vendored.names import UnknownNameError
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.routing import find_call, route

from .builds import BASE, FROM_B, LATER, A, B, C, E, Editions

# --- where models go: the routes that were seen on the wire, or read

CHAT = "chat/completions"
VERTEX = "google/v1beta1/publishers/google/models"
# editions, provider, model, path below /api/provider/, dialect, whether the client asks for a stream
ROUTES = [
    (LATER, "anthropic", "claude-haiku-4-5-20251001", "anthropic/v1/messages", "anthropic-messages", True),
    (LATER, "openai", "gpt-5-codex", "openai/v1/responses", "openai-responses", True),
    (LATER, "xai", "grok-code-fast-1", f"xai/v1/{CHAT}", "openai-chat", True),
    (LATER, "fireworks", "accounts/fireworks/models/glm-4p6", f"fireworks/v1/{CHAT}", "openai-chat", True),
    (LATER, "groq", "openai/gpt-oss-120b", f"groq/{CHAT}", "openai-chat", True),
    ((A,), "groq", "kimi-k2-instruct-0905", f"groq/{CHAT}", "openai-chat", True),
    (LATER, "cerebras", "zai-glm-4.7", f"cerebras/v1/{CHAT}", "openai-chat", False),
    (FROM_B, "baseten", "moonshotai/Kimi-K2.5", f"baseten/v1/{CHAT}", "openai-chat", True),
    (FROM_B, "kimi", "kimi-k2-instruct-0905", f"kimi/{CHAT}", "openai-chat", True),
    (LATER, "google", "gemini-3-flash-preview", f"{VERTEX}/gemini-3-flash-preview:generateContent", "gemini", True),
]


@pytest.mark.parametrize("row", ROUTES, ids=[f"{row[1]}-{row[2]}" for row in ROUTES])
def test_a_model_goes_where_the_client_was_seen_to_send_it(
    row: tuple[tuple[str, ...], str, str, str, str, bool], editions: Editions
) -> None:
    having, provider, model, path, dialect, streamed = row
    for name in having:
        found = route(f"{provider}/{model}", reference=editions[name])
        call = editions[name].providers[provider].client_call
        assert (found.provider, found.dialect, found.via_proxy) == (provider, dialect, True)
        assert found.url == f"https://ampcode.com/api/provider/{path}"
        assert call is not None
        assert call.streamed is streamed


@pytest.mark.parametrize("row", ROUTES, ids=[f"{row[1]}-{row[2]}" for row in ROUTES])
def test_a_route_is_in_no_other_edition(
    row: tuple[tuple[str, ...], str, str, str, str, bool], editions: Editions
) -> None:
    having, provider, model, *_ = row
    for name in set(LATER) - set(having):
        with pytest.raises(UnknownNameError):
            route(f"{provider}/{model}", reference=editions[name])


def test_chat_with_google_streams_by_its_own_path(editions: Editions) -> None:
    for name in LATER:
        google = editions[name].providers["google"]
        path = find_call(google, reference=editions[name]).path("gemini-3-pro-preview", stream=True)
        assert path == f"/api/provider/{VERTEX}/gemini-3-pro-preview:streamGenerateContent?alt=sse"


def test_providers_come_and_go(editions: Editions) -> None:
    providers = {name: set(reference.providers) for name, reference in editions.items()}

    assert providers[BASE] - providers[A] >= {"supernova", "moonshot"}
    assert providers[A] - providers[BASE] >= {"fireworks"}
    assert all(providers[name] - providers[A] >= {"baseten", "kimi"} for name in FROM_B)


# kind, editions that have them, ids; in no other edition from A on
PRESENT = [
    ("models", (), "anthropic/claude-3-5-haiku-20241022 anthropic/claude-3-5-sonnet-20241022 supernova/code-supernova"),
    ("models", (), "openai/gpt-4.1 openai/gpt-4.1-mini openai/gpt-4.1-nano openai/gpt-4o openai/gpt-4o-mini"),
    ("models", (), "openai/o3-deep-research openai/o4-mini-deep-research xai/grok-code cerebras/qwen-3-coder-480b"),
    ("models", LATER, "anthropic/claude-sonnet-4-20250514 anthropic/claude-sonnet-4-5-20250929"),
    ("models", LATER, "anthropic/claude-opus-4-20250514 anthropic/claude-opus-4-1-20250805"),
    ("models", LATER, "anthropic/claude-opus-4-5-20251101 anthropic/claude-haiku-4-5-20251001"),
    ("models", FROM_B, "anthropic/claude-opus-4-6 openai/gpt-5.2-codex google/gemini-3-pro-image-preview"),
    ("models", (C, E), "anthropic/claude-sonnet-4-6 openai/gpt-5.3-codex openai/gpt-5.4"),
    ("models", (C, E), "google/gemini-3.1-pro-preview"),
    ("models", (E,), "anthropic/claude-opus-4-7 openai/gpt-5.5 openai/gpt-5.4-pro openai/gpt-5.5-pro"),
    ("models", LATER, "openai/gpt-5 openai/gpt-5-codex openai/gpt-5-mini openai/gpt-5-nano openai/o3 openai/o3-mini"),
    ("models", LATER, "openai/gpt-5.1 openai/gpt-5.2 openai/gpt-5.1-codex"),
    ("models", (A,), "google/gemini-2.5-pro google/gemini-2.5-flash google/gemini-2.5-flash-preview-09-2025"),
    ("models", (A,), "google/gemini-2.5-flash-lite google/gemini-2.5-flash-lite-preview-09-2025"),
    ("models", LATER, "google/gemini-3-pro-preview google/gemini-3-flash-preview"),
    ("models", LATER, "xai/grok-code-fast-1 cerebras/zai-glm-4.7 groq/openai/gpt-oss-120b"),
    ("models", LATER, "fireworks/accounts/fireworks/models/qwen3-coder-480b-a35b-instruct"),
    ("models", LATER, "fireworks/accounts/fireworks/models/kimi-k2-instruct-0905"),
    ("models", LATER, "fireworks/accounts/fireworks/models/qwen3-235b-a22b-instruct-2507"),
    ("models", LATER, "fireworks/accounts/fireworks/models/glm-4p6"),
    ("models", (B,), "fireworks/accounts/fireworks/models/kimi-k2p5"),
    ("models", (C, E), "fireworks/accounts/fireworks/models/glm-5 fireworks/accounts/fireworks/models/minimax-m2p5"),
    ("models", FROM_B, "baseten/moonshotai/Kimi-K2.5"),
    ("models", LATER, "openrouter/sonoma-sky-alpha openrouter/z-ai/glm-4.6 openrouter/moonshotai/kimi-k2-0905"),
    ("models", LATER, "openrouter/qwen/qwen3-coder openrouter/qwen/qwen3-235b-a22b-2507"),
    ("agent_modes", LATER, "smart rush large"),
    ("agent_modes", FROM_B, "deep"),
    ("agent_modes", (B,), "bombadil"),
    ("agent_modes", (A, B, C), "free"),
    ("agent_modes", (), "fast geppetto-main pinocchio-main claudius-main opus4.1 bolt-main hydrogen-main kashmir-main"),
    ("agent_modes", (), "gossip-main sonomoon-main"),
    ("tools", LATER, "oracle title finder look-at read-thread task"),
    ("settings", LATER, "amp.url amp.anthropic.provider amp.internal.model amp.openrouter.apiKey"),
    ("settings", LATER, "amp.agent.skipTitleGenerationIfMessageContains amp.anthropic.interleavedThinking.enabled"),
    ("settings", (A, B, C), "amp.internal.oracleModel"),
    ("settings", (E,), "amp.anthropic.speed amp.openai.speed amp.reasoning.effort amp.painter.model"),
]


@pytest.mark.parametrize(("kind", "having", "ids"), PRESENT, ids=[f"{row[0]} {row[2]}" for row in PRESENT])
def test_what_each_build_was_seen_or_read_to_have(
    kind: str, having: tuple[str, ...], ids: str, editions: Editions
) -> None:
    for name in LATER:
        present = getattr(editions[name], kind)
        assert [each for each in ids.split() if (each in present) is not (name in having)] == []


def test_kimi_k2_moves_from_groq_to_a_route_of_its_own(editions: Editions) -> None:
    serving = {
        name: {model.provider for model in editions[name].models.values() if model.id == "kimi-k2-instruct-0905"}
        for name in LATER
    }

    assert serving == {A: {"groq"}, B: {"kimi"}, C: {"kimi"}, E: {"kimi"}}


# what, per edition A, B, C, E; None: it has none
LEADING = {
    "smart": ("claude-opus-4-5-20251101", "claude-opus-4-6", "claude-opus-4-6", "claude-opus-4-7"),
    "rush": ("claude-haiku-4-5-20251001",) * 4,
    "large": ("claude-sonnet-4-5-20250929",) * 2 + ("claude-opus-4-6",) * 2,
    "deep": (None, "gpt-5.2-codex", "gpt-5.3-codex", "gpt-5.4"),
    "free": ("claude-haiku-4-5-20251001",) * 3 + (None,),
    "bombadil": (None, "accounts/fireworks/models/kimi-k2p5", None, None),
}


@pytest.mark.parametrize("mode", LEADING)
def test_the_model_that_leads_a_mode(mode: str, editions: Editions) -> None:
    modes = [editions[name].agent_modes.get(mode) for name in LATER]

    assert tuple(each and each.model for each in modes) == LEADING[mode]
    for name in LATER:
        for model in editions[name].models.values():
            leads = mode in {m.id for m in editions[name].agent_modes.values() if m.model == model.id}
            assert (mode in model.default_for) is leads


TOOLS = {
    "oracle": ("gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4"),
    "title": ("claude-haiku-4-5-20251001",) * 4,
    "finder": ("gemini-3-flash-preview",) * 4,
    "look-at": ("gemini-3-flash-preview",) * 4,
    "read-thread": ("gemini-2.5-flash-lite-preview-09-2025", *("gemini-3-flash-preview",) * 3),
    "task": (None,) * 4,
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_model_that_a_tool_calls(tool: str, editions: Editions) -> None:
    assert tuple(editions[name].tools[tool].default_model for name in LATER) == TOOLS[tool]


# --- headers and credentials


def headers(reference: Reference, header_set: str) -> dict[str, tuple[str, ...]]:
    return {header.name: tuple(header.providers) for header in reference.headers[header_set].headers}


# header of proxied requests, editions
HEADERS = {
    "x-amp-feature": LATER,
    "x-amp-thread-id": LATER,
    "x-amp-message-id": LATER,
    "x-amp-mode": (A, B, C),
    "x-amp-client-request-id": (A,),
    "X-Amp-Client-Application": LATER,
    "X-Amp-Client-Type": LATER,
    "X-Amp-Client-Version": LATER,
    "X-Amp-Client-Bundle": (A, B),
    "X-Amp-Installation-ID": (C, E),
    "X-Amp-Device-Fingerprint": (C, E),
    "x-amp-override-provider": LATER,
    "x-grok-conv-id": LATER,
    "x-session-affinity": FROM_B,
    "amp-application": (),
    "amp-message-id": (),
    "amp-thread-id": (),
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_is_in_the_editions_that_send_it(header: str, editions: Editions) -> None:
    sending = tuple(name for name in LATER if header in headers(editions[name], "proxied-requests"))

    assert sending == HEADERS[header]


def test_headers_go_to_the_providers_that_were_seen_to_get_them(editions: Editions) -> None:
    for name in LATER:
        sent = headers(editions[name], "proxied-requests")
        assert "openai" not in sent["x-amp-message-id"]
        assert "cerebras" not in sent["x-amp-message-id"]
        assert "google" not in sent["X-Amp-Client-Application"]
        assert sent["x-grok-conv-id"] == ("xai",)
        assert sent["x-amp-override-provider"] == ("anthropic",)
        assert set(sent.get("x-session-affinity", ("fireworks", "baseten"))) == {"fireworks", "baseten"}


def test_management_calls_carry_the_client_headers_of_their_build(editions: Editions) -> None:
    client = {"Authorization", "X-Amp-Client-Application", "X-Amp-Client-Type", "X-Amp-Client-Version"}
    ids, bundle = {"X-Amp-Installation-ID", "X-Amp-Device-Fingerprint"}, {"X-Amp-Client-Bundle"}

    for name in LATER:
        sent = set(headers(editions[name], "management-requests"))
        assert sent & (client | ids | bundle) == client | (bundle if name in (A, B) else ids)


def test_the_default_beta_of_anthropic_calls_ends(editions: Editions) -> None:
    values = []
    for name in LATER:
        (beta,) = (h for h in editions[name].headers["anthropic-requests"].headers if h.name == "anthropic-beta")
        values.append(beta.value)

    assert values == ["fine-grained-tool-streaming-2025-05-14"] * 2 + [None] * 2


def test_anthropic_takes_the_key_in_one_carrier_and_google_holds_a_placeholder(editions: Editions) -> None:
    for name in LATER:
        reference = editions[name]
        assert reference.providers["anthropic"].client_credentials == ("x-api-key",)
        assert reference.providers["google"].placeholder_credentials == ("x-goog-api-key",)
        bearer = headers(reference, "client-credentials")["Authorization"]
        takes_bearer = {p.id for p in reference.providers.values() if "authorization-bearer" in p.client_credentials}
        assert {"google", "openai", "xai"} <= set(bearer) <= takes_bearer


# --- management and settings

EVERY = ("getUserInfo", "uploadThread", "webSearch2", "extractWebPageContent", "github-auth-status")
CALLS = {
    A: {*EVERY, "getCreditsByRequestId"},
    B: {*EVERY, "getUserFreeTierStatus"},
    C: {*EVERY, "getUserFreeTierStatus", "setThreadMeta"},
    E: {*EVERY, "getUserFreeTierStatus", "getThread", "loadPlugins"},
}
ANY = "any"
ANSWERS = {
    (A, "getUserInfo"): ANY,
    (A, "getCreditsByRequestId"): ANY,
    (A, "uploadThread"): {"ok": True, "result": {}},
    (B, "getUserInfo"): {"ok": True, "result": {"id": "u", "email": "u@example.invalid", "features": []}},
    (B, "getUserFreeTierStatus"): {"ok": True, "result": {}},
    (C, "getUserFreeTierStatus"): ANY,
    (C, "setThreadMeta"): ANY,
    (E, "uploadThread"): {"ok": True, "result": {}},
    (E, "getThread"): {"ok": False, "error": {"code": "thread-not-found"}},
    (E, "loadPlugins"): {"ok": True, "result": []},
}


def test_the_management_calls_of_a_turn_and_their_smallest_answers(editions: Editions) -> None:
    calls = {name: editions[name].management["api-internal"].calls for name in LATER}

    assert {name: CALLS[name] - set(each) for name, each in calls.items()} == {name: set() for name in LATER}
    for (name, method), answer in ANSWERS.items():
        call = calls[name][method]
        assert "answer" in call.model_fields_set
        assert call.answer == (None if answer == ANY else answer)
        assert call.path == f"/api/internal?{method}"


def test_the_oracles_model_is_set_elsewhere_in_the_last_edition(editions: Editions) -> None:
    settings = [editions[name].tools["oracle"].setting for name in LATER]
    taken = editions[E].settings["amp.internal.model"].lifecycle

    assert settings == ["amp.internal.oracleModel"] * 3 + ["amp.internal.model"]
    assert taken is not None
    assert taken.replaces == ("amp.internal.oracleModel",)


# --- evidence


def test_no_fact_of_a_later_build_rests_on_the_document_of_the_base_alone(editions: Editions) -> None:
    """The map that the base was read from tells nothing of a later build: what only it states does not go on."""
    of_base = editions[BASE].edition.sources[0].id
    untold = [
        f"{name} {kind}/{key}"
        for name, reference in editions.items()
        if name != BASE
        for kind in ("providers", "models", "agent_modes", "tools")
        for key, fact in getattr(reference, kind).items()
        if {ref.id for ref in fact.sources} <= {of_base}
    ]

    assert untold == []


def test_a_measurement_tells_how_it_knows(editions: Editions) -> None:
    """A fact of a later build that cites a measurement says whether it was seen, read or inferred."""
    untold = [
        f"{name} {kind}/{key}"
        for name, reference in editions.items()
        if name != BASE
        for kind in ("providers", "models", "agent_modes", "tools")
        for key, fact in getattr(reference, kind).items()
        for ref in fact.sources
        if reference.sources[ref.id].kind == "measurement" and ref.evidence == "stated"
    ]

    assert untold == []


def test_no_claim_of_a_later_edition_asks_what_the_routing_maps_build_did(editions: Editions) -> None:
    open_claims = [
        f"{name} {provider.id}.{claim.field}"
        for name in LATER
        for provider in editions[name].providers.values()
        for claim in provider.claims
        if claim.status == "open"
    ]

    assert open_claims == []
