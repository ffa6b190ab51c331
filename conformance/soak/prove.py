"""Proves the soak by the faults that only load shows: the suite sees none of them, and the soak each of them.

`--each` tries every fault by itself; by default a few soaks try several at once that break different rules. Each
soak, and the run of the suite with all of the faults, is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ampmap_conformance.refproxy.under_load import DEFECTS

PROGRAM = (sys.executable, "-c", "from ampmap_conformance.cli.main import main; main()")
USERS = 120
SECONDS = 8
LONG = 20
"""Seconds for a fault that shows by what adds up, or by what stands still."""
MORE = 3
"""Times as long for a soak that did not show its faults."""
TOGETHER = (
    (
        "answers-swapped-under-load",
        "headers-of-another-call-under-load",
        "client-key-forwarded-under-load",
        "amp-key-of-another-under-load",
        "invalid-key-accepted-under-load",
        "events-reordered-under-load",
        "memory-grows-under-load",
    ),
    ("stream-events-to-another-under-load", "answers-truncated-under-load", "connections-leak-under-load"),
    ("calls-wait-for-a-lock-under-load",),
)
"""Faults that break different rules, so that a soak shows each of them."""
SLOW_TO_SHOW = frozenset({"calls-wait-for-a-lock-under-load", "connections-leak-under-load"})


def main() -> int:
    """Returns 1 where a fault is not seen, or one is seen that is not there."""
    reader = argparse.ArgumentParser(description="Prove the soak by faults of the reference proxy.")
    reader.add_argument("--each", action="store_true", help="try every fault by itself")
    reader.add_argument("--only", metavar="DEFECT", action="append", help="try this fault alone; may be repeated")
    asked = reader.parse_args()
    groups = [(name,) for name in asked.only or DEFECTS] if asked.each or asked.only else TOGETHER
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        if not asked.only:
            wrong += told("the suite, with all faults", _suite(Path(folder, "suite")))
            wrong += told("the soak, without a fault", broken(Path(folder, "right"), ()))
        for place, group in enumerate(groups):
            wrong += told(" + ".join(group), _shown(Path(folder, str(place)), group))
    return 1 if wrong else 0


def told(what: str, wrong: Iterable[str]) -> int:
    """Prints what came of a proof; returns how much is wrong with it."""
    every = list(wrong)
    print(f"{'wrong' if every else 'right'}  {what}{': ' if every else ''}{'; '.join(every)}", flush=True)
    return len(every)


def _shown(folder: Path, group: tuple[str, ...]) -> list[str]:
    """What is wrong with a soak of some faults; a slow machine makes few calls, and gets more time once."""
    seconds = LONG if SLOW_TO_SHOW & {*group} else SECONDS
    return _wrong(broken(folder, group, seconds), group) and _wrong(broken(folder, group, seconds * MORE), group)


def _wrong(found: Iterable[str], group: Iterable[str]) -> list[str]:
    """What a soak of some faults did not see, and what it saw that they do not break."""
    seen, defects = {*found}, [DEFECTS[name] for name in group]
    breaks = {rule for defect in defects for rule in defect.breaks}
    also = {rule for defect in defects for rule in defect.also}
    missed = [f"{rule} was not seen to be broken" for rule in sorted(breaks - seen)]
    return missed + [f"{rule} was told to be broken" for rule in sorted(seen - breaks - also)]


def broken(folder: Path, defects: tuple[str, ...], seconds: int = SECONDS) -> list[str]:
    """The rules that a soak of these faults tells to be broken."""
    load = ("--users", str(USERS), "--spawn-rate", "100", "--for", f"{seconds}s")
    report = _report(folder, "soak", *load, *_options(defects))
    return [one["requirement"] for one in report["results"] if one["verdict"] in ("fail", "warn", "flaky", "error")]


def _suite(folder: Path) -> list[str]:
    report = _report(folder, "run", "--depth", "quick", *_options(DEFECTS))
    return [] if report["summary"]["verdict"] == "conformant" else [report["summary"]["verdict"]]


def _options(defects: Iterable[str]) -> list[str]:
    return [word for defect in defects for word in ("--defect", defect)]


def _report(folder: Path, *words: str) -> Any:
    done = subprocess.run((*PROGRAM, *words, "--report-dir", folder), capture_output=True, text=True, check=False)  # noqa: S603
    file = folder / "report.json"
    if not file.is_file():
        sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    return json.loads(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
