"""How long commands of the kit take to begin and end, against importing what they cannot do without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bars import Figure
from timing import KIT, PYTHON, by_turns, cost_of

_RULE = "auth.accepts-credential"
_CASE = f"{_RULE}[anthropic-authorization_bearer]"


def measure(folder: Path, rounds: int) -> Iterator[Figure]:
    """`list`, `explain`, one case, and `--help`."""
    commands = {
        "start.list": (*KIT, "list"),
        "start.explain": (*KIT, "explain", _RULE),
        "start.case": (*KIT, "run", "--select", _CASE, "--report-dir", str(folder / "report")),
        "start.help": (*KIT, "--help"),
        "": (PYTHON, "-c", "import pytest, pydantic"),
    }
    found = by_turns({name: lambda words=words: cost_of(words).seconds for name, words in commands.items()}, rounds)
    base = found.pop("")
    yield Figure("start.help", found.pop("start.help"))
    yield from (Figure.ratio(name, seconds, base) for name, seconds in found.items())
