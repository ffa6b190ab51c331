"""The published site in a real browser: built once, served below a sub-path, every message and request recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ampmap_tests_support.places import CHECKOUT

from ..support import SUB_PATH, BuiltSite

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 740}}


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *_: Any) -> None:
        """Nothing: pytest's output is no access log."""


@pytest.fixture(scope="session")
def site_url(built_site: BuiltSite) -> Iterator[str]:
    """Where the site is served; ends with a slash."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(built_site.www))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{SUB_PATH}/"
        server.shutdown()
        thread.join()


@dataclass(slots=True)
class Seen:
    """What a browser did beside what it was asked for."""

    errors: list[str] = field(default_factory=list)
    """Messages of the console at level error, exceptions that nobody caught, and answers from 400 on."""
    foreign: list[str] = field(default_factory=list)
    """URLs that are not the site's."""

    def watch(self, page: Any, site_url: str) -> None:
        """Records what `page` does from now on."""
        own = site_url.partition(SUB_PATH)[0]
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and self.errors.append(f"{answer.status} {answer.url}"))
        page.on("request", lambda request: request.url.startswith((own, "data:")) or self.foreign.append(request.url))


OpenPage = Callable[..., Any]


@pytest.fixture
def open_page(chromium: Any, site_url: str) -> Iterator[OpenPage]:
    """Opens a page by its path below the site; at the end, no error was seen and no request left the site."""
    seen = Seen()
    contexts = []

    def open_one(path: str = "", size: str = "desktop", **options: Any) -> Any:
        context = chromium.new_context(viewport=SIZES[size], reduced_motion="reduce", **options)
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        seen.watch(page, site_url)
        page.goto(site_url + path, wait_until="networkidle")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert seen.errors == []
    assert seen.foreign == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go, for the artefacts of a CI run: build/screenshots of the checkout."""
    folder = CHECKOUT / "build/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
