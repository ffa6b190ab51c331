"""What readers do: somebody with a 404 at night, somebody who writes a proxy, somebody who compares two clients."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ampmap_generator.vendored.reference import Reference

OpenPage = Callable[..., Any]
FIELD = re.compile("^Model, mode, path, status")


def seen(locator: Any, words: str) -> None:
    """Waits until an element with these words is shown."""
    locator.filter(has_text=words).first.wait_for(state="visible", timeout=20_000)


def test_a_model_is_found_by_typing_and_followed_to_its_provider(open_page: OpenPage) -> None:
    page = open_page()
    box = page.get_by_role("combobox", name=FIELD)
    box.click()
    page.keyboard.type("codex")
    page.get_by_role("option").filter(has_text=re.compile("^gpt-5-codex")).wait_for()
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == "finder-option-0"
    page.keyboard.press("Enter")
    seen(page.locator(".am-card-title"), "gpt-5-codex")

    page.get_by_role("button", name="Copy the URL").click()
    page.get_by_role("button", name="Copy the URL").filter(has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "https://ampcode.com/api/provider/openai/v1/responses"

    page.locator(".am-card-title a").last.click()
    page.wait_for_url("**/providers/openai/")
    seen(page.locator("h1"), "OpenAI")
    assert page.get_by_text("/api/provider/openai/v1").count() > 0


def test_the_address_can_be_shared(open_page: OpenPage) -> None:
    """`amp_url` too: its path is dropped, as the client's `new URL` does."""
    page = open_page("?q=smart&amp_url=https%3A%2F%2Fproxy.example.com%2Fignored")
    seen(page.locator(".am-url-text"), "https://proxy.example.com/api/provider/anthropic/v1/messages")
    page.get_by_label("amp.url").fill("http://127.0.0.1:8317")
    seen(page.locator(".am-url-text"), "http://127.0.0.1:8317/api/provider/anthropic/v1/messages")
    assert page.url.endswith("?q=smart&amp_url=http://127.0.0.1:8317")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("/api/provider/google/v1beta/models/gemini-2.5-pro:streamGenerateContent", "Google"),
        ("/api/provider/groq/openai/v1/chat/completions", "Groq"),
        ("/threads.rss", "Amp's own servers"),
        ("gpt-5-codx", "Did you mean gpt-5-codex"),
        ("sonoma-sky-alpha", "Bypasses the proxy"),
    ],
)
def test_paths_mistakes_and_what_bypasses_the_proxy_are_answered(open_page: OpenPage, query: str, says: str) -> None:
    page = open_page()
    page.get_by_role("combobox", name=FIELD).fill(query)
    page.keyboard.press("Enter")
    seen(page.locator(".am-finder"), says)


def test_an_edition_is_switched_and_supernova_is_gone(open_page: OpenPage, editions: Mapping[str, Reference]) -> None:
    gone = next(model for model in next(iter(editions.values())).models.values() if model.provider == "supernova")
    page = open_page(f"?q={gone.id}")
    seen(page.locator(".am-card-title"), gone.id)
    page.get_by_label("Edition").select_option(list(editions)[-1])
    seen(page.locator(".am-finder-status"), f"does not know {gone.id}")
    page.get_by_role("button", name=next(iter(editions))).click()
    seen(page.locator(".am-card-title"), gone.id)


def test_a_mode_of_todays_client_is_answered(open_page: OpenPage) -> None:
    page = open_page("?q=ultra")
    seen(page.locator(".am-finder-status"), "This holds for amp-0.0.1790142911")
    seen(page.locator(".am-finder"), "Amp's own servers; no model call of the client passes a proxy")
    seen(page.locator(".am-timeline tr[aria-current=true]"), "claude-fable-5-1")
    page.get_by_role("button", name="Show 2026-07").click()
    seen(page.locator(".am-timeline tr[aria-current=true]"), "claude-fable-5,")


def test_a_code_is_searched_and_its_meaning_found(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("input.md-search__input").click()
    page.keyboard.type("SHARED_QUOTA_EXCEEDED")
    page.locator('a.md-search-result__link[href*="#rensei-shared-quota-exceeded"]').first.click()
    page.wait_for_url("**/errors/**")
    seen(page.locator("article"), "soft quota")
    assert page.locator("#rensei-shared-quota-exceeded").is_visible()


def test_a_requirement_tells_what_kills_it(open_page: OpenPage) -> None:
    page = open_page("requirements/")
    page.get_by_role("link", name="auth.body-key-ignored").first.click()
    page.wait_for_url("**/requirements/auth/#body-key-ignored")
    page.get_by_role("link", name="body-key-used").first.click()
    page.wait_for_url("**/evidence/kill-matrix/**")
    seen(page.locator("tr:has(#body-key-used)"), "Calls the upstream with the key")


def test_without_scripts_the_tables_answer(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    row = page.locator("tr").filter(has_text="gpt-5-codex").first
    assert row.is_visible()
    assert "/api/provider/openai/v1/responses" in row.inner_text()


FAULTS_OF_PICTURES = """() => [...document.querySelectorAll(".am-picture")].flatMap((picture) => {
  const place = (element) => element.getBoundingClientRect();
  const boxes = [...picture.querySelectorAll(".am-box")];
  const sheet = place(picture);
  const outside = boxes.filter((box) => place(box).left < sheet.left - 1 || place(box).right > sheet.right + 1);
  const cut = boxes.filter((box) => box.scrollWidth > box.clientWidth);
  const covered = boxes.filter((box, index) => boxes.slice(index + 1).some((other) => {
    const [a, b] = [place(box), place(other)];
    return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  }));
  const size = (line) => parseFloat(getComputedStyle(line).fontSize);
  const small = [...picture.querySelectorAll("span")].filter((line) => size(line) < 12);
  return Object.entries({ outside, cut, covered, small }).flatMap(([kind, found]) =>
    found.map((element) => `${kind}: ${element.textContent}`));
})"""


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "providers/anthropic/",
        "providers/openrouter/",
        "fallback/",
        "auth-modes/",
        "endpoints/anthropic-messages/",
        "endpoints/openai-chat/",
    ],
)
def test_no_text_of_a_picture_is_cut_covered_or_small(open_page: OpenPage, path: str, size: str) -> None:
    page = open_page(path, size=size)
    assert page.locator(".am-picture").count() > 0
    assert page.evaluate(FAULTS_OF_PICTURES) == []


def test_the_map_leads_on_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    page.locator(".am-map a.am-box").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/providers/*/")


IN_SCHEME = "scheme => document.body.setAttribute('data-md-color-scheme', scheme)"
PHOTOGRAPHED = {
    "front": "",
    "route": "?q=gpt-5-codex",
    "log": "?q=POST%20/api/provider/groq/v1/chat/completions%20404",
    "provider": "providers/anthropic/",
    "models": "models/",
    "headers": "headers/",
    "fallback": "fallback/",
    "auth-modes": "auth-modes/",
    "errors": "errors/",
    "requirements": "requirements/",
    "implementations": "evidence/implementations/",
    "downloads": "downloads/",
}


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_pages_are_photographed(open_page: OpenPage, site_url: str, pictures: Path, size: str) -> None:
    """In both schemes, for those who look at what a change of the site does; no picture is blank."""
    page = open_page(size=size)
    for name, path in PHOTOGRAPHED.items():
        page.goto(site_url + path, wait_until="networkidle")
        for scheme in ("light", "dark"):
            page.evaluate(IN_SCHEME, {"light": "default", "dark": "slate"}[scheme])
            target = pictures / f"{name}-{size}-{scheme}.png"
            page.screenshot(path=target)
            assert target.stat().st_size > 10_000, name
