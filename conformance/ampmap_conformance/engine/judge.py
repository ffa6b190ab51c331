"""Runs tasks and judges them. Knows neither pytest nor reports."""

from __future__ import annotations

import json
import re
import threading
import time
import traceback
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, replace
from urllib.parse import unquote

from ..cases.cases import CallCase, Case
from ..cases.conditions import unbound
from ..checks.client_half import ClientHalf
from ..checks.expect import assert_events_came
from ..errors import (
    BudgetSpentError,
    KitFaultError,
    NoAnswerError,
    NotTestableError,
    ObserverGoneError,
    ReloadLostError,
    UnservedError,
    Violation,
    without_locals,
)
from ..probe.context import RunContext
from ..probe.prerequisites import NEEDS, unmet
from ..probe.probe import Probe
from ..verdicts import BROKEN, Attribution, Level, Verdict, verdict_of
from ..wire.messages import Exchange
from ..wire.redaction import Scrubber, masking
from .attribution import attribute
from .plan import Plan, Task
from .service import SDK_LINES, SERVICE, STEADY, UNREACHABLE, explaining

BUSY = (429, 503)
"""Statuses by which a proxy says, with `Retry-After`, that it spares an upstream for a while."""
KEPT = 64 << 10
"""Bytes of each body that are kept of a case that passes."""


@dataclass(frozen=True)
class Observed:
    """One thing that a check found wrong, in texts that are free of secrets."""

    code: str
    reason: str
    expected: str
    actual: str


@dataclass(frozen=True)
class Outcome:
    """What a task came to. Texts are free of secrets and of whatever differs between two runs."""

    task: Task
    verdict: Verdict
    reason: str = ""
    expected: str = ""
    actual: str = ""
    exchanges: tuple[Exchange, ...] = ()
    seconds: float = 0.0
    error: Exception | None = None
    """What the check raised, with its traceback."""
    attempts: int = 1
    held: int = 0
    """In how many of the attempts nothing was broken."""
    attribution: Attribution | None = None
    """Whose fault it is, where that was asked."""
    observations: tuple[Observed, ...] = ()
    """Everything that was found wrong, the one of `reason` first."""
    half: bool = False
    """Whether only that was judged which a client sees by itself."""
    root: Outcome | None = None
    """Of a blocked case: what came of the one that shows what is really broken."""


def half_of(task: Task, context: RunContext) -> ClientHalf | None:
    """The client's half of a task's check, where the run lacks the sight of the upstreams for the whole of it."""
    return task.check.outside if unmet(task.row, context) == (NEEDS["upstream"],) else None


def blocked_by(task: Task, found: Outcome, *, exchanges: tuple[Exchange, ...] = ()) -> Outcome:
    """The outcome of a task that rests on another one, which is broken, or blocked by what is broken."""
    root = found.root or found
    reason = found.reason if found.verdict is Verdict.BLOCKED else f"blocked by {found.task.id}: {found.reason}"
    return Outcome(task, Verdict.BLOCKED, reason, exchanges=exchanges, root=root)


@dataclass(frozen=True)
class Attempt:
    """One run of a check: what it found, or why it could not be made."""

    violation: Violation | None = None
    not_testable: str | None = None
    error: Exception | None = None
    exchanges: tuple[Exchange, ...] = ()
    asked: Case | None = None
    """What was asked in the call that was not served, where the violation is that."""
    hung_up: bool = False
    """Whether its upstream gave no answer."""
    blocked: str = ""
    """Why the check cannot be made at all, because of what the target did in another case."""


class Engine:
    """Judges each task once, together with the controls that it rests on; safe to share among threads.

    `repeat` is how many times each check is run; with `attribute` a violation is traced to proxy or upstream.
    With `outside`, the part of a check that needs no observer is made where there is none. Of a case that passes
    the bodies are kept if `whole_bodies`, and else their beginning.
    """

    def __init__(
        self,
        context: RunContext,
        plan: Plan,
        scrubber: Scrubber,
        *,
        strict: bool = False,
        repeat: int = 1,
        attribute: bool = False,
        outside: bool = False,
        whole_bodies: bool = False,
    ) -> None:
        self._outside = outside
        self._whole_bodies = whole_bodies
        self._context = context
        self._plan = plan
        self._scrubber = scrubber
        self._strict = strict
        self._repeat = repeat
        self._attribute = attribute
        self._lock = threading.Lock()
        self._begun: dict[str, Future[Outcome]] = {}
        self._lost_in = ""
        """The case after which the target no longer followed its configuration."""

    def outcome(self, task: Task) -> Outcome:
        """The outcome of a task, made now unless another thread has begun it."""
        with self._lock:
            future = self._begun.get(task.id)
            mine = future is None
            if future is None:
                future = self._begun[task.id] = Future()
        if mine:
            try:
                future.set_result(self._judge(task))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def lighten(self, task: Task) -> None:
        """Drops what was sent for a task that is reported: bodies of some MB, of which no other task needs any."""
        with self._lock:
            future = self._begun.get(task.id)
            if future is None or not future.done() or future.exception() is not None:
                return
            outcome = future.result()
            light: Future[Outcome] = Future()
            light.set_result(replace(outcome, exchanges=()))
            self._begun[task.id] = light

    def explore(self, task: Task) -> Outcome:
        """The outcome of a task that the target's claims do not bind it to. Not shared, and never a control."""
        return self._judge(task, bound=False)

    def _judge(self, task: Task, *, bound: bool = True) -> Outcome:
        begun = time.monotonic()
        obstacle = self._unbound(task) if bound else None
        if obstacle is None and bound and self._outside and (half := half_of(task, self._context)) is not None:
            return replace(self._half(task, half), seconds=time.monotonic() - begun)
        obstacle = obstacle or self._unobservable(task)
        if obstacle is not None:
            return obstacle
        uncontrolled = self._uncontrolled(task, bound=bound)
        if uncontrolled is not None:
            alone = task.check.shows_alone and uncontrolled.verdict is Verdict.NOT_TESTABLE
            found = self._judged(task, [self._attempt(task)]) if alone else uncontrolled
            return found if found.verdict in BROKEN else uncontrolled
        attempts = self._attempts(task)
        outcome = self._judged(task, attempts)
        if bound and (unserved := next((attempt for attempt in attempts if attempt.asked is not None), None)):
            outcome = self._explained(task, unserved) or outcome
        return replace(outcome, seconds=time.monotonic() - begun)

    def _half(self, task: Task, half: ClientHalf) -> Outcome:
        """What a client sees of a rule by itself; of a rejection only where a right call was seen to be let in."""
        if task.row.negative and (uncontrolled := self._without_right_call(task)) is not None:
            return uncontrolled
        check, requests = task.check, half.all_requests(task.check.requests)
        part = replace(task, check=replace(check, function=half.judge or check.function, requests=requests))
        attempts = self._attempts(part)
        return replace(self._judged(task, attempts), half=True)

    def _without_right_call(self, task: Task) -> Outcome | None:
        """Why the control of a rejection says nothing: no case of it passed, the nearest one first.

        Without an observer not every case of a control can be made: a client that does not know what Amp's servers
        keep changes nothing there.
        """
        nearest = self._plan.control_of(task)
        if nearest is None:
            return None
        for control in (nearest, *(other for other in self._plan.all[nearest.row.id] if other is not nearest)):
            found = self.outcome(control)
            if found.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
                return None
            if found.verdict in BROKEN or found.verdict is Verdict.BLOCKED:
                return blocked_by(task, found)
        return Outcome(task, Verdict.NOT_TESTABLE, f"no case of {nearest.row.id} shows that a right call is let in")

    def _attempts(self, task: Task) -> list[Attempt]:
        """Makes a check as often as the run says, while it can be made."""
        attempts: list[Attempt] = []
        while len(attempts) < self._repeat and (not attempts or _went_through(attempts[-1])):
            attempts.append(self._attempt(task, turn=len(attempts)))
        return attempts

    def _explained(self, task: Task, unserved: Attempt) -> Outcome | None:
        """The outcome of a case whose call was not served because a rule on service is broken; None where none is.

        A rule that held before is looked at again, for a proxy may have stopped to serve the call since.
        """
        asked = unserved.asked or task.case
        for rule in explaining(task.row.id, asked, self._context.target, hung_up=unserved.hung_up):
            base = self._plan.nearest(rule, asked)
            if base is None:
                continue
            found = self.outcome(base)
            shows_it = rule in (UNREACHABLE, SDK_LINES) or isinstance(found.error, UnservedError)
            if found.verdict is Verdict.BLOCKED or (found.verdict in BROKEN and shows_it):
                return blocked_by(task, found, exchanges=unserved.exchanges)
            if found.verdict is Verdict.PASS and rule in SERVICE:
                again = self._attempt(base)
                if isinstance(again.violation, UnservedError):
                    return self._no_longer_served(task, asked, again)
        return None

    def _no_longer_served(self, task: Task, asked: Case, again: Attempt) -> Outcome | None:
        """The outcome of a case whose call the proxy served at first, and does not any more."""
        answer = again.exchanges[-1].response if again.exchanges else None
        if answer is not None and answer.status in BUSY and "retry-after" in answer.headers:
            reason = f"the proxy spares the upstream after an earlier failure: status {answer.status} and Retry-After"
            return Outcome(task, Verdict.NOT_TESTABLE, reason)
        for rule in STEADY:
            base = self._plan.nearest(rule, asked)
            found = None if base is None else self.outcome(base)
            if base is not None and found is not None and found.verdict in BROKEN:
                return blocked_by(task, found, exchanges=again.exchanges)
        return None

    def _attempt(self, task: Task, *, turn: int = 0) -> Attempt:
        probe = Probe(self._context, turn)
        large = self._context.large if task.check.is_large else nullcontext()
        try:
            with large, masking(self._context.secrets):
                violation = found_by(task, probe)
            for each in () if violation is None else (violation, *violation.others):
                without_locals(each)
        except (NotTestableError, BudgetSpentError) as missing:
            return Attempt(not_testable=str(missing))
        except ReloadLostError as lost:
            return Attempt(blocked=f"blocked by {self._lost_in or task.id}: {lost}", exchanges=tuple(probe.exchanges))
        except Exception as error:  # noqa: BLE001 - whatever else a check raises is a fault of the kit
            without_locals(error)
            return Attempt(error=error, exchanges=tuple(probe.exchanges))
        if probe.sent > task.check.requests:
            said = f"the check of {task.row.id} says that a case sends at most {task.check.requests} requests"
            return Attempt(error=KitFaultError(f"{said} (`@checks(requests=)`), and it sent {probe.sent}"))
        if self._context.reloading is not None and self._context.reloading.lost:
            self._lost_in = self._lost_in or task.id
        exchanges = tuple(probe.exchanges)
        if not isinstance(violation, UnservedError):
            return Attempt(violation, exchanges=exchanges)
        asked, hung_up = probe.case_of(violation.nonce) or task.case, probe.is_hung_up(violation.nonce)
        return Attempt(violation, exchanges=exchanges, asked=asked, hung_up=hung_up)

    def _judged(self, task: Task, attempts: list[Attempt]) -> Outcome:
        """What the attempts add up to: one that could not be made decides, else how many of them were broken."""
        clean, last = self._scrubber.clean, attempts[-1]
        if last.not_testable is not None:
            return Outcome(task, Verdict.NOT_TESTABLE, clean(last.not_testable))
        if last.blocked:
            return Outcome(task, Verdict.BLOCKED, clean(last.blocked), exchanges=last.exchanges)
        if last.error is not None:
            fault = clean(_fault(last.error))
            return Outcome(task, Verdict.ERROR, fault, exchanges=last.exchanges, error=last.error)
        broken = [attempt for attempt in attempts if attempt.violation is not None]
        verdict = verdict_of(Level(task.row.level), broken=len(broken), of=len(attempts), strict=self._strict)
        held = len(attempts) - len(broken)
        shown = broken[0] if broken else last
        outcome = Outcome(task, verdict, exchanges=shown.exchanges, attempts=len(attempts), held=held)
        if shown.violation is None:
            if self._whole_bodies:
                return outcome
            return replace(outcome, exchanges=tuple(one.beginning(KEPT) for one in outcome.exchanges))
        reason = clean(shown.violation.saying) or "the rule was broken"
        return replace(
            outcome,
            reason=f"{reason} (held in {held} of {len(attempts)} attempts)" if held else reason,
            expected=clean(shown.violation.expected),
            actual=clean(shown.violation.actual),
            error=shown.violation,
            observations=self._observed(attempt.violation for attempt in broken),
            attribution=self._attribution(task, shown.exchanges),
        )

    def _observed(self, found: Iterable[Violation | None]) -> tuple[Observed, ...]:
        clean = self._scrubber.clean
        every = [each for one in found if one is not None for each in (one, *one.others)]
        by_code = {one.code: one for one in reversed(every)}
        return tuple(
            Observed(clean(one.code), clean(one.saying), clean(one.expected), clean(one.actual))
            for one in reversed(by_code.values())
        )

    def _attribution(self, task: Task, exchanges: tuple[Exchange, ...]) -> Attribution | None:
        if not self._attribute:
            return None
        return attribute(task.case, self._context, exchanges)

    def _unbound(self, task: Task) -> Outcome | None:
        reason = unbound(task.row, task.case, self._context.target)
        return Outcome(task, Verdict.NOT_APPLICABLE, reason) if reason else None

    def _unobservable(self, task: Task) -> Outcome | None:
        lacking = unmet(task.row, self._context)
        return Outcome(task, Verdict.NOT_TESTABLE, lacking[0].missing(self._context)) if lacking else None

    def _uncontrolled(self, task: Task, *, bound: bool) -> Outcome | None:
        control = self._plan.control_of(task)
        if control is None:
            return None
        found = self.outcome(control) if bound else self.explore(control)
        if found.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            return None
        if found.verdict is Verdict.NOT_TESTABLE:
            return Outcome(task, Verdict.NOT_TESTABLE, found.reason)
        if found.verdict is Verdict.ERROR:
            return Outcome(task, Verdict.ERROR, f"blocked by {control.id}: {found.reason}", error=found.error)
        return blocked_by(task, found)


def found_by(task: Task, probe: Probe) -> Violation | None:
    """Runs the check of a task; what it found, if anything. Whatever else the check raises is raised."""
    try:
        task.check.function(task.case, probe)
        if isinstance(task.case, CallCase) and task.case.stream:
            assert_events_came(one for one in probe.exchanges if _asks_for(task.case, one))
    except Violation as found:
        return found
    except NoAnswerError as error:
        silent = UnservedError(
            "the proxy did not answer",
            expected="an answer",
            actual=error.failure.value,
            code="no-answer",
            nonce=error.nonce,
        )
        return silent.with_traceback(error.__traceback__)
    except (json.JSONDecodeError, UnicodeError, RecursionError) as error:
        # all that the kit itself sends is valid JSON, in UTF-8 and not deep
        garbled = Violation("a body is not valid JSON", expected="JSON", actual="something else")
        return garbled.with_traceback(error.__traceback__)
    return None


def _asks_for(case: CallCase, exchange: Exchange) -> bool:
    """Whether an exchange is one of the operation of a case: checks and SDKs make other calls beside it."""
    request = exchange.request
    return (request.method, _operation(request.target)) == (case.method, _operation(case.target))


def _operation(target: str) -> str:
    """The last word of a path, which names what is asked for, as `messages` or `streamGenerateContent`."""
    return re.split("[/:]", unquote(target.partition("?")[0]).rstrip("/"))[-1]


def _went_through(attempt: Attempt) -> bool:
    return attempt.not_testable is None and attempt.error is None and not attempt.blocked


def _fault(error: Exception) -> str:
    if isinstance(error, KitFaultError | ObserverGoneError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.name} in {last.filename.rpartition('/')[2]}:{last.lineno})"
