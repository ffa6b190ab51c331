"""The page of a report, opened in a browser: what it filters and shows, and that it asks for nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.report.model import Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.page import to_html
from ampmap_conformance.verdicts import Verdict

Run: TypeAlias = Callable[..., RunOutcome]
Made: TypeAlias = Callable[..., Report]

NASTY = "<b>&\"'\x00\x1b]]> | `x`\n| a | <script>alert(1)</script>"


@pytest.fixture(scope="module")
def leaky(run: Run) -> Report:
    """A run in which some cases fail and some pass."""
    select = ("headers.client-credential-replaced", "routing.warm-up")
    return run(defects=("query-key-forwarded",), select=select).report


class Opened:
    """A page in the browser, with all that it asked for and complained about."""

    def __init__(self, browser: Any, file: Path, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())

    def shown(self) -> list[str]:
        """Ids of the cases that are to be seen."""
        script = "all => all.filter(item => item.offsetParent !== null).map(item => item.id)"
        found: list[str] = self.page.eval_on_selector_all(".case", script)
        return found


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens the page of a report."""
    pages: list[Opened] = []

    def page(report: Report, **options: Any) -> Opened:
        file = tmp_path / "report.html"
        file.write_bytes(to_html(report))
        pages.append(Opened(chromium, file, **options))
        return pages[-1]

    yield page
    for one in pages:
        one.context.close()
        assert one.complaints == []
        assert all(urlsplit(url).scheme in ("file", "data") for url in one.requests), one.requests


MIXED = {
    "auth.missing-credential-rejected[groq-chat.completions]": "pass",
    "auth.missing-credential-rejected[xai-models.list]": "fail",
    "headers.forwarded[groq-chat.completions-stream]": "fail",
    "headers.forwarded[groq-models.list]": "known-failure",
    "headers.forwarded[xai-models.list]": "pass",
}


def test_the_page_filters_by_verdict_profile_and_text(made_report: Made, opened: Callable[..., Opened]) -> None:
    one = opened(made_report(MIXED, verdict="non-conformant", exit_code=1))
    page = one.page
    assert one.shown() == [name for name, verdict in MIXED.items() if verdict != "pass"]
    assert page.inner_text("#shown") == "3 of 5 cases"

    page.check("input[value=pass]")
    assert sorted(one.shown()) == sorted(MIXED)
    page.uncheck("input[value=fail]")
    assert sorted(one.shown()) == sorted(name for name, verdict in MIXED.items() if verdict != "fail")
    page.check("input[value=fail]")
    page.select_option("select", "auth")
    assert sorted(one.shown()) == sorted(name for name in MIXED if name.startswith("auth."))
    page.select_option("select", "")
    page.fill("input[type=search]", "LIST xai")
    xai = ["auth.missing-credential-rejected[xai-models.list]", "headers.forwarded[xai-models.list]"]
    assert sorted(one.shown()) == xai
    page.fill("input[type=search]", "why known-failure")
    assert one.shown() == ["headers.forwarded[groq-models.list]"]
    page.fill("input[type=search]", "no such thing")
    assert one.shown() == []
    assert not page.is_visible("main h2")

    page.fill("input[type=search]", "groq")
    page.uncheck("input[value=known-failure]")
    shown = one.shown()
    assert len(shown) == 2
    page.reload()
    assert one.shown() == shown


def test_the_page_shows_both_hops_with_times_and_copies_the_reproduction(
    leaky: Report, opened: Callable[..., Opened]
) -> None:
    failing = next(r for r in leaky.results if r.verdict is Verdict.FAIL)
    one = opened(leaky, permissions=["clipboard-read", "clipboard-write"])
    case = one.page.locator(f"[id='{failing.id}']")
    case.locator("summary").click()
    text = case.inner_text()
    exchange = failing.exchanges[0]
    upstream = exchange.upstream[0]
    for hop in ("client to proxy", "proxy to client", f"proxy to {upstream.persona}", f"{upstream.persona} to proxy"):
        assert hop in text
    for part in (exchange.request, exchange.response, upstream.request):
        assert part.start in text
    assert len(re.findall(r"\d (?:ms|s)\b", text)) >= 4
    assert failing.expected in text
    case.get_by_role("button", name="copy: again").click()
    assert one.page.evaluate("navigator.clipboard.readText()") == failing.reproduce.command
    case.get_by_role("button", name="copy: curl").click()
    assert one.page.evaluate("navigator.clipboard.readText()") == failing.reproduce.curl


def test_the_page_is_used_by_keyboard_alone(made_report: Made, opened: Callable[..., Opened]) -> None:
    one = opened(made_report(MIXED, verdict="non-conformant", exit_code=1))
    first, second = one.shown()[:2]
    keyboard = one.page.keyboard
    keyboard.press("j")
    keyboard.press("j")
    keyboard.press("Enter")
    assert one.page.get_attribute(f"[id='{second}']", "open") is not None
    keyboard.press("k")
    assert one.page.evaluate("document.activeElement.parentElement.id") == first
    keyboard.press("/")
    keyboard.type("models.list")
    assert one.shown()
    assert all("models.list" in name for name in one.shown())
    keyboard.press("Escape")
    assert len(one.shown()) == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read_in_either_scheme_and_on_a_phone(
    leaky: Report, opened: Callable[..., Opened], scheme: str
) -> None:
    one = opened(leaky, color_scheme=scheme, viewport={"width": 360, "height": 740})
    one.page.click("[data-all=open]")
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 360
    ratios = one.page.evaluate(CONTRASTS)
    assert len(ratios) > 20
    assert min(ratios) >= 4.5


CONTRASTS = """() => {
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const ground = (item) => {
    for (let at = item; at; at = at.parentElement) {
      const found = parts(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
  };
  return [...document.querySelectorAll("body *")]
    .filter((item) => item.offsetParent && [...item.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((item) => [light(parts(getComputedStyle(item).color)), light(ground(item))].sort((a, b) => b - a))
    .map(([one, other]) => (one + 0.05) / (other + 0.05));
}"""
"""The contrast of every text on the page with what is behind it (WCAG 2)."""


def test_what_a_target_says_does_not_become_part_of_the_page(made_report: Made, opened: Callable[..., Opened]) -> None:
    report = made_report({"auth.a[x]": "fail"}, results={"actual": NASTY, "reason": NASTY})
    one = opened(report)
    assert one.page.locator("main b").count() == 0
    assert one.page.locator("script").count() == 1
    one.page.click("summary")
    assert "<script>alert(1)</script>" in one.page.inner_text("main")


def test_without_scripts_the_page_shows_all_cases(leaky: Report, opened: Callable[..., Opened]) -> None:
    one = opened(leaky, java_script_enabled=False)
    for folded in one.page.locator(".more > summary").all():
        folded.click()
    assert one.page.locator(".case >> visible=true").count() == len(leaky.results)
    assert not one.page.is_visible("form")


def test_the_page_holds_all_that_it_shows(leaky: Report) -> None:
    text = to_html(leaky).decode()
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert not re.findall(r"url\(|@import", text)
    assert "default-src 'none'" in html.unescape(text)
