"""The site's one field: whatever an operator holds is answered, and no credential gets into the address."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ampmap_generator.render.api.finder import finder
from ampmap_generator.render.api.lookup import edition_lookup, lookup
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT

BASE = "amp-0.0.1760587291"
PROXIED = "amp-0.0.1777897475"
SCRIPT = CHECKOUT / "site/docs/assets/finder-answer.js"

RUN = """
const { answerTo } = require(process.argv[1]);
const { data, lookup, texts } = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => answerTo(data, lookup, text))));
"""

LOG = '10.0.0.7 - - [21/Nov/2026:03:12:09 +0000] "POST {path} HTTP/1.1" {status} 19 "-" "amp"'
GIN = '[GIN] 2025/11/28 - 10:00:01 | {status} |     1.2ms |  127.0.0.1 | POST     "{path}"'
CADDY = '{"level":"info","request":{"method":"POST","host":"p.example","uri":"PATH","headers":{}},"status":STATUS}'
LOGFMT = 'ts=2026-11-21T03:12:09Z level=info host="p.example" method=POST path={path} status={status} dur=1ms'

Answer = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def answers(editions: Mapping[str, Reference], node: str) -> Callable[[list[str]], list[dict[str, Any]]]:
    """Answers texts, in one process of node, as the site does for an edition."""
    shown = editions[BASE]
    known = {
        "data": finder(editions[PROXIED], shown, {}).model_dump(mode="json"),
        "lookup": {
            **lookup(shown, editions).model_dump(mode="json"),
            **edition_lookup(editions[PROXIED], shown).model_dump(mode="json"),
        },
    }

    def answered(texts: list[str]) -> list[dict[str, Any]]:
        done = subprocess.run(
            [node, "-e", RUN, str(SCRIPT)],
            input=json.dumps({**known, "texts": texts}),
            capture_output=True,
            text=True,
            check=True,
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    return answered


def test_lines_of_logs_tell_what_was_meant_and_what_went_wrong(answers: Any) -> None:
    path = "/api/provider/anthropic/v1/messages"
    forms = [
        LOG.format(path=path, status=529),
        GIN.format(path=path, status=529),
        CADDY.replace("PATH", path).replace("STATUS", "529"),
        LOGFMT.format(path=path, status=529),
        json.dumps({"request": f"POST {path} HTTP/1.1", "status": "529"}),
    ]
    for form, found in zip(forms, answers(forms), strict=True):
        assert [call["operation"] for call in found["calls"]] == ["messages"], form
        assert found["trouble"]["meanings"][0]["type"] == "overloaded_error", form
        assert found["read"]["share"] == "", form


def test_a_path_with_an_alias_a_method_and_a_status(answers: Any) -> None:
    aliased, head, wrong, management, own = answers(
        [
            "POST /api/provider/groq/v1/chat/completions 404",
            "HEAD /api/provider/openai/v1/models",
            "DELETE /api/provider/openai/v1/responses 405",
            "GET /api/user 401",
            "https://proxy.example.com/api/provider/openai/v1/responses",
        ]
    )

    assert aliased["usual"]["path"] == "/api/provider/groq/chat/completions"
    assert "add /v1" in aliased["calls"][0]["used_by"]
    assert aliased["trouble"]["suspects"] == ["routing.reaches-upstream", "routing.method-and-path"]
    assert "errors.unknown-provider" in aliased["trouble"]["answers"]
    assert "routing.head-answered" in head["methodRules"]
    assert not [rule for rule in head["methodRules"] if rule.startswith("management.")]
    assert "errors.method-not-allowed" in wrong["methodRules"]
    assert management["kind"] == "management"
    assert "management.refuses-without-credential" in management["trouble"]["answers"]
    assert own["read"]["origin"] == "https://proxy.example.com"


@pytest.mark.parametrize(
    ("typed", "kind", "says"),
    [
        ("kimi", "calls", "moonshotai/Kimi-K2.5"),
        ("Claude Sonnet 4.5", "routes", "claude-sonnet-4-5"),
        ("sonnet 4.5", "several", "claude-sonnet-4-5"),
        ("claude", "several", "claude-opus"),
        ("sonoma", "routes", "sonoma-sky-alpha"),
        ("oracle", "routes", "openai"),
        ('{"model":"gpt-5-codex","input":[{"role":', "routes", "gpt-5-codex"),
        ("404", "status", "Not Found"),
        ("HTTP/1.1 529", "status", "overloaded_error"),
        ("x-goog-api-key", "header", "google"),
        ("X-Goog-Api-Key: AIzaSyExample", "header", "google"),
        ("x-amp-thread-id", "header", "x-amp-thread-id"),
        ("x-amp-override-provider", "header", "x-amp-override-provider"),
        ("amp-thread-id", "none", ""),
        ("POST /api/provider/fireworks/v1/chat/completions 429", "calls", "meaning"),
        ("overloaded_error", "error", "529"),
        ("SHARED_QUOTA_EXCEEDED", "error", "quota"),
        ('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "error", "529"),
        ('{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"q"}}', "error", "429"),
        ("unknown provider for model gpt-9", "error", "unknown provider"),
        ("routing.head-answered", "rule", "HEAD"),
        ("routing.head-answered[groq-models.list]", "rule", "HEAD"),
        ("zzzzzzzzzzzz", "none", ""),
        ("", "none", ""),
    ],
)
def test_each_form_is_known_for_what_it_is(typed: str, kind: str, says: str, answers: Any) -> None:
    (found,) = answers([typed])

    assert found["kind"] == kind
    assert says in json.dumps(found)


def test_no_credential_gets_into_the_address(answers: Any) -> None:
    secrets = [
        "https://user:hunter2@proxy.example/api/provider/openai/v1/responses",
        "/api/provider/google/v1beta/models/x:generateContent?key=hunter2&alt=sse",
        "Authorization: Bearer hunter2",
        "x-api-key: hunter2",
        "sk-live-hunter2",
        LOG.format(path="/api/provider/x?auth_token=hunter2", status=401),
        '{"model":"gpt-5-codex","api_key":"hunter2"}',
        "curl https://p.example/api/provider/openai/v1/responses -H 'authorization: Bearer hunter2'",
        "x-api-key sk-ant-api03-hunter2",
        "x-api-key hunter2",
        "export OPENAI_API_KEY=sk-hunter2",
        "api_key=hunter2",
        "Authorization Bearer hunter2",
        "'authorization': 'Bearer hunter2'",
        "/api/provider/google/v1/models;token=hunter2",
        "/api/provider/openai/sk-hunter2/models",
        "sk-ant-api03-hunter2: x",
    ]
    shared = [found["read"]["share"] for found in answers(secrets)]

    assert not [share for share in shared if "hunter2" in share]
    assert shared[1] == "/api/provider/google/v1beta/models/x:generateContent?alt=sse"
    plain = ["gpt-5-codex", "moonshotai/kimi-k2-instruct-0905", "Claude Sonnet 4.5", "POST /api/provider/groq 404"]
    assert [found["read"]["share"] for found in answers(plain)] == plain


def test_a_long_text_is_answered_without_a_search_for_names_like_it(answers: Any) -> None:
    """A name is never so long; the distance to every name would freeze the page for seconds."""
    texts = [piece * (20_000 // len(piece)) for piece in ("x", "a b ", '{"', "k=v ", "/api/", "POST ", "é")]
    found = answers([*texts, f'{"y" * 19_000} "POST /api/provider/openai/v1/responses HTTP/1.1" 500 1'])

    assert [each.get("near", []) for each in found[:-1]] == [[]] * len(texts)
    assert found[-1]["trouble"]["status"] == 500


def test_two_editions_differ_in_what_their_references_differ_in(editions: Mapping[str, Reference], node: str) -> None:
    shown = editions[BASE]
    before, after = (finder(editions[name], shown, {}).model_dump(mode="json") for name in (BASE, PROXIED))
    script = "const { compared } = require(process.argv[1]);"
    script += 'const given = JSON.parse(require("fs").readFileSync(0, "utf8"));'
    script += "process.stdout.write(JSON.stringify([compared(...given), compared(given[0], given[0])]));"
    done = subprocess.run(
        [node, "-e", script, str(SCRIPT.with_name("compare-core.js"))],
        input=json.dumps([before, after]),
        capture_output=True,
        text=True,
        check=True,
    )
    rows, none = json.loads(done.stdout)

    def told(kind: str, change: str) -> set[str]:
        return {row["name"] for row in rows if (row["kind"], row["change"]) == (kind, change)}

    old, new = ({model.id.lower() for model in editions[name].models.values()} for name in (BASE, PROXIED))
    assert {name.lower() for name in told("Model", "gone")} == old - new
    assert {name.lower() for name in told("Model", "new")} == new - old
    assert told("Provider", "new") == set(editions[PROXIED].providers) - set(shown.providers)
    assert "smart" in told("Agent mode", "changed")
    assert none == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_code_of_every_route_can_be_compiled(stream: bool, editions: Mapping[str, Reference], node: str) -> None:
    shown = editions[BASE]
    document = finder(editions[PROXIED], shown, {}).model_dump(mode="json")
    script = "const { codes } = require(process.argv[1]);"
    script += 'const [data, stream] = JSON.parse(require("fs").readFileSync(0, "utf8"));'
    script += "const made = data.answers.map((each) => codes(data, each, data.amp_url, stream));"
    script += "const js = (each) => each.find(([name]) => name === 'JavaScript')[1];"
    script += "for (const each of made) new Function(`return async () => {${js(each)}}`);"
    script += "process.stdout.write(JSON.stringify(made));"
    done = subprocess.run(
        [node, "-e", script, str(SCRIPT.with_name("finder-code.js"))],
        input=json.dumps([document, stream]),
        capture_output=True,
        text=True,
        check=True,
    )
    for answer, made in zip(document["answers"], json.loads(done.stdout), strict=True):
        texts = dict(made)
        path = (stream and answer["stream_path"]) or answer["path"]
        compile(texts["Python"], answer["name"], "exec")
        del texts["Python SDK"]  # its URL is in parts; see test_sdk_code.py
        assert list(texts) == ["curl", "Python", "JavaScript", "Go"]
        assert [name for name, text in texts.items() if path not in text] == []
        assert [name for name, text in texts.items() if "API_KEY" not in text or "{api_key}" in text] == []


def test_every_rule_and_page_that_the_lookup_names_exists(editions: Mapping[str, Reference]) -> None:
    document = lookup(editions[BASE], editions)
    named = {rule for each in document.statuses.values() for rule in (*each.suspects, *each.answers, *each.relays)}
    named |= {rule for rules in document.mentions.values() for rule in rules}

    assert named <= set(document.rules)
    assert {"401", "404", "429", "500", "529"} <= set(document.statuses)
