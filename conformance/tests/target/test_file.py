"""Target files: what they may say, and where a complaint points to."""

from __future__ import annotations

from pathlib import Path

import pytest
from ampmap_conformance.errors import UsageError
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.target import target as targets

KEY = "sk-a-secret-that-nobody-sees"
GOOD = """\
name: staging
version: 2.3.1
base_url: https://proxy.example.com/
credentials:
  client: {env: PROXY_CLIENT_KEY}
claims: [mapping, management]
providers: [groq, openai]
mounts: {openai: /openai/v1}
policy: {body: verbatim, amp_headers: stripped}
mappings: [{from: claude-opus-4-5-20251101, to: gpt-5}]
models: {available: {openai: [gpt-5, gpt-6-preview]}, unavailable: [o3]}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "staging.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_says_who_serves_what_and_where(tmp_path: Path, reference: Reference) -> None:
    target = targets.load(written(tmp_path, GOOD), reference, {"PROXY_CLIENT_KEY": KEY})

    assert target.file.base_url == "https://proxy.example.com"
    assert {p.id: p.base_path for p in target.providers} == {"groq": "/api/provider/groq", "openai": "/openai/v1"}
    assert target.client is not None
    assert (target.client.value, target.client.label) == (KEY, "$PROXY_CLIENT_KEY")
    openai = next(p for p in target.providers if p.id == "openai")
    assert [model.id for model in target.models(openai)] == ["gpt-5", "gpt-6-preview"]
    assert target.mapped("claude-opus-4-5-20251101") == "gpt-5"
    assert KEY not in repr(target)


def test_a_secret_may_stand_in_a_file_beside_the_target(tmp_path: Path, reference: Reference) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="utf-8")
    text = "name: x\nbase_url: http://proxy\ncredentials: {client: {file: key}}\n"
    target = targets.load(written(tmp_path, text), reference, {})
    assert target.client is not None
    assert target.client.value == KEY


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("name: x\nbase_url: http://p\nclaim: [mapping]\n", "3:1", "unknown key `claim`; did you mean `claims`?"),
        ("name: x\nbase_url: http://p\npolicy:\n  bodies: verbatim\n", "4:3", "did you mean `body`?"),
        ("name: x\n", "1:1", "`base_url` is missing"),
        ("name: x\nbase_url: proxy.example.com\n", "2:11", "an absolute http or https URL"),
        ("name: x\nbase_url: http://u:pw@p\n", "2:11", "must not contain a user or password"),
        ("name: x\nbase_url: http://p\nclaims: [mappings]\n", "3:10", "mapping"),
        ("name: x\nbase_url: http://p\nproviders: [grok]\n", "3:13", "did you mean `groq`?"),
        (
            "name: x\nbase_url: http://p\nmounts: {openrouter: /x}\n",
            "3:10",
            "`openrouter` is not a provider behind the proxy",
        ),
        ("name: x\nbase_url: http://p\nedition: amp-9\n", "3:10", "the edition of the reference"),
        ("name: x\nbase_url: http://p\nname: y\n", "3:1", "duplicate key `name`"),
        ("name: x\nbase_url: [\n", "3:1", ""),
        (
            f"name: x\nbase_url: http://p\ncredentials:\n  client: {KEY}\n",
            "4:11",
            "expected a reference to a secret, not its value",
        ),
        ("name: x\nbase_url: http://p\ncredentials: {client: {env: NO_SUCH}}\n", "3:23", "NO_SUCH is not set"),
        ("name: x\nbase_url: http://p\ncredentials: {client: {file: gone}}\n", "3:23", "gone cannot be read"),
        ("name: x\nbase_url: http://p\ncredentials: {client: {env: A, file: b}}\n", "3:23", "exactly one"),
        ("- name\n", "1:1", "a mapping"),
        ("name: x\nbase_url: http://p\nversion: 2.3\n", "3:10", 'write "2.3" in quotes'),
        ("name: x\nbase_url: http://p\nclaims: mapping\n", "3:9", "expected a list: [mapping]"),
        ("name: x\nbase_url: http://p\npolicy: {body: rewriten}\n", "3:16", "did you mean `rewritten`?"),
        ("name: x\nbase_url: http://p\npolicy: {body: {gemni: verbatim}}\n", "3:17", "did you mean `gemini`?"),
        ("name: x\nbase_url: http://p\npolicy: {upstream_dialects: [chat]}\n", "3:30", "unknown dialect `chat`"),
        (
            "name: x\nbase_url: http://p\npolicy: {browser_pages: {root-aut: redirected}}\n",
            "3:26",
            "did you mean `root-auth`?",
        ),
        (
            "name: x\nbase_url: http://p\nreload: {command: [a]}\n",
            "3:19",
            "`{file}` is missing; `{file}` stands for a file",
        ),
        ("name: x\nbase_url: http://p\nreload: {command: [a, '{fil}']}\n", "3:19", "`{fil}`; did you mean `file`?"),
        ("name: x\nbase_url: http://p\npolicy: {client_key: amb}\n", "3:22", "did you mean `amp`?"),
        ("name: x\nbase_url: http://p\npolicy: {routing: models}\n", "3:19", "did you mean `model`?"),
        ("name: x\nbase_url: http://p\nproviders: {gogle: amp}\n", "3:13", "did you mean `google`?"),
        ("name: x\nbase_url: http://p\nproviders: {google: ampp}\n", "3:21", "did you mean `amp`?"),
        (
            "name: x\nbase_url: http://p\nproviders:\n  google: {bodies: verbatim}\n",
            "4:12",
            "unknown key `providers.google.bodies`; did you mean `body`?",
        ),
    ],
)
def test_a_complaint_names_the_place(tmp_path: Path, reference: Reference, text: str, place: str, words: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        targets.load(file, reference, {})
    message = str(caught.value)
    assert message.startswith(f"{file}:{place}: ")
    assert words in message
    assert KEY not in message


def test_an_address_alone_is_a_target(reference: Reference) -> None:
    target = targets.from_url("http://127.0.0.1:8317/", reference, {targets.CLIENT_KEY_VARIABLE: KEY})
    assert target.client is not None
    assert target.client.value == KEY
    assert not target.claims("management")
    assert targets.from_url("http://127.0.0.1:8317", reference, {}).client is None
    with pytest.raises(UsageError, match="--base-url"):
        targets.from_url("127.0.0.1:8317", reference, {})


PARTICULAR = """\
name: x
base_url: http://p
policy: {body: {anthropic-messages: rewritten, gemini: translated}, lists: own}
providers:
  google: {upstream_dialects: [openai-chat]}
  openai: {body: {openai-chat: translated}, lists: relayed}
  cerebras: {body: rewritten}
  groq: amp
  xai: {served_by: amp, body: translated}
  supernova: none
"""


def test_a_provider_may_differ_from_the_policy(tmp_path: Path, reference: Reference) -> None:
    target = targets.load(written(tmp_path, PARTICULAR), reference, {})
    served = {provider.id: provider for provider in target.providers}

    assert set(served) == {"anthropic", "cerebras", "google", "groq", "openai", "xai"}
    assert {name: target.served_by(provider) for name, provider in served.items() if name in ("google", "groq")} == {
        "google": "target",
        "groq": "amp",
    }
    bodies = {
        ("anthropic", "anthropic-messages"): "rewritten",
        ("google", "gemini"): "translated",
        ("openai", "openai-chat"): "translated",
        ("openai", "openai-responses"): "verbatim",
        ("cerebras", "openai-chat"): "rewritten",
        ("groq", "openai-chat"): "verbatim",
        ("xai", "openai-chat"): "rewritten",  # Amp's servers are called in the client's dialect
    }
    assert {at: target.body_of(served[at[0]], at[1]) for at in bodies} == bodies
    assert target.upstream_dialects(served["google"], "gemini") == {"openai-chat"}
    assert target.upstream_dialects(served["openai"], "openai-chat") == set(reference.endpoints)
    assert target.upstream_dialects(served["openai"], "openai-responses") == {"openai-responses"}
    assert {name: target.lists_of(served[name]) for name in ("openai", "google")} == {
        "openai": "relayed",
        "google": "own",
    }


def test_pages_that_need_no_key_may_be_redirected(tmp_path: Path, reference: Reference) -> None:
    def redirected(policy: str) -> set[str]:
        file = written(tmp_path, f"name: x\nbase_url: http://p\npolicy: {{browser_pages: {policy}}}\n")
        target = targets.load(file, reference, {})
        return {route.id for route in reference.management.values() if target.pages_of(route) == "redirected"}

    assert redirected("forwarded") == set()
    assert redirected("redirected") == {"root-auth", "root-docs", "root-settings", "root-threads"}
    assert redirected("{root-auth: redirected, api-auth: redirected}") == {"root-auth", "api-auth"}


def test_a_call_arrives_where_its_model_leads(tmp_path: Path, reference: Reference) -> None:
    text = """\
name: x
base_url: http://p
policy: {body: {gemini: translated}}
providers: {groq: amp, cerebras: {body: rewritten}}
mappings:
  - {from: gemini-2.5-flash, to: claude-sonnet-4-5-20250929}
  - {from: claude-opus-4-5-20251101, to: claude-sonnet-4-5-20250929}
models: {unavailable: [gemini-2.5-pro]}
"""
    target = targets.load(written(tmp_path, text), reference, {})
    served = {provider.id: provider for provider in target.providers}
    chat = "openai-chat"

    def about(provider: str, dialect: str, model: str = "") -> tuple[str, str, frozenset[str]]:
        where = (served[provider], dialect, model)
        return target.back_end_of(served[provider], model), target.body_of(*where), target.upstream_dialects(*where)

    assert about("google", "gemini") == ("google", "translated", frozenset(reference.endpoints))
    assert about("google", "gemini", "gemini-2.5-pro") == ("amp", "rewritten", frozenset({"gemini"}))
    to_claude = about("google", "gemini", "gemini-2.5-flash")
    assert to_claude == ("anthropic", "translated", frozenset(reference.providers["anthropic"].operations))
    at_home = about("anthropic", "anthropic-messages", "claude-opus-4-5-20251101")
    assert at_home == ("anthropic", "verbatim", frozenset({"anthropic-messages"}))
    assert about("groq", chat) == ("amp", "verbatim", frozenset({chat}))
    assert about("cerebras", chat) == ("cerebras", "rewritten", frozenset({chat}))


@pytest.mark.parametrize(
    ("observer", "words"),
    [
        ("{advertise: 'http://o', control: 'http://c'}", "requires `token`"),
        (
            "{advertise: 'http://o', token: {env: STAGING_KEY}, personas: {groq: 'http://g'}}",
            "start the remote observer with --persona",
        ),
        ("{advertise: 'http://o', personas: {grok: 'http://g'}}", "unknown persona `grok`; did you mean `groq`?"),
        ("{advertise: 'o:9100'}", "expected an absolute http or https URL"),
    ],
)
def test_an_observer_is_named_in_one_of_two_ways(
    tmp_path: Path, reference: Reference, observer: str, words: str
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"name: x\nbase_url: http://p\nobserver: {observer}\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        targets.load(file, reference, {"STAGING_KEY": KEY})
    assert str(caught.value).startswith(f"{file}:3:")
    assert words in str(caught.value)
