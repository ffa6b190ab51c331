"""What a user may write for a model, an agent mode, a tool, a provider or an edition."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, ValuesView

import pytest
from ampmap_generator.vendored.catalogue import Model
from ampmap_generator.vendored.editions import KnownEdition, edition_meant
from ampmap_generator.vendored.name_index import folded
from ampmap_generator.vendored.names import AmbiguousNameError, UnknownNameError, named
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.routing import route
from hypothesis import given
from hypothesis import strategies as st

OLDEST, SECOND, THIRD, LAST = "amp-0.0.1760587291", "amp-0.0.1767830505", "amp-0.0.1770734955", "amp-0.0.1777897475"


@pytest.mark.parametrize(
    ("edition", "name", "kind", "provider", "model"),
    [
        (OLDEST, "Claude Sonnet 4.5", "model", "anthropic", "claude-sonnet-4-5-20250929"),
        (OLDEST, "claude-sonnet-4-5", "model", "anthropic", "claude-sonnet-4-5-20250929"),
        (OLDEST, "claude-opus-4", "model", "anthropic", "claude-opus-4-20250514"),
        (OLDEST, "CLAUDE-OPUS-4-1-20250805", "model", "anthropic", "claude-opus-4-1-20250805"),
        (OLDEST, "kimi-k2", "model", "moonshot", "kimi-k2-instruct-0905"),
        (OLDEST, "xai:grok-code", "model", "xai", "grok-code"),
        (OLDEST, "Smart", "agent_mode", "anthropic", "claude-sonnet-4-5-20250929"),
        (OLDEST, "bolt:main", "agent_mode", "cerebras", "qwen-3-coder-480b"),
        (OLDEST, "oracle", "tool", "openai", "gpt-5"),
        (OLDEST, "groq", "provider", "groq", ""),
        (OLDEST, "amp.anthropic.provider: vertex", "provider", "anthropic", ""),
        (OLDEST, "amp.anthropic.provider=vertex", "provider", "anthropic", ""),
        (SECOND, "kimi-k2", "model", "groq", "kimi-k2-instruct-0905"),
        (SECOND, "moonshotai:kimi-k2", "model", "groq", "kimi-k2-instruct-0905"),
        (SECOND, "look_at", "tool", "google", "gemini-3-flash-preview"),
        (SECOND, "task", "tool", "anthropic", ""),
        (LAST, "kimi-k2", "model", "kimi", "kimi-k2-instruct-0905"),
        (LAST, "moonshotai:kimi-k2", "model", "kimi", "kimi-k2-instruct-0905"),
        (LAST, "vertexai:Gemini 3 Flash", "model", "google", "gemini-3-flash-preview"),
        (LAST, "openai:not-in-the-catalogue", "model", "openai", "not-in-the-catalogue"),
    ],
)
def test_a_name_is_understood(
    editions: Mapping[str, Reference], edition: str, name: str, kind: str, provider: str, model: str
) -> None:
    found = route(name, reference=editions[edition])

    assert (found.kind, found.provider, found.model) == (kind, provider, model)


@pytest.mark.parametrize(
    ("edition", "name"),
    [
        (OLDEST, "gpt-6"),  # a number is a version, not the date of a release
        (OLDEST, "claude-opus"),
        (OLDEST, "amp.anthropic.provider: other"),
        (OLDEST, "amp.url: https://x.example"),
        (OLDEST, "nobody:grok-code"),
        (OLDEST, ""),
        (OLDEST, "::"),
        (LAST, "bolt:main"),
    ],
)
def test_a_name_that_means_nothing_is_refused(editions: Mapping[str, Reference], edition: str, name: str) -> None:
    with pytest.raises(UnknownNameError):
        route(name, reference=editions[edition])


def test_a_model_that_several_providers_serve_must_be_told_with_its_provider(editions: Mapping[str, Reference]) -> None:
    with pytest.raises(AmbiguousNameError, match="write one of") as raised:
        route("Kimi K2.5", reference=editions[THIRD])

    assert len(raised.value.suggestions) == 2
    for key in raised.value.suggestions:
        assert route(key, reference=editions[THIRD]).provider == key.partition("/")[0]
    assert route("Kimi K2.5", reference=editions[THIRD], provider="baseten").wire_model == "moonshotai/Kimi-K2.5"


def test_a_provider_takes_any_model(reference: Reference) -> None:
    found = route("my/own model", reference=reference, provider="Google Vertex AI", stream=True)

    assert found.url.endswith("/models/my%2Fown%20model:streamGenerateContent?alt=sse")
    assert (found.kind, found.model, found.wire_model) == ("model", "my/own model", "my/own model")


def test_the_path_of_a_provider_keeps_room_for_its_model(reference: Reference) -> None:
    assert route("google", reference=reference).url.endswith("/models/{model}:generateContent")


def test_every_exact_name_keeps_its_meaning(editions: Mapping[str, Reference]) -> None:
    for reference in editions.values():
        for key, model in reference.models.items():
            assert named(reference, key).model == model
        for mode in reference.agent_modes.values():
            assert named(reference, mode.name).mode == named(reference, mode.id).mode == mode


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_by_name(reference: Reference, text: str) -> None:
    try:
        found = named(reference, text)
    except UnknownNameError:
        return
    assert found.provider in reference.providers


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


KNOWN = [
    KnownEdition("amp-1", "2025-10-16", proxied=True),
    KnownEdition("amp-2", "2026-05-04", proxied=True),
    KnownEdition("amp-3", "2026-09-23", proxied=False),
]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("amp-1", "amp-1"),
        ("newest", "amp-3"),
        ("newest-proxied", "amp-2"),
        ("2026-05-04", "amp-2"),
        ("2026-05-03", "amp-1"),
        ("2026-05", "amp-2"),
        ("2030-01", "amp-3"),
        ("2025-01-01", None),
        ("all", None),
        ("amp", None),
        ("2026", None),
    ],
)
def test_an_edition_is_named_by_id_age_or_day(name: str, meant: str | None) -> None:
    assert edition_meant(name, KNOWN) == meant


class Searched(dict[str, Model]):
    """Models that count how often somebody goes through all of them."""

    times = 0

    def values(self) -> ValuesView[Model]:
        self.times += 1
        return super().values()


def test_names_are_found_without_a_search_for_each(reference: Reference) -> None:
    models = Searched(reference.models)
    counting = reference.model_copy(update={"models": models})

    for key, model in models.items():
        assert route(key, reference=counting).model == model.id
        assert named(counting, model.display_name, model.provider).model is not None
        with pytest.raises(UnknownNameError):
            route(f"no-{key}", reference=counting)

    assert models.times == 1


def test_a_copy_with_other_models_knows_their_names(reference: Reference) -> None:
    key, model = next(iter(reference.models.items()))
    assert named(reference, key).model == model

    with pytest.raises(UnknownNameError, match="did you mean"):
        named(reference.model_copy(update={"models": {k: m for k, m in reference.models.items() if k != key}}), key)
    assert pickle.loads(pickle.dumps(reference)) == reference  # noqa: S301 - what compares sees no index
