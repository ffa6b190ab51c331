"""`target init` with an observer: what is written down is what arrived there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.dialects.bodies import dump, request_body
from ampmap_conformance.dialects.upstream_calls import UpstreamCalls
from ampmap_conformance.observer import Observer
from ampmap_conformance.reference.types import Reference, find_call
from ampmap_conformance.refproxy import ReferenceProxy, config_for_observer
from ampmap_conformance.refproxy.embedded import embedded
from ampmap_conformance.target import target as targets
from ampmap_conformance.target.discover import discovered
from ampmap_conformance.target.sightings import Sighting, told_by
from ampmap_conformance.target.starter import target_file
from ampmap_conformance.target.target import Secret, Target
from ampmap_conformance.target.watching import watched
from ampmap_conformance.wire.messages import Headers, UpstreamRequest

Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "canary-of-the-watching-canary"


@pytest.fixture
def observer(reference: Reference) -> Iterator[Observer]:
    with Observer(reference) as running:
        yield running


def found_out(variant: str | None, reference: Reference, folder: Path) -> tuple[Target, Target, str]:
    """What a proxy says of itself in its target file, what `target init` writes of it, and the text of that."""
    with embedded(reference, variant=variant) as running:
        own = running.target
        assert own.client is not None
        told = discovered(own.file.base_url, reference, own.client)
        served = [reference.providers[name] for name in told.providers or ()]
        seen = watched(own.file.base_url, reference, own.client.value, running.observer, served)
        text = target_file(own.file.base_url, reference, told, seen)
    file = folder / "staging.yaml"
    file.write_text(text, encoding="utf-8")
    return own, targets.load(file, reference, {"AMPMAP_CLIENT_KEY": KEY}), text


VARIANTS = (
    None,
    "some-providers-at-amp",
    "few-providers",
    "requests-written-anew",
    "one-dialect-written-anew",
    "lists-by-amp",
    "models-choose-providers",
    "mapping-to-another-provider",
    "pages-redirected",
    "clients-have-amp-keys",
)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_a_proxy_does_is_written_as_it_says_of_itself(
    variant: str | None, reference: Reference, tmp_path: Path
) -> None:
    own, found, text = found_out(variant, reference, tmp_path)

    def about(target: Target) -> Mapping[str, Any]:
        known = {provider.id: provider for provider in target.providers}
        return {
            name: (
                target.served_by(provider),
                target.lists_of(provider),
                {dialect: target.body_of(provider, dialect) for dialect in provider.operations if dialect != WARM},
            )
            for name, provider in known.items()
        }

    assert about(found) == about(own)
    for key in ("routing", "amp_headers", "client_key"):
        assert getattr(found.policy, key) == getattr(own.policy, key)
    for route in reference.management.values():
        assert found.pages_of(route) == own.pages_of(route)
    for model in reference.models.values():
        if model.provider in {provider.id for provider in own.providers}:
            provider = reference.providers[model.provider]
            assert found.back_end_of(provider, model.id) == own.back_end_of(provider, model.id), model.id
            assert found.mapped(model.id) == own.mapped(model.id)
    assert "seen at the observer" in text


WARM = "cerebras-warm-up"


def test_a_call_in_another_dialect_is_told_from_json_written_anew(reference: Reference) -> None:
    google, known = reference.providers["google"], UpstreamCalls(reference)
    call = find_call(google, "generateContent", reference=reference)
    chat = find_call(reference.providers["openai"], "chat.completions", reference=reference)
    sent = request_body(call, "gemini-2.5-pro", "Say hi.", stream=False)
    own = "/v1beta1/publishers/google/models/gemini-2.5-pro:generateContent"
    translated = request_body(chat, "gpt-5", "Say hi.", stream=False)
    rows = [
        ("google", own, sent, ("verbatim", set())),
        ("google", own, sent.replace(b":", b": "), ("rewritten", set())),
        ("openai", "/v1/chat/completions", translated, ("translated", {"openai-chat"})),
        ("google", "/v7/odd", dump({"contents": [], "model": "x"}), ("translated", set())),
    ]
    for persona, path, body, (policy, dialects) in rows:
        arrived = UpstreamRequest(persona, "POST", path, Headers(), body, b"", 1, 0.0)
        seen = told_by([Sighting(call=call, model="gemini-2.5-pro", body=sent, arrived=arrived)], known, KEY)
        found = seen.bodies["google", "gemini"]
        assert (found.policy, set(found.dialects)) == (policy, dialects)


def test_nothing_more_is_sent_where_a_call_does_not_reach_the_observer(
    observer: Observer, reference: Reference, tmp_path: Path
) -> None:
    with Observer(reference) as paid, ReferenceProxy(config_for_observer(reference, paid.persona_url, [KEY])) as proxy:
        served = tuple(provider for provider in reference.providers.values() if provider.via_proxy)
        seen = watched(proxy.url, reference, KEY, observer, served)
        charged = [request for request in paid.all_requests() if request.method == "POST"]
        told = discovered(proxy.url, reference, Secret(KEY, "$AMPMAP_CLIENT_KEY"))
    text = target_file(proxy.url, reference, told, seen)
    assert (len(charged), seen.sent, seen.lost) == (1, 1, "POST /api/provider/anthropic/v1/messages")
    assert "so that it may have been charged for" in text
    assert "free of charge" not in text
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    targets.load(tmp_path / "x.yaml", reference, {"AMPMAP_CLIENT_KEY": KEY})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--observer", "http://127.0.0.1:9"], "--observer requires --from-url"),
        (["--from-url", "http://p", "--token-env", "T"], "--token-env requires --observer"),
        (
            ["--from-url", "http://p", "--observer", "http://o", "--control", "http://c"],
            "--control requires --token-env",
        ),
    ],
)
def test_options_of_the_observer_belong_together(command: Command, options: list[str], words: str) -> None:
    done = command("target", "init", *options)
    assert (done.returncode, words in done.stderr) == (4, True)


def test_the_command_watches_at_an_observer_that_runs_elsewhere(
    command: Command, reference: Reference, tmp_path: Path
) -> None:
    token = "token-of-the-watching-token"
    with Observer(reference, token=token) as observer:
        config = config_for_observer(reference, observer.persona_url, [KEY])
        with ReferenceProxy(replace(config, unavailable=frozenset({"gpt-5"}))) as proxy:
            words = ("target", "init", "--from-url", proxy.url, "--observer", observer.url, "--token-env", "TOKEN")
            done = command(*words, "--out", "staging.yaml", env={"AMPMAP_CLIENT_KEY": KEY, "TOKEN": token})
        assert done.returncode == 0, done.stderr
        assert {KEY, token}.isdisjoint((tmp_path / "staging.yaml").read_text(encoding="utf-8").split())
        target = targets.load(tmp_path / "staging.yaml", reference, {"AMPMAP_CLIENT_KEY": KEY, "TOKEN": token})
        assert target.file.observer is not None
        assert target.file.observer.advertise == observer.url
    assert target.file.models.unavailable == ("gpt-5",)
    assert target.file.policy.body == "verbatim"
