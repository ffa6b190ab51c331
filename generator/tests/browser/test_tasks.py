"""What readers came for, each in one look: one query in the field, or one press; and the search of all pages."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from ..support import BuiltSite

OpenPage = Callable[..., Any]

ASKED = (
    ("kimi-k2", ("/api/provider/kimi", "openrouter.ai")),  # where it goes, in every edition
    ("x-goog-api-key", ("google", "placeholder")),  # which header has the key for Gemini
    ("HEAD /api/provider/openai/v1/models", ("routing.head-answered",)),
    ("SHARED_QUOTA_EXCEEDED", ("soft quota", "Remedy")),
    ("https://proxy.example.com/api/provider/openai/v1/responses", ("curl", "https://proxy.example.com/api/provider")),
    ("529", ("overloaded_error", "errors.upstream-status-relayed")),
    ("claude-opus-4-1", ("claude-opus-4-1-20250805", "Anthropic")),
    ("POST /api/provider/groq/v1/chat/completions 404", ("An alias", "/groq/chat/completions", "--select")),
    ("claude-opus-4-7", ("Id on the wire",)),
    ("sonnet 4.5", ("claude-sonnet-4-5-20250929", "matches")),
    ('{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"quota"}}', ("rate limit",)),
    ("no such thing at all", ("Search all pages",)),
)
"""What is put into the field, and what the answer shows without another press."""

PRESSED = (
    ("fallback/", "Steps:", "what a proxy does when a model is not there"),
    ("evidence/implementations/", "breaks 1 core rule", "which proxies pass"),
    ("report/", "Drop a report.json here", "what a report says"),
    ("guides/target-file/", "Write a target file", "how a target file is written"),
    ("downloads/", "api/v1/providers/{provider}.json", "the URL of the JSON for providers"),
    ("editions/compare/?from=amp-0.0.1774310664&to=amp-0.0.1777897475", "Gone", "what an edition drops"),
    ("", "Sources last read on", "how fresh it is"),
)
"""Pages on which an answer stands in the first screen."""

LED_ON = (
    ("0.0.1777897475", 'a[href*="from=amp-0.0.1760587291"]', "Gone"),  # what an edition drops
    ("claude-opus-4-1", ".am-card-title a", "Sources disagree on"),  # what contradicts
    ("gemini-2.5-pro", ".am-card-title a[href*=providers]", "Google Vertex AI"),
)
"""What is put into the field, the link that is followed then, and what its page shows."""

IN_VIEW = """words => [...document.querySelectorAll("article *")].some(each => {
    if (!each.checkVisibility() || !each.innerText?.includes(words)) return false;
    const {top, bottom} = each.getBoundingClientRect();
    return !each.querySelector("h1") && top >= 0 && top < innerHeight - 20 && bottom > 0;
})"""

SEARCHED = {
    "gpt-5-codex": "models/openai/", "kimi-k2": "models/moonshot/", "smart mode": "agent-modes/", "oracle": "tools/",
    "HEAD": "methods/", "x-goog-api-key": "header-names/", "401": "errors/status/401/", "404": "errors/status/404/",
    "429": "errors/status/429/", "529": "errors/status/529/", "SHARED_QUOTA_EXCEEDED": "errors/",
    "json api providers": "downloads/", "how to install": "guides/", "target file": "guides/target-file/",
    "fallback": "fallback/", "opus 4.1": "models/anthropic/", "count_tokens": "endpoints/anthropic-messages/",
    "warm-up": "endpoints/cerebras-warm-up/", "auth modes": "auth-modes/", "retry-after": "header-names/",
    "compare editions": "editions/compare/",
}  # fmt: skip
"""What readers search for, and the page that should be among the first two."""

FIRST_TWO = """page => {
    // The theme listens to keys, not to the field, and asks its worker for what it holds at that moment.
    document.querySelector("input.md-search__input").dispatchEvent(new KeyboardEvent("keyup", {key: "End"}));
    const links = [...document.querySelectorAll(".md-search-result__item > a:first-child")].slice(0, 2);
    return links.some(link => new URL(link.href).pathname.endsWith(`/latest/${page}`));
}"""

BUDGET = 350 * 1024


def test_the_field_answers_whatever_is_put_into_it(open_page: OpenPage) -> None:
    page = open_page()
    box = page.locator("#finder-query")
    for query, says in ASKED:
        box.fill(query)
        box.press("Enter")
        for words in says:
            page.locator(".am-finder").filter(has_text=words).wait_for(state="visible", timeout=10_000)
        assert query.startswith("{") is ("q=" not in page.url), query


def test_a_link_of_the_answer_leads_to_what_was_asked_for(open_page: OpenPage, site_url: str) -> None:
    page = open_page()
    for query, link, words in LED_ON:
        page.goto(site_url)
        page.locator("#finder-query").fill(query)
        page.locator("#finder-query").press("Enter")
        page.locator(f".am-card {link}").first.click()
        page.wait_for_function(IN_VIEW, arg=words)


def test_on_paper_there_are_tables_and_no_controls(open_page: OpenPage) -> None:
    page = open_page("requirements/")
    page.emulate_media(media="print")
    assert page.locator("article table").first.is_visible()
    assert page.locator(".am-filter, .headerlink, .md-header, .md-sidebar").locator("visible=true").count() == 0


def test_answers_stand_in_the_first_screen_of_their_pages(open_page: OpenPage, site_url: str) -> None:
    page = open_page()
    for path, words, about in PRESSED:
        page.goto(site_url + path, wait_until="networkidle")
        assert page.evaluate(IN_VIEW, words), about


@pytest.mark.long
def test_search_has_the_right_page_among_the_first_two(open_page: OpenPage) -> None:
    page = open_page()
    box = page.locator("input.md-search__input")
    box.click()
    for words, where in SEARCHED.items():
        box.fill(words)
        page.wait_for_function(FIRST_TWO, arg=where, polling=200, timeout=10_000)


def test_the_front_page_is_light(open_page: OpenPage) -> None:
    page = open_page()
    answers: list[Any] = []
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it takes functions alone
    with page.expect_response(lambda answer: "search_index" in answer.url):  # the heaviest part
        page.reload()
    page.locator(".am-finder[data-ready]").wait_for()
    page.wait_for_load_state("networkidle")

    sizes = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
    assert sum(sizes.values()) < BUDGET, sizes


def test_the_field_and_the_links_work_from_disk(chromium: Any, built_site: BuiltSite) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto((built_site.pages / "index.html").as_uri())
    page.locator("#finder-query").fill("gpt-5-codex")
    page.locator("#finder-query").press("Enter")
    page.locator(".am-card-title a").last.click()
    page.wait_for_url("**/providers/openai/index.html")
    context.close()


def test_rows_of_a_table_are_cards_on_a_phone(open_page: OpenPage) -> None:
    """The path, which is the answer, stands in the window and under its model."""
    page = open_page("#models", size="phone")
    row = page.locator("tr").filter(has_text="gpt-5-codex").first
    path = row.locator("td").filter(has_text="/api/provider/openai/v1/responses")
    box = path.bounding_box()

    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["y"] > row.locator("td").first.bounding_box()["y"]


def test_a_filter_lists_its_hits_and_copies_have_no_prompt(open_page: OpenPage, site_url: str) -> None:
    page = open_page("errors/?filter=SHARED_QUOTA")
    hit = page.locator("#rensei-shared-quota-exceeded")
    assert hit.bounding_box()["y"] < 800
    assert not page.locator("#cliproxyapi").is_visible()

    page.goto(site_url + "evidence/kill-matrix/?filter=body-key-used", wait_until="networkidle")
    assert page.locator("tr:has(#body-key-used)").is_visible()
    assert page.locator("article details:visible").count() == 2

    page.goto(site_url + "guides/run-against-staging/", wait_until="networkidle")
    page.locator(".highlight .md-code__button, .highlight .md-clipboard").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == "ampmap-conformance run"
