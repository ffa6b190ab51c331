"""A whole run: open, smoke, check, report."""

from __future__ import annotations

import datetime
from collections.abc import Container, Generator
from contextlib import closing
from typing import Protocol

from ..baseline import file as baselines
from ..baseline.file import Baseline
from ..baseline.watch import Watch
from ..cases.selection import parse
from ..engine.ahead import Ahead
from ..engine.judge import Outcome
from ..engine.options import RunOptions
from ..engine.session import Session
from ..errors import SuiteError, UnreachableError, UsageError, place_of
from ..reference.types import Reference
from ..report.build import make_report, make_result
from ..report.model import Notice, Result
from ..report.outcome import RunOutcome
from ..report.remedies import Recogniser, server_called
from ..target.left_out import left_out
from ..verdicts import ExitCode, Verdict, exit_code
from . import completeness
from .bodies import SeenDialects
from .claims import unclaimed_but_there
from .notices import broken_controls, given_up, maybe_crowded, renamed, too_long, unscored_failures
from .open import open_run
from .smoke import smoke
from .told import Decided, Told, light

STOPPING = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.ERROR})
"""Verdicts after which `--fail-fast` ends a run, where the requirement scores."""


class Listener(Protocol):
    """Who watches a run."""

    def begin(self, session: Session) -> None:
        """The target is there; the checks begin."""

    def case(self, result: Result) -> None:
        """A case is decided; cases come in the order of the plan."""


def conformance(
    options: RunOptions,
    listener: Listener,
    *,
    reference: Reference | None = None,
    docs_url: str = "",
    told: Told | None = None,
) -> RunOutcome:
    """Runs the selected cases against the target of `options`.

    `told` has what earlier editions of the same run decided, which is not made again, and takes what this one decides.
    Where the target cannot be tested, the report says so and has no results. Raises UsageError for bad options,
    UnreachableError when a remote observer does not answer, and SuiteError for a fault of the kit.
    """
    baseline = baselines.load(options.baseline) if options.baseline else None
    with open_run(options, reference) as session:
        record = _Record(session, listener, baseline, docs_url)
        interrupted = False
        try:
            smoke(session.context)
            listener.begin(session)
            before = told.of(session) if told else {}
            for each in before.values():
                record.repeat(each)
            with closing(outcomes(session, without=before)) as decided:
                for outcome in decided:
                    result = record.add(outcome)
                    session.engine.lighten(outcome.task)
                    if options.fail_fast and result.scored and result.verdict in STOPPING:
                        break
        except UnreachableError as error:
            return record.unreachable(str(error))
        except KeyboardInterrupt:
            interrupted = True
        except (UsageError, SuiteError):
            raise
        except Exception as error:  # noqa: BLE001 - what was decided until then is reported all the same
            return record.failed(error)
        if told is not None:
            told.add(record.decided)
        return record.ended(interrupted=interrupted)


def outcomes(session: Session, *, without: Container[str] = ()) -> Generator[Outcome]:
    """The outcomes of the selected cases, in the order of the plan; those that must run alone come last.

    Cases whose id is among `without` are left out.
    """
    wanted = (task for task in session.plan.selected if task.id not in without)
    tasks = sorted(wanted, key=lambda task: task.check.pace.turn)
    ahead = Ahead(session.engine, tasks, workers=session.options.workers)
    try:
        for task in tasks:
            yield ahead.take(task)
    except BaseException:
        session.context.budget.stop()
        session.context.client.abandon()
        raise
    finally:
        ahead.close()


class _Record:
    """The results of a run as they come, and what they add up to."""

    def __init__(self, session: Session, listener: Listener, baseline: Baseline | None, docs_url: str) -> None:
        options, names = session.options, [(task.row.id, task.case.name) for task in session.plan.selected]
        self._session = session
        self._listener = listener
        self._docs_url = docs_url
        self._traced = parse(options.trace, names, "--trace", session.plan.renames)
        self._baseline = baseline
        self._watch = Watch(baseline, session.plan, options.today or datetime.date.today()) if baseline else None
        self._results: list[Result] = []
        self.decided: list[Decided] = []
        """The results, each with its outcome before a baseline was asked."""
        self._dialects = SeenDialects(session.target)
        servers = session.reference.remedies
        self._recogniser = Recogniser(servers)
        self._server = server_called(options.server, servers) if options.server else None
        self._selected = {task.id for task in session.plan.selected}
        self._roots: dict[str, Outcome] = {}
        """What is broken and keeps selected cases from being decided, where it was not selected itself."""
        self._known_roots: set[str] = set()
        """The same, of what the baseline knows."""

    def repeat(self, decided: Decided) -> None:
        """Takes the result of a case that an earlier edition of the run has, too; the baseline's entry has its use."""
        if self._watch is not None:
            self._watch.judged(decided.outcome)
        self._results.append(decided.result)
        self._listener.case(decided.result)

    def add(self, outcome: Outcome) -> Result:
        """Makes a result of an outcome, as the baseline has it, and tells the listener."""
        entry, found = None, outcome
        if self._watch is not None:
            outcome, entry = self._watch.judged(outcome)
        self._dialects.add(outcome)
        for exchange in outcome.exchanges:
            self._recogniser.see(exchange)
        self._note_root(outcome)
        row, case = outcome.task.row.id, outcome.task.case.name
        result = make_result(
            self._session,
            outcome,
            self._docs_url,
            known=entry.known() if entry else None,
            traced=any(pattern.matches(row, case) for pattern in self._traced),
        )
        self._results.append(result)
        self.decided.append(Decided(result, light(found)))
        self._listener.case(result)
        return result

    def _note_root(self, outcome: Outcome) -> None:
        root = outcome.root
        if root is None or root.task.id in self._selected or not self._session.release.scores(root.task.row):
            return
        if self._watch is not None:
            root, _ = self._watch.judged(root)
        if root.verdict in STOPPING:
            self._roots[root.task.id] = root
        elif root.verdict is Verdict.KNOWN_FAILURE:
            self._known_roots.add(root.task.id)

    def unreachable(self, why: str) -> RunOutcome:
        """The report of a run whose target could not be tested; `why` is a sentence."""
        code, notice = ExitCode.UNREACHABLE, Notice(kind="unreachable", text=self._session.scrubber.clean(why))
        report = make_report(self._session, (), code, notices=(notice, *self._put_back()), docs_url=self._docs_url)
        return RunOutcome(report=report, code=code, missing=(), observed=self._observed, unreachable=why)

    def failed(self, error: Exception) -> RunOutcome:
        """The report of a run that the kit itself ended by an error: what was decided until then."""
        text = f"the kit ended the run by an internal error, which says nothing of the target: {place_of(error)}"
        notices = (Notice(kind="kit-error", text=text), *self._put_back())
        report = make_report(
            self._session,
            self._results,
            ExitCode.KIT_ERROR,
            interrupted=True,
            notices=notices,
            docs_url=self._docs_url,
            server=self._server or self._recogniser.server,
        )
        return RunOutcome(report=report, code=ExitCode.KIT_ERROR, missing=(), observed=self._observed, fault=error)

    @property
    def _observed(self) -> bool:
        return self._session.context.observer is not None

    def _put_back(self) -> tuple[Notice, ...]:
        """Puts the target's own configuration back; a notice where that fails."""
        reloading = self._session.context.reloading
        why = reloading.put_back() if reloading is not None else ""
        return (Notice(kind="restore-failed", text=self._session.scrubber.clean(why)),) if why else ()

    def ended(self, *, interrupted: bool) -> RunOutcome:
        """The report and the exit code. Raises SuiteError when a planned case was lost."""
        session, options, results = self._session, self._session.options, self._results
        stopped, planned = interrupted or options.fail_fast, len(session.plan.selected)
        if not stopped and len(results) != planned:
            raise SuiteError(f"{planned} cases were planned and {len(results)} decided")
        scored = [result for result in results if result.scored]
        known = {result.id for result in results if result.verdict is Verdict.KNOWN_FAILURE} | self._known_roots
        missing = completeness.missing(session, scored, known)
        outside = completeness.seen_from_outside(session)
        unproven = completeness.unproven(session, results)
        if options.strict:
            missing += tuple(f"the claim `{claim}`" for claim in unproven)
        notices = unscored_failures(results) + completeness.lacking(session, results, missing)
        notices += maybe_crowded(results, options.workers) + broken_controls(self._roots.values())
        if not stopped:
            notices += unclaimed_but_there(session.plan, session.target, session.engine)
        notices += () if stopped else given_up(session)
        notices += self._dialects.notices() + renamed(session, self._baseline) + too_long(session)
        use = self._watch.use() if self._watch else None
        code = exit_code(
            [*(one.verdict for one in scored), *(root.verdict for root in self._roots.values())],
            missing=missing,
            interrupted=interrupted,
            stale_baseline=bool(use and use.problems),
            partial=not options.allow_partial and not outside and _is_partial(session),
        )
        unrestored = self._put_back()
        notices += unrestored
        if unrestored and code is ExitCode.CONFORMANT:
            code = ExitCode.KIT_ERROR
        report = make_report(
            session,
            results,
            code,
            missing=missing,
            unproven=unproven,
            interrupted=interrupted,
            baseline=use,
            notices=notices,
            docs_url=self._docs_url,
            server=self._server or self._recogniser.server,
            outside=outside,
        )
        return RunOutcome(report=report, code=code, missing=missing, observed=self._observed)


def _is_partial(session: Session) -> bool:
    """Whether a run that is not of single rules or profiles is of a target that leaves out what is core."""
    options = session.options
    narrowed = options.profiles or options.select or options.skip
    return not narrowed and any(one.core for one in left_out(session.target))
