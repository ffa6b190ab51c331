"""A run over several editions in one go."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..engine.options import RunOptions
from ..errors import UnmatchedPatternError
from ..reference.edition import reference_for
from ..report.joined import EditionRun, joined
from ..report.outcome import RunOutcome
from ..verdicts import ExitCode
from .run import Listener, conformance
from .told import Told

STOPPING = frozenset({ExitCode.INTERRUPTED, ExitCode.KIT_ERROR, ExitCode.UNREACHABLE})
"""Ends of one edition's run behind which no other begins."""


def over_editions(
    options: RunOptions, editions: Sequence[str], listener: Listener, *, docs_url: str = ""
) -> RunOutcome:
    """Runs the cases of each edition against the target, in order; a case that an earlier one has is not made again.

    The limits of `options` hold for all of them together. Raises what `conformance` raises.
    """
    told, runs, begun, sent = Told(), list[EditionRun](), time.monotonic(), 0
    patterns = _Patterns(options)
    for edition in editions:
        now = _left(replace(options, edition=edition), sent, time.monotonic() - begun)
        known = told.results()
        ended = patterns.fitted(now, lambda fitted: conformance(fitted, listener, docs_url=docs_url, told=told))
        if ended is None:
            continue
        shared = frozenset(result.id for result in ended.report.results if id(result) in known)
        runs.append(EditionRun(edition=edition, ended=ended, shared=shared))
        sent += ended.report.requests.sent if ended.report.requests else 0
        if ended.code in STOPPING or (options.fail_fast and ended.code is ExitCode.FAILURES):
            break
    patterns.check()
    return joined(runs, reference_for(options.reference, runs[0].edition), docs_url)


class _Patterns:
    """The patterns of cases of a run. One that means nothing in an edition is left out there."""

    def __init__(self, options: RunOptions) -> None:
        self._unmatched = {*options.select, *options.skip, *options.trace}
        self._errors: dict[str, UnmatchedPatternError] = {}

    def fitted(self, options: RunOptions, run: Callable[[RunOptions], RunOutcome]) -> RunOutcome | None:
        """What `run` makes of the options with the patterns of one edition; None where none of those to run is left."""
        selects = bool(options.select)
        while True:
            try:
                ended = run(options)
            except UnmatchedPatternError as error:
                self._errors.setdefault(error.pattern, error)
                options = _without(options, error.pattern)
                if selects and not options.select:
                    return None
            else:
                self._unmatched -= {*options.select, *options.skip, *options.trace}
                return ended

    def check(self) -> None:
        """Raises UnmatchedPatternError where a pattern means nothing in any edition."""
        for pattern, error in self._errors.items():
            if pattern in self._unmatched:
                raise error


def _without(options: RunOptions, pattern: str) -> RunOptions:
    select, skip, trace = (
        tuple(each for each in patterns if each != pattern)
        for patterns in (options.select, options.skip, options.trace)
    )
    return replace(options, select=select, skip=skip, trace=trace)


def _left(options: RunOptions, sent: int, seconds: float) -> RunOptions:
    """The options with what is left of their limits: at least one request and a moment, so that the run says so."""
    requests, limit = options.max_requests, options.time_limit
    return replace(
        options,
        max_requests=None if requests is None else max(1, requests - sent),
        time_limit=None if limit is None else max(0.1, limit - seconds),
    )
