"""Measures what ampmap costs, beside what people would use without it, and holds the figures to their bars.

`python conformance/bench/run.py` takes the quick measures, as continuous integration does; `--full` takes all;
`--only NAME` takes some. It writes bench.json and bench.md below `--out`, and ends with 1 where a bar is missed by more
than half.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import builds
import importing
import runs
import serving
import startup
from bars import Figure, Verdict
from table import as_data, as_markdown, in_page
from timing import BenchError

QUICK_ROUNDS, ROUNDS = 2, 5

Measure = Callable[[Path], Iterator[Figure]]


def measures(*, full: bool) -> Mapping[str, Measure]:
    """What is measured, by name."""
    rounds = ROUNDS if full else QUICK_ROUNDS
    quick: dict[str, Measure] = {
        "startup": partial(startup.measure, rounds=rounds),
        "importing": partial(importing.measure, rounds=rounds),
        "growth": partial(
            builds.growth,
            sizes=builds.SIZES if full else builds.QUICK_SIZES,
            targets=builds.TARGETS if full else builds.QUICK_TARGETS,
        ),
        "runs": partial(runs.measure, rounds=2 if full else 1),
        "serving": partial(serving.measure, rounds=rounds),
    }
    if not full:
        return quick
    return {
        **quick,
        "editions": builds.editions,
        "again": partial(builds.again, rounds=2),
        "types": builds.types,
        "site": builds.site,
    }


NEEDS = {"types": "datamodel_code_generator", "site": "mkdocs"}
"""Modules that a measure compares with."""


def main(words: list[str]) -> int:
    """Takes the measures; 1 where a figure misses its bar by more than half."""
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("--full", action="store_true", help="take every measure")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=tuple(measures(full=True)),
        metavar="NAME",
        help=f"take this one in full: {', '.join(measures(full=True))}; may be repeated",
    )
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder for bench.json and bench.md")
    parser.add_argument("--page", type=Path, metavar="FILE", help="page to write the table into, between its marks")
    asked = parser.parse_args(words)
    chosen = {
        name: measure
        for name, measure in measures(full=asked.full or bool(asked.only)).items()
        if not asked.only or name in asked.only
    }
    with compiled_modules_kept():
        return measured(chosen, asked.out, asked.page)


@contextmanager
def compiled_modules_kept() -> Iterator[None]:
    """Lets commands keep what they compile, as an installed kit does, where the environment says to write none."""
    with tempfile.TemporaryDirectory(prefix="ampmap-bench-") as folder, patch.dict(os.environ):
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        yield


def measured(chosen: Mapping[str, Measure], out: Path, page: Path | None) -> int:
    """Takes these measures and writes the files; 1 where a figure misses its bar too far."""
    figures: list[Figure] = []
    left_out = {name: "not asked for" for name in measures(full=True) if name not in chosen}
    for name, measure in chosen.items():
        if name in NEEDS and find_spec(NEEDS[name]) is None:
            left_out[name] = f"{NEEDS[name]} is not installed"
            continue
        with tempfile.TemporaryDirectory(prefix="ampmap-bench-") as folder:
            try:
                for figure in measure(Path(folder)):
                    figures.append(figure)
                    print(f"{figure.bar:16}{figure.value:8.2f}  {figure.verdict}", flush=True)
            except BenchError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
    data = as_data(figures, left_out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    table = as_markdown(data)
    (out / "bench.md").write_text(table, encoding="utf-8")
    if page is not None:
        page.write_text(in_page(page.read_text(encoding="utf-8"), table), encoding="utf-8")
    return int(any(figure.verdict is Verdict.FAR for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
