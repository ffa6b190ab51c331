"""`target init`: the file that a target begins with, found out by asking it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, get_args

import pytest
from ampmap_conformance.observer import Observer
from ampmap_conformance.reference.types import Reference, Shape
from ampmap_conformance.refproxy import ProxyConfig, ReferenceProxy, config_for_observer
from ampmap_conformance.target import target as targets
from ampmap_conformance.target.discover import discovered
from ampmap_conformance.target.file import ClaimName, TargetFile
from ampmap_conformance.target.starter import target_file
from ampmap_conformance.target.target import Secret
from ampmap_tests_support.places import GUIDES

Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "canary-of-the-discovery-canary"


@pytest.fixture
def observer(reference: Reference) -> Iterator[Observer]:
    with Observer(reference) as running:
        yield running


@pytest.fixture
def config(observer: Observer, reference: Reference) -> ProxyConfig:
    return config_for_observer(reference, observer.persona_url, [KEY])


def test_a_target_file_is_found_out_at_no_cost(
    config: ProxyConfig, observer: Observer, reference: Reference, tmp_path: Path
) -> None:
    groq_alone = {"groq": reference.providers["groq"]}
    narrow = replace(config, reference=reference.model_copy(update={"providers": groq_alone}))
    with ReferenceProxy(narrow) as proxy:
        found = discovered(proxy.url, reference, Secret(KEY, "$AMPMAP_CLIENT_KEY"))
        text = target_file(proxy.url, reference, found)
    assert found.providers == ("groq",)
    assert "openai" in found.absent
    assert (found.needs_key, found.key_accepted, found.management) == (True, True, True)
    assert KEY not in text
    file = tmp_path / "staging.yaml"
    file.write_text(text, encoding="utf-8")
    target = targets.load(file, reference, {"AMPMAP_CLIENT_KEY": KEY})
    assert [provider.id for provider in target.providers] == ["groq"]
    assert target.claims("management")
    paid = [seen for seen in observer.all_requests() if seen.method == "POST" and seen.body != b"{"]
    assert paid == []


def test_without_a_key_it_says_only_what_is_sure(config: ProxyConfig, reference: Reference) -> None:
    with ReferenceProxy(config) as proxy:
        found = discovered(proxy.url, reference, None)
        wrong = discovered(proxy.url, reference, Secret("a-wrong-key", "$AMPMAP_CLIENT_KEY"))
    assert (found.providers, found.needs_key, found.key_accepted) == (None, True, None)
    assert (wrong.providers, wrong.key_accepted) == (None, False)
    assert "rejects the key in" in target_file(proxy.url, reference, wrong)


def test_the_file_names_everything_that_can_be_said(reference: Reference, tmp_path: Path) -> None:
    text = target_file("https://proxy.example.com", reference)
    missing = [name for name in named_keys(TargetFile) if f"{name}:" not in text]
    assert missing == []
    optional = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and ": " in line]
    assert len(optional) > 10
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    assert targets.load(file, reference, {"AMPMAP_CLIENT_KEY": KEY}).file.base_url == "https://proxy.example.com"


def test_the_guide_explains_everything_that_can_be_said() -> None:
    guide = (GUIDES / "target-file.md").read_text(encoding="utf-8")
    explained = {word for cell in re.findall(r"`([\w.]+)`", guide) for word in cell.split(".")}
    explained |= set(re.findall(r"^(\w+):", guide, re.MULTILINE))
    assert set(named_keys(TargetFile)) - explained == set()
    assert set(get_args(ClaimName)) <= set(re.findall(r"`([\w-]+)`", guide))


def named_keys(model: type[Shape]) -> Iterator[str]:
    """Every key that a target file can have, at any depth."""
    for name, info in model.model_fields.items():
        yield info.alias or name
        for kind in shapes(info.annotation):
            yield from named_keys(kind)


def shapes(annotation: object) -> Iterator[type[Shape]]:
    """Every shape that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        yield annotation
    for part in get_args(annotation):
        yield from shapes(part)


def test_target_init_writes_a_file_once(command: Command, always: Callable[[int], str]) -> None:
    done = command("target", "init", "--from-url", always(400), "--out", "staging.yaml")
    assert done.returncode == 0
    checked = command("target", "check", "staging.yaml", env={"AMPMAP_CLIENT_KEY": KEY})
    assert checked.returncode == 0
    again = command("target", "init", "--out", "staging.yaml")
    assert (again.returncode, "already exists" in again.stderr) == (4, True)
    for url, code, words in (
        ("http://127.0.0.1:9", 6, "is unreachable: the connection was refused."),
        (always(200), 6, "has no Amp surface: every provider route answers 200 with an empty body. Nothing is"),
        (always(404), 6, "has no Amp surface: every provider route answers 404. Nothing is written"),
        (
            always(502),
            6,
            "has no upstream: every route answers 502. Nothing is written: start `ampmap-conformance observe",
        ),
        ("nonsense", 4, "--from-url: `nonsense` is invalid; expected an absolute http or https URL"),
    ):
        done = command("target", "init", "--from-url", url)
        assert (done.returncode, words in done.stderr, done.stdout) == (code, True, "")
    told = command("target", "init", "--from-url", always(400)).stderr
    assert "calls without a key are answered 400, which does not tell whether a key is needed" in told
    assert (
        told.index("providers   ok") < told.index("point the upstreams to http://") < told.index("proxy_pass http://")
    )
