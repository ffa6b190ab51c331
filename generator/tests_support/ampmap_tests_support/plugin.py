"""Fixtures for both trees of tests, and a line in pytest's summary on programs that are not installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from types import ModuleType
from typing import Any

import pytest

from ampmap_tests_support import nginx as nginx_helpers
from ampmap_tests_support.ports import reserved_address
from ampmap_tests_support.programs import describe_skips, need_program

pytest_plugins = ["pytester"]


def pytest_configure(config: pytest.Config) -> None:
    """Keeps compiled modules in pytest's cache for all processes, where the environment wants none beside the sources.

    Without them each worker and each command that a test starts compiles some thousand modules again.
    """
    if sys.dont_write_bytecode and (cache := getattr(config, "cache", None)):
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(cache.mkdir("bytecode"))
        sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the long tests, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: half as many more workers as processors, since many tests wait for sockets or a browser."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + max(1, processors // 2)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Lets a worker that is done take tests from another one, unless `--dist` says how tests are shared out."""
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of these tests alone."""
    parser.addoption("--update-goldens", action="store_true", help="Write the files that golden tests compare with.")


@pytest.fixture
def reserved() -> Iterator[str]:
    """`127.0.0.1:PORT`, at which a server that the test starts later can listen."""
    with reserved_address() as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, started once: a process can hold a single session of Playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("playwright is not installed")
    path = need_program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def nginx() -> ModuleType:
    """The helpers of `ampmap_tests_support.nginx`."""
    need_program("nginx")
    return nginx_helpers


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js."""
    return need_program("node")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Says what to install for the tests that were skipped for want of a program, below the list of skips."""
    yield
    # A skip's `longrepr` is (file, line, reason), also after xdist brought the report from a worker.
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", [])]
    if line := describe_skips(where[2] for where in skipped if isinstance(where, tuple)):
        terminalreporter.write_line(line, yellow=True)
