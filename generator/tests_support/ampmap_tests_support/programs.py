"""Programs that some tests run; without one of them those tests are skipped, and the summary says what to install."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import pytest

PLACES = ("/usr/sbin", "/usr/local/sbin")
"""Where Debian puts servers; the PATH of an ordinary user does not always list these folders."""


@dataclass(frozen=True)
class Program:
    """Names under which a program may be installed, and the Debian package that brings it."""

    names: tuple[str, ...]
    package: str


PROGRAMS = {
    "bash": Program(("bash",), "bash"),
    "caddy": Program(("caddy",), "caddy"),
    "chromium": Program(("chromium", "chromium-browser", "google-chrome"), "chromium"),
    "curl": Program(("curl",), "curl"),
    "haproxy": Program(("haproxy",), "haproxy"),
    "nginx": Program(("nginx",), "nginx-light"),
    "node": Program(("node", "nodejs"), "nodejs"),
    "npm": Program(("npm",), "npm"),
    "openssl": Program(("openssl",), "openssl"),
}

REASON = "{} is not installed (Debian: {})"
SAID = re.compile(r"\w+ is not installed \(Debian: (?P<package>[\w.+-]+)\)")


def find_program(name: str) -> str | None:
    """The path of a program of `PROGRAMS`; None when it is not installed."""
    path = os.pathsep.join([*filter(None, [os.environ.get("PATH")]), *PLACES])
    return next(filter(None, (shutil.which(each, path=path) for each in PROGRAMS[name].names)), None)


def need_program(name: str) -> str:
    """The path of a program of `PROGRAMS`; the test that asks for one that is not installed is skipped."""
    __tracebackhide__ = True  # the place of a skip is the test, not this line
    return find_program(name) or skip_without(name)


def skip_without(name: str) -> NoReturn:
    """Skips the test, and names the package that brings the program."""
    __tracebackhide__ = True
    pytest.skip(REASON.format(name, PROGRAMS[name].package))


def describe_skips(reasons: Iterable[str]) -> str:
    """One line on the tests that were skipped for want of a program, from the reasons of all skips; or nothing."""
    packages = [said["package"] for reason in reasons if (said := SAID.search(reason))]
    if not packages:
        return ""
    tests = "1 test was" if len(packages) == 1 else f"{len(packages)} tests were"
    them = "it" if len(packages) == 1 else "them"
    return f"{tests} skipped: install {', '.join(sorted(set(packages)))} (Debian) to run {them}"
