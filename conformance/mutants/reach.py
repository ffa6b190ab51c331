"""Which of the suite's cases run which lines of the reference proxy, by coverage.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import coverage
from ampmap_conformance.engine.plan import Plan
from ampmap_conformance.evidence.stage import staged
from judging import in_order
from mutations import PROXY, Mutant

Lines = Mapping[str, Mapping[int, Sequence[int]]]
"""By module and line the cases that run it, as numbers in the order of `in_order`; -1 is the start of the proxy."""
START = -1


def reached(variant: str, plan: Plan) -> Lines:
    """Runs every case of a stage, one after another, and notes the lines that each of them runs."""
    measured = coverage.Coverage(data_file=None, config_file=False, include=[f"{PROXY}/*.py"])
    measured.start()
    try:
        with staged(variant=variant or None, plan=plan) as stage:
            engine = stage.engine()
            for number, task in enumerate(in_order(plan)):
                measured.switch_context(str(number))
                engine.outcome(task)
            measured.switch_context("")
    finally:
        measured.stop()
    data = measured.get_data()
    return {
        file.stem: {
            line: sorted(int(context or START) for context in contexts)
            for line, contexts in data.contexts_by_lineno(str(file)).items()
        }
        for file in sorted(PROXY.glob("*.py"))
    }


def cases_for(mutant: Mutant, lines: Lines) -> list[int] | None:
    """Numbers of the cases that run the changed statement; None for all of them, as it runs when the proxy starts."""
    if mutant.at_import:
        return None
    of_module = lines.get(mutant.module, {})
    found = {case for line in mutant.lines for case in of_module.get(line, ())}
    return None if START in found else sorted(found)
