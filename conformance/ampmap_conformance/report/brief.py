"""What a program wants of a run without reading its whole report. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .facts import ending, headline
from .model import Report


def brief(report: Report, files: Iterable[Path]) -> dict[str, Any]:
    """Verdict, exit code, counts and causes in the order of a report, and where its files are; ready for JSON."""
    plain = report.model_dump(mode="json", include={"target", "reference", "editions", "summary", "causes", "notices"})
    return {
        "verdict": report.summary.verdict,
        "exit_code": report.summary.exit_code,
        "said": f"{headline(report)}: {ending(report)}",
        **plain,
        "files": {file.name: str(file) for file in files},
    }
