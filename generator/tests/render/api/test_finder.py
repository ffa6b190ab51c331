"""The route finder: the script on the page answers as `ampmap route` does, in every edition."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from ampmap_generator.query.timeline import timeline
from ampmap_generator.query.timelines import names_of, timelines
from ampmap_generator.render.addresses import address
from ampmap_generator.render.api.finder import MANAGEMENT_RULES, RULES, STREAM_RULES, finder
from ampmap_generator.render.api.finder_names import newest_with_name
from ampmap_generator.render.site.pages import pages
from ampmap_generator.vendored.names import UnknownNameError
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.routing import Route, find_call, resolve_url, route
from ampmap_tests_support.places import CHECKOUT

ASSETS = CHECKOUT / "site" / "docs" / "assets"
BASE = "amp-0.0.1760587291"
PROXY = "https://proxy.example.com/a/prefix?x=1"

RUN = """
const core = require(process.argv[1]);
const { data, questions } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { find, options, curl, fullUrl, timeline, inWords } = core;
const asked = {
  find, options, curl,
  fullUrl: (_, ...rest) => fullUrl(...rest),
  timeline: ({ table }, name, at) => timeline(table, name).map((each) => [each.months, inWords(each, at)]),
};
const answers = questions.map(([what, ...given]) => {
  try { return asked[what](data, ...given); } catch (error) { return { error: error.name }; }
});
process.stdout.write(JSON.stringify(answers));
"""

Ask = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def data(editions: Mapping[str, Reference]) -> dict[str, Any]:
    """The finder's document of each edition."""
    shown, newest = editions[BASE], newest_with_name(editions)
    table = timelines(editions).model_dump(mode="json", exclude_defaults=True)
    documents = {name: finder(reference, shown, newest) for name, reference in editions.items()}
    return {name: {**document.model_dump(mode="json"), "table": table} for name, document in documents.items()}


@pytest.fixture(scope="module")
def ask(data: dict[str, Any], node: str) -> Ask:
    """Puts questions, each a function and its arguments, to the page's script, in one process of node."""

    def asked(*questions: tuple[Any, ...], edition: str = BASE) -> list[Any]:
        done = subprocess.run(
            [node, "-e", RUN, str(ASSETS / "finder-core.js")],
            input=json.dumps({"data": data[edition], "questions": questions}),
            capture_output=True,
            text=True,
            check=True,
        )
        answers: list[Any] = json.loads(done.stdout)
        return answers

    return asked


def names(reference: Reference) -> Iterator[str]:
    """Everything that somebody may type for a model or an agent mode."""
    for mode in reference.agent_modes.values():
        yield from (mode.name, mode.id)
    for key, model in reference.models.items():
        yield from (key, model.id, *([model.wire_id] if model.wire_id else []), *model.aliases)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_url_and_upstream_are_those_of_the_command_in_every_edition(
    stream: bool, data: dict[str, Any], editions: Mapping[str, Reference]
) -> None:
    """What the card shows as the URL, and what its first duty tells a proxy to call, are of the same call."""
    wrong = []
    for edition, document in data.items():
        reference = editions[edition]
        for answer in document["answers"]:
            wanted = route(answer["name"], reference=reference, stream=stream)
            call = find_call(reference.providers[answer["provider"]], answer["operation"], reference=reference)
            told = call.upstream_url(answer["wire_model"], stream=stream)
            path = (stream and answer["stream_path"]) or answer["path"]
            upstream = (stream and answer["stream_upstream"]) or answer["upstream"]
            url = path if path.startswith("http") else resolve_url(path, document["amp_url"])
            if url != wanted.url or upstream not in (told, None):
                wrong.append((edition, answer["name"], path, upstream))
    assert wrong == []


@pytest.mark.parametrize("edition", [BASE, "amp-0.0.1767830505", "amp-0.0.1770734955", "amp-0.0.1777897475"])
def test_the_finder_answers_as_the_command_does(edition: str, editions: Mapping[str, Reference], ask: Ask) -> None:
    reference = editions[edition]
    asked = list(dict.fromkeys(names(reference)))
    answers = ask(*(("find", name) for name in asked), edition=edition)
    urls = ask(*(("fullUrl", answer["answers"][0]["path"], PROXY) for answer in answers), edition=edition)

    for name, answer, url in zip(asked, answers, urls, strict=True):
        if len(answer["answers"]) > 1:
            with pytest.raises(UnknownNameError) as several:
                route(name, reference=reference)
            keys = {f"{each['provider']}/{each['model']}" for each in answer["answers"]}
            assert keys == set(several.value.suggestions)
            continue
        wanted = route(name, reference=reference, amp_url=PROXY)
        (found,) = answer["answers"]
        same = ("kind", "provider", "model", "wire_model", "operation", "dialect", "method", "sdk")
        assert {field: found[field] for field in same} == {field: getattr(wanted, field) for field in same}
        assert url == wanted.url


def test_amp_url_follows_the_clients_own_rule(ask: Ask) -> None:
    path = "/api/provider/google/v1beta1/publishers/google/models/a%3Ab:generateContent?alt=sse"
    addresses = ["https://p.example", "http://127.0.0.1:8317/x/y/?z=1#f", "HTTPS://P.Example:443", "http://[::1]:8080/"]
    wrong = ["p.example", "", "ftp://p.example", "not a url"]
    answers = ask(*(("fullUrl", path, address) for address in [*addresses, *wrong]))

    assert answers[: len(addresses)] == [resolve_url(path, address) for address in addresses]
    assert answers[len(addresses) :] == [{"error": "TypeError"}] * len(wrong)


@pytest.mark.parametrize(
    ("typed", "provider", "operations"),
    [
        ("/api/provider/groq/chat/completions", "groq", {"chat.completions"}),
        ("https://proxy.example.com/api/provider/groq/v1/chat/completions?x=1", "groq", {"chat.completions"}),
        ("/api/provider/openai/v1/responses", "openai", {"responses"}),
        ("api/provider/xai/v1/chat/completions", "xai", {"chat.completions"}),
        ("/api/provider/anthropic/v1/messages/count_tokens", "anthropic", {"messages.count_tokens"}),
        ("https://openrouter.ai/api/v1/chat/completions", "openrouter", {"chat.completions"}),
        ("groq", "groq", {"chat.completions", "models.list"}),
    ],
)
def test_a_path_leads_to_its_operation(typed: str, provider: str, operations: set[str], ask: Ask) -> None:
    (found,) = ask(("find", typed))

    assert found["kind"] == "calls"
    assert provider in {call["provider"] for call in found["calls"]}
    assert operations <= {call["operation"] for call in found["calls"]}


def test_every_call_of_every_provider_is_found_by_its_path(data: dict[str, Any], ask: Ask) -> None:
    calls = data[BASE]["calls"]
    typed = [
        call["path"].replace("{model}", "m-1").replace("{project}", "p").replace("{location}", "l") for call in calls
    ]
    answers = ask(*(("find", path) for path in typed))

    missed = [
        path
        for path, call, answer in zip(typed, calls, answers, strict=True)
        if not any(
            (found["operation"], found["method"]) == (call["operation"], call["method"])
            for found in answer.get("calls", ())
        )
    ]
    assert missed == []


def test_the_model_in_a_path_is_named(ask: Ask) -> None:
    path = "/api/provider/google/v1beta1/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
    (found,) = ask(("find", path))

    assert found["model"] == "gemini-2.5-pro"
    assert found["answer"]["page"] == "models/google/#gemini-2.5-pro"
    assert [call["operation"] for call in found["calls"]] == ["generateContent"]
    assert found["calls"][0]["upstream"].endswith("/models/gemini-2.5-pro:streamGenerateContent?alt=sse")


def test_management_paths_go_to_amps_own_servers(reference: Reference, ask: Ask) -> None:
    typed = [path.replace("*", "T-1/x") for family in reference.management.values() for path in family.paths]
    answers = ask(*(("find", path) for path in typed))

    assert [(path, answer["kind"]) for path, answer in zip(typed, answers, strict=True)] == [
        (path, "management") for path in typed
    ]


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("gpt-5-codx", "gpt-5-codex"),
        ("smrat", "smart"),
        ("claude-sonnet-4-5-2025092", "claude-sonnet-4-5-20250929"),
        ("/api/provder/groq", "/api/provider/groq"),
    ],
)
def test_an_unknown_name_suggests_near_ones(typed: str, near: str, ask: Ask) -> None:
    (found,) = ask(("find", typed))

    assert found["kind"] == "none"
    assert near in found["near"]


def test_nonsense_is_like_nothing(ask: Ask) -> None:
    assert ask(("find", "zzzzzzzzzzzz"), ("find", "")) == [{"kind": "none", "near": []}] * 2


def test_a_thing_that_went_is_not_found_in_the_later_edition(ask: Ask) -> None:
    (before,) = ask(("find", "code-supernova"))
    (after,) = ask(("find", "code-supernova"), edition="amp-0.0.1767830505")

    assert before["answers"][0]["provider"] == "supernova"
    assert after["kind"] == "none"


def test_what_is_typed_is_found_in_names_titles_and_paths(ask: Ask) -> None:
    codex, sonnet, path, start = ask(
        ("options", "GPT 5 cod"), ("options", "sonnet 4.5"), ("options", "groq/chat"), ("options", "")
    )

    assert codex[0]["text"] == "gpt-5-codex"
    assert "claude-sonnet-4-5-20250929" in {option["text"] for option in sonnet}
    assert "/api/provider/groq/chat/completions" in {option["text"] for option in path}
    assert {option["kind"] for option in start} == {"agent mode"}


@pytest.mark.parametrize(
    ("query", "stream", "address", "headers", "body"),
    [
        (
            "gpt-5-codex",
            False,
            "/api/provider/openai/v1/responses",
            {"authorization: Bearer $AMP_API_KEY"},
            "gpt-5-codex",
        ),
        ("smart", True, "/api/provider/anthropic/v1/messages", {"anthropic-version: 2023-06-01"}, '"stream":true'),
        (
            "gemini-2.5-pro",
            True,
            "gemini-2.5-pro:streamGenerateContent?alt=sse",
            {"x-goog-api-key: placeholder"},
            "pong",
        ),
        ("kashmir:main", False, "openrouter.ai", {"authorization: Bearer $OPENROUTER_API_KEY"}, "moonshotai/kimi-k2"),
    ],
)
def test_the_curl_line_makes_the_call(
    query: str, stream: bool, address: str, headers: set[str], body: str, ask: Ask
) -> None:
    (found,) = ask(("find", query))
    (line,) = ask(("curl", found["answers"][0], "https://proxy.example.com", stream))

    words = shlex.split(line)
    sent = {words[index + 1] for index, word in enumerate(words) if word == "-H"}
    data = words[words.index("--data") + 1]
    assert address in words[2]
    assert headers <= sent
    assert body in data
    assert json.loads(data)
    assert not [header for header in sent if "{" in header or header.lower().startswith("accept-encoding")]


def test_the_rules_that_the_finder_names_exist(reference: Reference) -> None:
    named = {*RULES, *STREAM_RULES, *(rule for rules in MANAGEMENT_RULES.values() for rule in rules)}

    assert named <= set(reference.requirements)


def test_every_page_that_the_finder_links_to_exists(data: dict[str, Any], editions: Mapping[str, Reference]) -> None:
    site = pages(editions[BASE], editions)
    known = {address(path) for path in site}
    anchors = {
        address(path) + f"#{part.split(' }')[0]}" for path, text in site.items() for part in text.split("{ #")[1:]
    }
    linked = {page for each in data.values() for page in _pages_in(each)}

    assert linked
    assert linked - known - anchors == set()


def _pages_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "page":
                yield inner
            else:
                yield from _pages_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pages_in(inner)


def test_without_javascript_the_page_points_to_its_tables(reference: Reference) -> None:
    page = pages(reference)["index.md"]

    assert '<noscript><p>The route finder requires JavaScript. The <a href="#models">' in page
    assert "{ #models }" in page
    assert "{ #agent-modes }" in page


def test_the_scripts_know_no_other_address() -> None:
    for script in sorted(path.name for path in ASSETS.glob("*.js")):
        text = (ASSETS / script).read_text(encoding="utf-8")
        assert not re.search(r"https?://\w", text), script


def test_a_name_of_another_edition_leads_there(ask: Ask) -> None:
    asked = ("claude-opus-4-7", "Claude Opus 4.7", "anthropic/claude-opus-4-7", "deep", "ultra", "kimi-k2.5-example")
    found = ask(*(("find", name) for name in asked))

    assert [each["kind"] for each in found] == ["none"] * len(asked)
    newest = "amp-0.0.1777897475"
    assert [each.get("elsewhere") for each in found] == [*[newest] * 4, "amp-0.0.1790142911", None]


def test_names_as_people_write_them_are_found(ask: Ask) -> None:
    found = ask(*(("find", name) for name in ("Claude Sonnet 4.5", "claude-sonnet-4-5", "CLAUDE-SONNET-4-5-20250929")))

    models = [[answer["model"] for answer in each["answers"]] for each in found]
    assert models == [["claude-sonnet-4-5-20250929"]] * 3


def test_a_mode_that_amps_servers_run_is_answered_without_a_route(ask: Ask) -> None:
    (found,) = ask(("find", "Ultra"), edition="amp-0.0.1790142911")

    assert (found["kind"], found["name"], found["models"]) == ("hosted", "ultra", ["claude-fable-5-1"])
    assert found["page"] == "editions/amp-0.0.1790142911/"


def test_the_timeline_of_every_name_is_that_of_the_command(editions: Mapping[str, Reference], ask: Ask) -> None:
    def routed(name: str, reference: Reference) -> Route:
        return route(name, reference=reference, amp_url=PROXY)

    asked = sorted({name for reference in editions.values() for name in names_of(reference)})
    found = ask(*(("timeline", name, PROXY) for name in [*asked, "no-such-name", "/groq"]))

    wanted = {
        name: [[period.months, period.in_words] for period in timeline(editions.values(), partial(routed, name))]
        for name in asked
    }
    assert dict(zip(asked, found, strict=False)) == wanted
    assert found[len(asked) :] == [[], []]
