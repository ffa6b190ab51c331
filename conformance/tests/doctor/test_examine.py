"""`doctor`: what it says of proxies that have one thing wrong, each with its remedy."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.doctor import judge
from ampmap_conformance.doctor.examine import Patient, examined
from ampmap_conformance.doctor.findings import Examination, Finding, State, Topic
from ampmap_conformance.doctor.pointing import pointing_lines
from ampmap_conformance.errors import Failure
from ampmap_conformance.observer import Observer
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy import ProxyConfig, ReferenceProxy, config_for_observer
from ampmap_conformance.refproxy.defects import behaviour_with
from ampmap_conformance.target import target as targets
from ampmap_conformance.target.discover import Answered, Discovery

Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
KEY, TOKEN = "canary-of-the-doctor-canary", "canary-token-of-the-doctor"
ENVIRONMENT = {"CLIENT_KEY": KEY, "OBSERVER_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def observer(reference: Reference) -> Iterator[Observer]:
    with Observer(reference, token=TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def config(observer: Observer, reference: Reference) -> ProxyConfig:
    return config_for_observer(reference, observer.persona_url, [KEY])


@pytest.fixture
def look(config: ProxyConfig, observer: Observer, reference: Reference, tmp_path: Path) -> Callable[..., Examination]:
    """Looks at a proxy with a defect, which is described in a target file."""

    def looked(
        defect: str = "", *, more: str = "", key: str = KEY, upstreams: str = "", without: str = ""
    ) -> Examination:
        with ExitStack() as stack:
            made = config
            if upstreams == "elsewhere":
                other = stack.enter_context(Observer(reference))
                made = config_for_observer(reference, other.persona_url, [KEY])
            elif upstreams == "dead":
                made = config_for_observer(reference, lambda persona: f"http://127.0.0.1:9/{persona}", [KEY])
            if without:
                providers = {name: one for name, one in reference.providers.items() if name != without}
                made = replace(made, reference=reference.model_copy(update={"providers": providers}))
            proxy = stack.enter_context(ReferenceProxy(made, behaviour_with([defect] if defect else [])))
            file = tmp_path / "target.yaml"
            file.write_text(
                f"name: mine\nbase_url: {proxy.url}\nclaims: [management]\n"
                "credentials: {client: {env: CLIENT_KEY}}\n"
                f"observer: {{advertise: '{observer.url}', token: {{env: OBSERVER_TOKEN}}}}\n{more}",
                encoding="utf-8",
            )
            target = targets.load(file, reference, {**ENVIRONMENT, "CLIENT_KEY": key})
            return examined(Patient(target=target, folder=tmp_path, limit=60, patience=30))

    return looked


def test_a_right_proxy_has_nothing_wrong(look: Callable[..., Examination], observer: Observer) -> None:
    seen = look()
    assert {finding.topic: finding.state for finding in seen.findings} == dict.fromkeys(Topic, State.OK)
    assert int(seen.code) == 0
    assert KEY not in str(seen)
    assert all(
        found.body == b"{" or b"ampmap-" in found.raw for found in observer.all_requests() if found.method == "POST"
    )


@pytest.mark.parametrize(
    ("how", "topic", "state", "says", "remedy"),
    [
        ({"defect": "stream-buffered"}, Topic.STREAMING, State.WRONG, "buffered: a stream of", "flush after each"),
        (
            {"upstreams": "elsewhere"},
            Topic.OBSERVER,
            State.WRONG,
            "did not arrive at the observer",
            "ANTHROPIC_BASE_URL=",
        ),
        ({"upstreams": "dead"}, Topic.OBSERVER, State.WRONG, "no call arrived at the observer", "check that the proxy"),
        (
            {"key": "another-key"},
            Topic.KEY,
            State.WRONG,
            "refuses the key in $CLIENT_KEY (401)",
            "in place of $CLIENT_KEY",
        ),
        ({"defect": "no-authentication"}, Topic.KEY, State.NOTE, "without a key are served", "401"),
        ({"without": "groq"}, Topic.PROVIDERS, State.NOTE, "not groq (404)", "serve them"),
        (
            {"without": "groq", "more": "providers: [groq, openai]"},
            Topic.PROVIDERS,
            State.WRONG,
            "not groq (404)",
            "take them out of `providers`",
        ),
        ({"without": "groq"}, Topic.EDITION, State.NOTE, "which also calls groq", "serve them"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    look: Callable[..., Examination], how: dict[str, str], topic: Topic, state: State, says: str, remedy: str
) -> None:
    seen = look(**how)
    finding = next(found for found in seen.findings if found.topic is topic)
    assert (finding.state, says in finding.seen, remedy in finding.remedy) == (state, True, True), finding
    assert int(seen.code) == int(any(found.state is State.WRONG for found in seen.findings))
    assert KEY not in str(seen)


@pytest.mark.parametrize(
    ("failure", "why", "topic", "remedy"),
    [
        (Failure.REFUSED, "", Topic.REACHABLE, "start the proxy"),
        (Failure.TLS, "self-signed certificate", Topic.TLS, "tls.ca_file"),
        (Failure.TLS, "certificate has expired", Topic.TLS, "renewed"),
        (Failure.TLS, "wrong version number", Topic.TLS, "use http://"),
        (Failure.TLS, "Hostname mismatch, certificate is not valid for 'x'.", Topic.TLS, "use the name"),
    ],
)
def test_no_connection_has_a_remedy_of_its_own(failure: Failure, why: str, topic: Topic, remedy: str) -> None:
    wrong = [found for found in judge.unreachable(failure, why, "https://x") if found.state is State.WRONG]
    assert [(found.topic, remedy in found.remedy, found.ends) for found in wrong] == [(topic, True, True)]


def test_answers_that_tell_nothing_are_not_taken_for_a_proxy(reference: Reference) -> None:
    target = targets.from_url("http://proxy.example.com", reference, {"AMPMAP_CLIENT_KEY": KEY})
    assert KEY not in judge.reachable(Discovery(server=f"Echo/{KEY}"), target).seen
    target = targets.from_url("http://proxy.example.com", reference, {})
    served = [provider.id for provider in target.providers]

    def of(answer: Answered, **more: object) -> dict[Topic, Finding]:
        found = Discovery(closed=dict.fromkeys(served, answer), opened=dict.fromkeys(served, answer), **more)  # type: ignore[arg-type]
        return {finding.topic: finding for finding in judge.judged(found, target)}

    assert of(Answered(200, "a page for browsers"))[Topic.PROVIDERS].ends
    assert of(Answered(405))[Topic.PROVIDERS].ends
    assert (
        "use https://proxy.example.com"
        in of(Answered(301, "a redirect", "https://proxy.example.com/x"))[Topic.TLS].remedy
    )
    target = targets.from_url("http://[2001:db8::1]:8080", reference, {})
    led = of(Answered(301, "a redirect", "https://[2001:db8::1]/x"))[Topic.TLS]
    assert led.remedy == "use https://[2001:db8::1]"
    target = targets.from_url("http://127.0.0.2:8080", reference, {})
    assert of(Answered(401), needs_key=True)[Topic.TLS].state is State.OK
    assert of(Answered(400), wants_tls=True)[Topic.TLS].ends
    refused = of(Answered(401), needs_key=True)
    assert (refused[Topic.PROVIDERS].state, refused[Topic.KEY].state) == (State.UNKNOWN, State.WRONG)
    assert "set AMPMAP_CLIENT_KEY" in refused[Topic.KEY].remedy
    assert of(Answered(400), providers=tuple(served))[Topic.KEY].state is State.UNKNOWN
    assert of(Answered(500), listed=Answered(200), providers=tuple(served))[Topic.PROVIDERS].seen.startswith(
        "anthropic"
    )


def test_the_command_looks_at_a_url_a_file_and_the_default_file(
    command: Command, always: Callable[[int], str], config: ProxyConfig, tmp_path: Path
) -> None:
    assert "no target: name a target file" in (missing := command("doctor")).stderr
    assert missing.returncode == 4
    with ReferenceProxy(config) as proxy:
        (tmp_path / "ampmap-target.yaml").write_text(f"name: mine\nbase_url: {proxy.url}\n", encoding="utf-8")
        told = command("doctor", "--json")
    assert told.returncode == 1, told.stderr
    data = json.loads(told.stdout)
    assert [finding["topic"] for finding in data["findings"]] == [topic.value for topic in Topic]
    assert data["target"] == {"name": "mine", "base_url": proxy.url}
    assert {finding["state"] for finding in data["findings"] if finding["topic"] == "key"} == {"wrong"}
    web = command("doctor", always(404))
    assert (web.returncode, "no Amp surface" in web.stdout) == (6, True)
    gone = command("doctor", "http://127.0.0.1:9")
    assert (gone.returncode, "start the proxy" in gone.stdout) == (6, True)
    assert len(gone.stdout.splitlines()) < 24


def test_an_observer_that_cannot_listen_is_told(reference: Reference, always: Callable[[int], str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        target = targets.from_url(always(400), reference, {})
        seen = examined(Patient(target=target, folder=Path(), observer=f"http://127.0.0.1:{taken.getsockname()[1]}"))
    finding = next(found for found in seen.findings if found.topic is Topic.OBSERVER)
    assert (finding.state, "stop what listens there" in finding.seen) == (State.WRONG, True)


def test_the_lines_for_servers_name_the_observer_and_the_base_paths(reference: Reference) -> None:
    text = "\n".join(pointing_lines("http://127.0.0.1:9100", reference))
    for words in (
        "location /api/provider/openai/v1/ {\n  proxy_pass http://127.0.0.1:9100/openai/v1/;",
        "  reverse_proxy 127.0.0.1:9100 {\n    flush_interval -1\n  }",
        "{path: /api/provider/openai/v1, target: http://127.0.0.1:9100/openai/v1, include_subpath: true}",
        "OPENAI_BASE_URL=http://127.0.0.1:9100/openai/v1",
    ):
        assert words in text
