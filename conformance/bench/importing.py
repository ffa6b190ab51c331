"""How long the vendored module takes to import, against the smallest module with a pydantic model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bars import Figure
from synthetic import write_layer
from timing import AMPMAP, PYTHON, by_turns, cost_of

MODELS = 5250
SMALLEST = "from pydantic import BaseModel\n\n\nclass Smallest(BaseModel):\n    name: str\n"


def measure(folder: Path, rounds: int) -> Iterator[Figure]:
    """The module as it is, and with many models."""
    layer = write_layer(folder / "layer", MODELS)
    (folder / "smallest.py").write_text(SMALLEST, encoding="utf-8")
    cost_of((*AMPMAP, "types", "--out", str(folder / "small.py")))
    cost_of((*AMPMAP, "types", "--layer", str(layer), "--out", str(folder / "large.py")))
    found = by_turns({name: partial(_import, name, folder) for name in ("small", "large", "smallest")}, rounds)
    for name in ("small", "large"):
        yield Figure.ratio(f"import.{name}", found[name], found["smallest"])


def _import(name: str, folder: Path) -> float:
    return cost_of((PYTHON, "-c", f"import {name}"), PYTHONPATH=str(folder)).seconds
