"""The suite under pytest: every case is an item of its own.

pytest --pyargs ampmap_conformance.suite --target staging.yaml -k fallback
"""

from __future__ import annotations

import inspect
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ..checks.registry import check_of
from ..engine.ahead import Ahead
from ..engine.judge import Outcome
from ..engine.options import DEFAULT_WORKERS, RunOptions
from ..engine.plan import Task
from ..engine.session import Session
from ..errors import SuiteError, UnreachableError, UsageError
from ..verdicts import BROKEN, ExitCode, Verdict
from .open import open_run
from .smoke import smoke

NAME = "ampmap-suite"
SKIPPED = frozenset({Verdict.NOT_APPLICABLE, Verdict.NOT_TESTABLE, Verdict.BLOCKED})
EXPECTED_TO_FAIL = frozenset({Verdict.WARN, Verdict.KNOWN_FAILURE})


class CaseItem(pytest.Item):
    """One case. What another thread found out about it is raised here, in the order of the items."""

    def __init__(self, *, task: Task, suite: SuitePlugin, **rest: Any) -> None:
        super().__init__(**rest)
        self.task = task
        self._suite = suite

    def runtest(self) -> None:
        """Raises what the check found; skips what could not be tested."""
        outcome = self._suite.take(self.task)
        if outcome.verdict in SKIPPED:
            pytest.skip(f"{outcome.verdict.value}: {outcome.reason}")
        if outcome.verdict in BROKEN and not self._suite.scores(self.task):
            pytest.xfail(f"unscored in this release: {outcome.reason}")
        if outcome.verdict in EXPECTED_TO_FAIL:
            pytest.xfail(f"{outcome.reason}: expected {outcome.expected}, actual {outcome.actual}")
        if outcome.error is not None:
            raise outcome.error

    def reportinfo(self) -> tuple[Path, int, str]:
        """File and line of the check, and the case's id."""
        line = inspect.unwrap(self.task.check.function).__code__.co_firstlineno
        return self.path, line, self.task.id


class SuitePlugin:
    """Collects cases for checks and runs them, against the target that pytest's options name."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._ahead: Ahead | None = None
        self._opened = ExitStack()

    def scores(self, task: Task) -> bool:
        """Whether an item's task counts."""
        return self._session is None or self._session.release.scores(task.row)

    def take(self, task: Task) -> Outcome:
        """The outcome of an item's task."""
        if self._ahead is None:
            raise SuiteError("a case was run before the collection ended")
        return self._ahead.take(task)

    def pytest_collection(self, session: pytest.Session) -> None:
        """Opens a target that the user names, so that a bad one ends the run here with its exit code."""
        named = ("ampmap_target", "ampmap_base_url")
        if self._session is None and any(session.config.getoption(name, None) for name in named):
            self._for(session.config)

    def pytest_pycollect_makeitem(self, collector: pytest.Module, obj: object) -> list[CaseItem] | None:
        """The cases of a check, in place of the function."""
        check = check_of(obj)
        if check is None:
            return None
        tasks = self._for(collector.config).plan.by_requirement.get(check.requirement, ())
        return [CaseItem.from_parent(collector, name=task.id, task=task, suite=self) for task in tasks]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Puts checks that must run alone behind all others."""
        items.sort(key=lambda item: item.task.check.pace.turn if isinstance(item, CaseItem) else 0)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Starts to work ahead on what is left after `-k` and the like."""
        items = [item for item in session.items if isinstance(item, CaseItem)]
        if self._session is None or not items or session.config.option.collectonly:
            return
        workers = 1 if session.config.option.usepdb else self._session.options.workers
        self._ahead = Ahead(self._session.engine, [item.task for item in items], workers=workers)

    def pytest_sessionfinish(self) -> None:
        """Stops the workers, then whatever was opened here."""
        if self._ahead is not None:
            self._ahead.close()
        self._opened.close()

    def _for(self, config: pytest.Config) -> Session:
        if self._session is None:
            options = RunOptions(
                target=_path(config.getoption("ampmap_target", None)),
                base_url=config.getoption("ampmap_base_url", None),
                observer=config.getoption("ampmap_observer", None),
                profiles=tuple(config.getoption("ampmap_profile", None) or ()),
                workers=config.getoption("ampmap_workers", None) or DEFAULT_WORKERS,
                strict=bool(config.getoption("ampmap_strict", None)),
                repeat=config.getoption("ampmap_repeat", None) or 1,
                max_requests=config.getoption("ampmap_max_requests", None),
                rate=config.getoption("ampmap_rate", None),
            )
            try:
                self._session = self._opened.enter_context(open_run(options))
                if not config.option.collectonly:
                    smoke(self._session.context)
            except UsageError as error:
                pytest.exit(str(error), returncode=ExitCode.USAGE)
            except SuiteError as error:
                pytest.exit(str(error), returncode=ExitCode.KIT_ERROR)
            except UnreachableError as error:
                pytest.exit(str(error), returncode=ExitCode.UNREACHABLE)
        return self._session


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of plain pytest; `ampmap-conformance run` has more."""
    group = parser.getgroup("ampmap", "conformance of a proxy for Amp")
    group.addoption("--target", dest="ampmap_target", metavar="FILE", help="target file of the proxy under test")
    group.addoption("--base-url", dest="ampmap_base_url", metavar="URL", help="URL of the proxy under test")
    group.addoption(
        "--observer", dest="ampmap_observer", metavar="URL", help="URL that the proxy's upstreams are set to"
    )
    group.addoption(
        "--ampmap-profile",
        action="append",
        metavar="NAME",
        help="include only this profile; `fuzz` runs only if it is named",
    )
    group.addoption("--ampmap-workers", type=int, metavar="N", help="number of cases to run concurrently")
    group.addoption("--ampmap-repeat", type=int, metavar="N", help="number of times to run each case")
    group.addoption(
        "--ampmap-max-requests", type=int, metavar="N", help="maximum number of requests to send to the target"
    )
    group.addoption("--ampmap-rate", type=float, metavar="R", help="maximum number of requests per second")
    group.addoption(
        "--ampmap-strict", action="store_true", help="fail broken requirements of level `should` instead of warning"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Takes part in this pytest run, in one process.

    Several processes would each send what all cases need, and each start an observer on the same port; checks that must
    run alone would not. `-n` of pytest-xdist therefore says how many cases run concurrently in this one.
    """
    if processes := config.getoption("numprocesses", None):
        config.option.ampmap_workers = config.option.ampmap_workers or processes
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []
    if not config.pluginmanager.has_plugin(NAME):
        config.pluginmanager.register(SuitePlugin(), NAME)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
