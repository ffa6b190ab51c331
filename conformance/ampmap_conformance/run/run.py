"""A whole run: open, smoke, check, report."""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ..baseline import file as baselines
from ..baseline.watch import Watch
from ..cases.selection import parse
from ..engine.judge import Outcome
from ..engine.session import RunOptions, Session, opened, smoke
from ..errors import Failure, SuiteError
from ..reference.types import Reference
from ..report.build import make_report, make_result
from ..report.model import Notice, Result
from ..report.outcome import RunOutcome
from ..verdicts import BROKEN, exit_code
from . import completeness
from .claims import unclaimed_but_there

UNANSWERED = (Failure.DROPPED, Failure.TIMEOUT)
FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
UNUSED = (
    "terminal", "cacheprovider", "junitxml", "logging", "faulthandler", "unraisableexception", "threadexception",
)  # fmt: skip
"""Plugins of pytest's own that do nothing for a run but take time."""


class Listener(Protocol):
    """Who watches a run."""

    def begin(self, session: Session) -> None:
        """The target is there; the checks begin."""

    def case(self, result: Result) -> None:
        """A case is decided; cases come in the order of the plan."""


def conformance(
    options: RunOptions, listener: Listener, *, reference: Reference | None = None, docs_url: str = ""
) -> RunOutcome:
    """Runs the selected cases against the target of `options`.

    Raises UsageError for bad options, UnreachableError when the target cannot be tested, and SuiteError for a fault of
    the kit.
    """
    baseline = baselines.load(options.baseline) if options.baseline else None
    with opened(options, reference) as session:
        traced = parse(options.trace, ((task.row.id, task.case.name) for task in session.plan.selected), "--trace")
        watch = Watch(baseline, session.plan, options.today or datetime.date.today()) if baseline else None
        results: list[Result] = []

        def told(outcome: Outcome) -> Outcome:
            entry = None
            if watch is not None:
                outcome, entry = watch.judged(outcome)
            row, case = outcome.task.row.id, outcome.task.case.name
            kept = any(pattern.matches(row, case) for pattern in traced)
            results.append(make_result(session, outcome, docs_url, known=entry.known() if entry else None, traced=kept))
            listener.case(results[-1])
            return outcome

        try:
            smoke(session)
            listener.begin(session)
            interrupted = run_suite(session, told)
        except KeyboardInterrupt:
            interrupted = True
        stopped = interrupted or options.fail_fast
        if not stopped and len(results) != len(session.plan.selected):
            raise SuiteError(f"{len(session.plan.selected)} cases were planned and {len(results)} decided")
        scored = [result for result in results if result.scored]
        missing = completeness.missing(session, scored)
        notices = unscored_failures(results) + completeness.lacking(session, results, missing)
        notices += maybe_crowded(results, options.workers)
        if not stopped:
            notices += unclaimed_but_there(session.plan, session.target, session.engine)
        use = watch.use() if watch else None
        stale = bool(use and use.problems)
        verdicts = (result.verdict for result in scored)
        code = exit_code(verdicts, missing=missing, interrupted=interrupted, stale_baseline=stale)
        report = make_report(
            session,
            results,
            code,
            missing=missing,
            interrupted=interrupted,
            baseline=use,
            notices=notices,
            docs_url=docs_url,
        )
        return RunOutcome(report=report, code=code, missing=missing)


def unscored_failures(results: list[Result]) -> tuple[Notice, ...]:
    """A notice for each requirement that does not score yet and is broken."""
    broken = Counter(result.requirement for result in results if not result.scored and result.verdict in BROKEN)
    return tuple(
        Notice(kind="unscored-failure", text=f"`{name}` does not score in this release; {count} of its cases fail")
        for name, count in broken.items()
    )


def maybe_crowded(results: list[Result], workers: int) -> tuple[Notice, ...]:
    """A notice where so many calls got no answer at all that a limit of connections may be why."""
    silent = sum(result.verdict in BROKEN and result.actual in UNANSWERED for result in results)
    if workers == 1 or silent < workers:
        return ()
    why = "if the proxy limits its connections, `--workers 1` makes one case at a time"
    return (Notice(kind="not-testable", text=f"{silent} cases got no answer; {why} (`tenancy` needs many at once)"),)


def run_suite(session: Session, told: Callable[[Outcome], Outcome]) -> bool:
    """Runs the cases by pytest; whether they were interrupted."""
    import pytest

    from .. import suite
    from .items import NAME, SuitePlugin

    folder = str(Path(suite.__file__ or "").parent)
    arguments = [folder, f"--rootdir={folder}", "-c", os.devnull, "--noconftest", "--capture=no"]
    arguments += [word for plugin in UNUSED for word in ("-p", f"no:{plugin}")]
    arguments += ["-x"] if session.options.fail_fast else []
    plugin = SuitePlugin(session, told)

    class Named:
        """Registers the plugin under its name."""

        def pytest_configure(self, config: pytest.Config) -> None:
            config.pluginmanager.register(plugin, NAME)

    with _own_environment():
        code = pytest.main(arguments, plugins=[Named()])
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        raise SuiteError("pytest could not run the suite")
    return code == pytest.ExitCode.INTERRUPTED


@contextmanager
def _own_environment() -> Iterator[None]:
    """No plugin and no option of the user's own pytest takes part."""
    before = {name: os.environ.pop(name) for name in FOREIGN if name in os.environ}
    autoload = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        os.environ.update(before)
        if autoload is None:
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = autoload
