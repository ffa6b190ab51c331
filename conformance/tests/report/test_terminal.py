"""What a run shows while it goes on: a bar with the time that is left, or a line now and then."""

from __future__ import annotations

import io
import itertools

from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.terminal import Terminal
from rich.console import Console

from ..support import DefaultRun


def shown(default_run: DefaultRun, reference: Reference, *, terminal: bool) -> str:
    """What forty cases look like that take four seconds each."""
    out = io.StringIO()
    clock = itertools.count(0, 4)
    results = default_run.report.results[:40]
    console = Console(file=out, highlight=False, width=100, force_terminal=terminal)
    with Terminal(console, clock=lambda: float(next(clock))) as watching:
        watching.announce(reference, "staging", 1, len(results))
        for result in results:
            watching.case(result)
    return out.getvalue()


def test_a_log_gets_a_line_now_and_then(default_run: DefaultRun, reference: Reference) -> None:
    lines = shown(default_run, reference, terminal=False).splitlines()
    progress = [line for line in lines if " cases, about " in line]
    assert progress[0] == "3 of 40 cases, about 148 s left"
    assert progress[-1] == "39 of 40 cases, about 4 s left"
    assert len(progress) == 13
    assert not any("\x1b" in line for line in lines)


def test_a_terminal_gets_a_bar_with_the_time_that_is_left(default_run: DefaultRun, reference: Reference) -> None:
    text = shown(default_run, reference, terminal=True)
    assert "40/40" in text
    assert "0:00:00" in text
    assert " cases, about " not in text
