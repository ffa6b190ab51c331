"""Gateways that are wrong in the usual ways: the first screen names each cause and its remedy, which mends it.

The whole suite runs on one of them by `nox -s proxies -- --home conformance/tests/proxies/gateways nginx`.
"""

from __future__ import annotations

import os
import runpy
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.causes import importance
from ampmap_conformance.report.diff import difference
from ampmap_conformance.report.model import Cause, Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.remedies import remedies_of
from ampmap_conformance.report.screen import MOST_CAUSES, cause_lines
from ampmap_conformance.verdicts import Verdict
from ampmap_tests_support.places import CONFORMANCE
from ampmap_tests_support.programs import PROGRAMS, need_program

PROXIES = CONFORMANCE / "proxies"
GATEWAYS = Path(__file__).parent / "gateways"
INSTALLED = CONFORMANCE.parent / "build/proxies"
"""Where `nox -s proxies` puts the packages of proxies."""
SERVERS = {"go": "go-reverseproxy"}
"""Ids of servers that are not the name of their gateway."""

Found = Mapping[str, str]
"""A row of `found.yaml`."""


def found_in(gateway: str) -> list[Found]:
    """What is wrong in a gateway, gravest first."""
    rows: list[Found] = yaml.safe_load((GATEWAYS / gateway / "found.yaml").read_text(encoding="utf-8"))
    return rows


def packages_of(recipe: Mapping[str, Any], gateway: str) -> Path | None:
    """Where `nox -s proxies` puts what a gateway needs beside Debian's programs; None for one that needs no more."""
    if "install" in recipe:
        return INSTALLED / "packages" / gateway
    return INSTALLED / "packages" / "cache" if "build" in recipe else None


def there(*gateways: str) -> list[str]:
    """Those of which nothing has to be installed by `nox -s proxies -- --quick` first, or of which it was.

    Continuous integration tests the others after that session.
    """
    recipes = {name: yaml.safe_load((GATEWAYS / name / "recipe.yaml").read_text(encoding="utf-8")) for name in gateways}
    needed = {name: packages_of(recipe, name) for name, recipe in recipes.items()}
    return [name for name, folder in needed.items() if folder is None or folder.is_dir()]


def mended(text: str, row: Found, lines: str) -> str:
    """A configuration with the lines of a remedy in the place that a row names, as far in as what stands there."""
    (where, anchor), *more = [(key, row[key]) for key in ("before", "after", "replace") if key in row]
    assert not more
    if "upstream" in row:
        assert row["upstream"] in lines
        lines = lines.replace(row["upstream"], row["here"])
    if "first" in row:
        first, _, lines = lines.partition("\n")
        text = mended(text, {"before": row["first"]}, first)
    kept: list[str] = []
    is_in = False
    for line in text.splitlines():
        here, added = anchor in line, indent(lines, line[: len(line) - len(line.lstrip())])
        if where == "before" and here:
            kept.append(added)
        if "drop" in row and row["drop"] in line:
            continue
        if not (where == "replace" and here):
            kept.append(line)
        elif not is_in:
            kept.append(added)
        if where == "after" and here:
            kept.append(added)
        is_in = is_in or here
    assert is_in, f"nothing has {anchor!r}"
    return "\n".join(kept) + "\n"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Starts a gateway with an observer behind it: `started("nginx", mends)`; its target file.

    A test of a gateway whose programs are not installed is skipped.
    """
    monkeypatch.syspath_prepend(str(PROXIES))
    setting_up = runpy.run_path(str(PROXIES / "setting_up.py"))
    read, token = setting_up["Recipe"].model_validate, setting_up["TOKEN"]

    @contextmanager
    def start(gateway: str, change: Callable[[str], str] = str) -> Iterator[Path]:
        home = tmp_path / "homes" / gateway
        shutil.copytree(GATEWAYS / gateway, home, dirs_exist_ok=True)
        recipe = read(yaml.safe_load((home / "recipe.yaml").read_text(encoding="utf-8")))
        for program in recipe.needs:
            if program in PROGRAMS:
                need_program(program)
        configuration = home / recipe.configuration
        configuration.write_text(change(configuration.read_text(encoding="utf-8")), encoding="utf-8")
        keys = {name: f"sk-{secrets.token_hex(16)}" for name in (*recipe.client_keys, token)}
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        build = tmp_path / "build"  # logs are this test's own, and packages are shared
        (build / gateway).mkdir(parents=True, exist_ok=True)
        if (INSTALLED / "packages").is_dir() and not (build / "packages").exists():
            (build / "packages").symlink_to(INSTALLED / "packages")
        with setting_up["started"](home, recipe, build, {**os.environ, **keys}) as target:
            yield target

    return start


def wrong(report: Report) -> list[Cause]:
    """The causes of what fails or is warned of, in the order of the report."""
    return [cause for cause in report.causes if cause.verdict in (Verdict.FAIL, Verdict.WARN)]


def selection(rows: Sequence[Found]) -> tuple[str, ...]:
    """The cases that show what is wrong."""
    return tuple(f"{row['requirement']}{row['select']}" for row in rows)


def in_steps(rows: Sequence[Found]) -> list[Sequence[Found]]:
    """What is mended from one run to the next: at first nothing, the first three one by one, then all the rest."""
    return [[], *([row] for row in rows[:3]), rows[3:]]


@pytest.mark.long
@pytest.mark.parametrize("gateway", there("nginx", "haproxy", "express", "fastapi", "go", "caddy", "litellm"))
def test_what_is_wrong_is_named_and_mended(
    gateway: str, started: Callable[..., Any], run: Callable[..., RunOutcome], reference: Reference
) -> None:
    """The lines come from the spec, and stand in the place that the remedy's sentence names."""
    server, rows = SERVERS.get(gateway, gateway), found_in(gateway)
    remedies = {
        name: one.remedy
        for name in (row["requirement"] for row in rows)
        for one in remedies_of(name, reference)
        if one.server.id == server
    }
    text = ""

    def change(found: str) -> str:
        nonlocal text
        text = text or found
        return text

    reports, still = [], list(rows)
    for step in in_steps(rows):
        for row in step:
            text = mended(text, row, remedies[row["requirement"]].lines)
            still.remove(row)
        with started(gateway, change) as target:
            reports.append(run(target=target, select=selection(rows)).report)
        broken = {name for cause in wrong(reports[-1]) for name in cause.requirements}
        assert broken == {row["requirement"] for row in still}

    assert reports[0].server is not None
    assert reports[0].server.id == server
    causes = wrong(reports[0])
    importances = [importance(cause) for cause in causes]
    assert importances == sorted(importances)
    assert {(cause.remedy.server, cause.remedy.lines) for cause in causes if cause.remedy} == {
        (server, remedy.lines.rstrip("\n")) for remedy in remedies.values()
    }
    screen = [str(line) for line in cause_lines(reports[0], 100)]
    assert sum(line.startswith("      remedy ") for line in screen) == min(len(causes), MOST_CAUSES)
    compared = difference(reports[0], reports[-1])
    assert {change.id.partition("[")[0] for change in compared.fixes} == remedies.keys()
    assert not compared.regressions
