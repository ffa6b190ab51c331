"""Where models and modes go, as `ampmap route` and the vendored module tell it."""

from __future__ import annotations

import json

import pytest
from ampmap_generator.cli import main
from ampmap_generator.query.lifecycle import ending_note
from ampmap_generator.vendored.base import Lifecycle
from ampmap_generator.vendored.names import UnknownNameError
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.routing import resolve_url, route
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

# The routing map's own tables: query -> full URL, id on the wire.
ROUTES = [
    ("gpt-5-codex", "https://ampcode.com/api/provider/openai/v1/responses", "gpt-5-codex"),
    ("smart", "https://ampcode.com/api/provider/anthropic/v1/messages", "claude-sonnet-4-5-20250929"),
    ("fast", "https://ampcode.com/api/provider/xai/v1/chat/completions", "grok-code-fast-1"),
    ("free", "https://ampcode.com/api/provider/xai/v1/chat/completions", "grok-code"),
    ("bolt:main", "https://ampcode.com/api/provider/cerebras/v1/chat/completions", "qwen-3-coder-480b"),
    ("gossip-main", "https://ampcode.com/api/provider/groq/chat/completions", "openai/gpt-oss-120b"),
    ("hydrogen:main", "https://ampcode.com/api/provider/supernova/v1/chat/completions", "code-supernova"),
    (
        "gemini-2.5-pro",
        "https://ampcode.com/api/provider/google/v1beta1/publishers/google/models/gemini-2.5-pro:generateContent",
        "gemini-2.5-pro",
    ),
    (
        "kimi-k2-instruct-0905",
        "https://openrouter.ai/api/v1/chat/completions",
        "moonshotai/kimi-k2-instruct-0905",
    ),
    ("sonoma-sky-alpha", "https://openrouter.ai/api/v1/chat/completions", "openrouter/sonoma-sky-alpha"),
]


@pytest.mark.parametrize(("query", "url", "wire_model"), ROUTES, ids=[row[0] for row in ROUTES])
def test_goes_where_the_routing_map_says(reference: Reference, query: str, url: str, wire_model: str) -> None:
    found = route(query, reference=reference)

    assert (found.url, found.wire_model) == (url, wire_model)


def test_a_stream_is_found_by_its_alias_or_asked_for(reference: Reference) -> None:
    by_alias = route("gemini-2.5-flash", reference=reference, operation="streamGenerateContent")
    by_wish = route("gemini-2.5-flash", reference=reference, stream=True)

    assert by_alias.url.endswith("/models/gemini-2.5-flash:streamGenerateContent?alt=sse")
    assert by_wish == by_alias


def test_an_operation_without_a_stream_says_so(reference: Reference) -> None:
    with pytest.raises(ValueError, match=r"messages\.count_tokens of anthropic has no stream"):
        route("smart", reference=reference, operation="messages.count_tokens", stream=True)


def test_a_bypassing_model_names_what_must_be_set(reference: Reference) -> None:
    found = route("kashmir:main", reference=reference, amp_url="https://proxy.example.com")

    assert not found.via_proxy
    assert found.requires == ("amp.openrouter.apiKey", "OPENROUTER_API_KEY")
    assert "proxy.example.com" not in found.url


@pytest.mark.parametrize(
    ("amp_url", "expected"),
    [
        ("https://ampcode.com", "https://ampcode.com/api/x"),
        ("http://127.0.0.1:8317/prefix/", "http://127.0.0.1:8317/api/x"),
        ("https://proxy.example.com/amp?x=1#f", "https://proxy.example.com/api/x"),
        ("HTTPS://Proxy.Example.com:443/", "https://proxy.example.com/api/x"),
        ("http://[::1]:8080", "http://[::1]:8080/api/x"),
        ("http://user:secret@host", "http://user:secret@host/api/x"),
    ],
)
def test_an_absolute_path_replaces_any_path_of_amp_url(amp_url: str, expected: str) -> None:
    assert resolve_url("/api/x", amp_url) == expected


@given(st.text(max_size=40))
def test_amp_url_is_resolved_or_refused(amp_url: str) -> None:
    try:
        resolved = resolve_url("/api/x", amp_url)
    except ValueError:
        return
    assert resolved.startswith(("http://", "https://"))
    assert resolved.endswith("/api/x")


def test_an_unknown_name_suggests_near_ones(reference: Reference) -> None:
    with pytest.raises(UnknownNameError) as raised:
        route("gpt-5-codx", reference=reference)

    assert "gpt-5-codex" in raised.value.suggestions


def test_every_mode_and_model_has_a_route(reference: Reference) -> None:
    for mode in reference.agent_modes.values():
        found = route(mode.name, reference=reference)
        assert mode.endpoint in found.url
    for model in reference.models.values():
        assert route(f"{model.provider}/{model.id}", reference=reference).provider == model.provider


def test_the_command_prints_the_documented_json() -> None:
    result = CliRunner().invoke(main, ["route", "smart", "--json", "--amp-url", "https://proxy.example.com/x"])

    found = json.loads(result.stdout)
    assert found["url"] == "https://proxy.example.com/api/provider/anthropic/v1/messages"
    assert list(found) == [
        *("query", "kind", "provider", "model", "wire_model", "operation", "dialect", "method", "url", "base_url"),
        *("via_proxy", "credential_headers", "requires", "sdk", "edition", "limits", "timeline"),
    ]
    assert found["timeline"][0]["route"]["edition"] == found["edition"]


def test_the_command_says_on_stderr_that_a_model_is_retired(reference: Reference) -> None:
    gone = [model for model in reference.models.values() if model.lifecycle and model.lifecycle.status == "retired"]
    assert gone
    for model in gone:
        result = CliRunner().invoke(main, ["route", f"{model.provider}/{model.id}", "--json"])
        assert json.loads(result.stdout)["model"] == model.id
        assert model.lifecycle
        assert result.stderr.startswith(f"note: {model.id} is retired since {model.lifecycle.since}: ")
    assert not CliRunner().invoke(main, ["route", "smart"]).stderr


@pytest.mark.parametrize(
    ("lifecycle", "said"),
    [
        (None, None),
        (Lifecycle(), None),
        (Lifecycle(status="deprecated", successor="new"), "old is deprecated: use new"),
        (Lifecycle(status="retired", since="2026-01-02"), "old is retired since 2026-01-02: nothing takes its place"),
    ],
)
def test_a_note_says_what_takes_the_place(lifecycle: Lifecycle | None, said: str | None) -> None:
    assert ending_note("old", lifecycle) == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["route", "smrt"], "did you mean smart"),
        (["route", "smart", "--operation", "nope"], "it has messages"),
        (["route", "smart", "--amp-url", "proxy.example.com"], "absolute http or https URL"),
        (["route", "smart", "--edition", "amp-9"], "known editions: amp-0.0.1760587291"),
    ],
)
def test_bad_input_is_one_clear_message(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 4
    assert said in result.output
    assert "Traceback" not in result.output
