"""What the tests of the kit share beside fixtures: types, processes, and reports that no run made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ampmap_conformance.engine.session import Session
from ampmap_conformance.report.causes import causes_of
from ampmap_conformance.report.model import Report, Result

Process: TypeAlias = "subprocess.Popen[str]"
Done: TypeAlias = "subprocess.CompletedProcess[str]"

OWN = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}
"""The environment of a command: nothing of the user's own."""
HANDED_ON = {
    name: value for name, value in os.environ.items() if name in ("COVERAGE_PROCESS_CONFIG", "PYTHONPYCACHEPREFIX")
}
"""What is handed on to every process: where coverage measures it, and where compiled modules are kept."""

MAIN = (
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from ampmap_conformance.cli.main import main; main()",
)
"""The command, for Python. A shell lets what it starts in the background ignore SIGINT, and tests send one."""


class Silent:
    """Watches a run and says nothing."""

    def begin(self, session: Session) -> None: ...

    def case(self, result: Result) -> None: ...


@dataclass(frozen=True)
class DefaultRun:
    """A whole run of the command without any option."""

    done: Done
    seconds: float
    """Of processor time."""
    report: Report


def start_python(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> Process:
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={**OWN, **HANDED_ON, "PYTHONPATH": ":".join(filter(None, sys.path)), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_end(process: Process) -> Done:
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def report_of(
    verdicts: Mapping[str, str], *, results: Mapping[str, Any] | None = None, report: Any = None, **summary: Any
) -> Report:
    """A report with these verdicts by id; `results` are fields of each result, `summary` those of the summary."""
    made = []
    for name, verdict in verdicts.items():
        requirement, _, case = name.partition("[")
        made.append(
            {
                "id": name,
                "requirement": requirement,
                "case": case.removesuffix("]"),
                "level": "must",
                "profile": requirement.partition(".")[0],
                "verdict": verdict,
                "reason": "" if verdict == "pass" else f"why {verdict} of {requirement}",
                "expected": "",
                "actual": "",
                "docs_url": "",
                "exchanges": [],
                "reproduce": {"curl": "", "command": f"ampmap-conformance run --select '{name}'"},
                "duration_ms": 1.5,
                **(results or {}),
            }
        )
    profiles = {
        name: Counter(r["verdict"] for r in made if r["profile"] == name) for name in (r["profile"] for r in made)
    }
    counts = Counter(r["verdict"] for r in made)
    made_of = Report.model_validate(
        {
            "kit": {"version": "1.0"},
            "reference": {"edition": "amp-1", "digest": "sha256:0"},
            "target": {"name": "staging", "version": None, "base_url": "https://proxy.example.com", "claims": []},
            "summary": {
                "verdict": "conformant",
                "planned": len(made),
                "counts": counts,
                "by_profile": profiles,
                "by_level": {"must": counts},
                **summary,
            },
            "rules": {
                r["requirement"]: {"statement": "It does.", "level": "must", "profile": r["profile"], "docs_url": ""}
                for r in made
            },
            "results": made,
            **(report or {}),
        }
    )
    causes = causes_of(made_of.results, made_of.rules, observed=True)
    return made_of.model_copy(update={"causes": causes})
