"""How `build` grows with the number of models, and what it costs beside other generators."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from bars import Figure
from synthetic import write_layer
from timing import AMPMAP, PYTHON, by_turns, cost_of

TARGETS = ("types", "reference", "openapi", "vectors", "typescript", "go", "route-vectors", "schema", "llms", "docs")
QUICK_TARGETS = ("types", "route-vectors")
SIZES = (31, 525, 5250, 21000)
QUICK_SIZES = (525, 1050)
PAGES = 5250


def growth(folder: Path, sizes: Sequence[int], targets: Sequence[str]) -> Iterator[Figure]:
    """The steepest growth of any target between neighbours of `sizes`, and the pages at the size of their bar."""
    layers = {size: write_layer(folder / f"layer-{size}", size) for size in sizes}
    steepest, notes = 0.0, []
    for target in targets:
        seconds = {size: _build(folder, (target,), layers[size]) for size in sizes}
        for before, after in pairwise(sizes):
            exponent = math.log(seconds[after] / seconds[before]) / math.log(after / before)
            steepest = max(steepest, exponent)
        notes.append(f"{target} {', '.join(f'{seconds[size]:.1f}' for size in sizes)} s")
        if target == "docs" and PAGES in seconds:
            yield Figure("build.pages", seconds[PAGES])
    told = f"at {', '.join(f'{size:,}' for size in sizes)} models beside the spec's own: {'; '.join(notes)}"
    yield Figure("build.growth", steepest, note=told)


def editions(folder: Path) -> Iterator[Figure]:
    """The growth of the types in each edition."""
    listed = subprocess.run((*AMPMAP, "editions", "--json"), capture_output=True, check=True).stdout
    small, large = (write_layer(folder / f"layer-{size}", size) for size in (525, 5250))
    for edition in json.loads(listed):
        words = ("types", "--edition", edition["id"])
        exponent = math.log(_build(folder, words, large) / _build(folder, words, small)) / math.log(10)
        yield Figure("build.growth", exponent, note=f"types of {edition['id']}, from 525 to 5,250 models")


def again(folder: Path, rounds: int) -> Iterator[Figure]:
    """A second build of everything, with nothing changed."""
    out = folder / "again"

    def first() -> float:
        shutil.rmtree(out, ignore_errors=True)
        return cost_of((*AMPMAP, "build", "--out", str(out))).seconds

    def second() -> float:
        return cost_of((*AMPMAP, "build", "--out", str(out))).seconds

    found = by_turns({"first": first, "second": second}, rounds)
    yield Figure.ratio("build.again", found["second"], found["first"])


def types(folder: Path) -> Iterator[Figure]:
    """The types with many models, against datamodel-code-generator, which infers classes from the same reference."""
    layer = write_layer(folder / "layer-5250", PAGES)
    cost_of((*AMPMAP, "build", "reference", "--layer", str(layer), "--out", str(folder)))
    words = (
        PYTHON, "-m", "datamodel_code_generator",
        "--input", str(folder / "reference.json"), "--input-file-type", "json",
        "--output", str(folder / "theirs.py"), "--output-model-type", "pydantic_v2.BaseModel",
    )  # fmt: skip
    ours = cost_of((*AMPMAP, "types", "--layer", str(layer), "--out", str(folder / "ours.py"))).seconds
    yield Figure.ratio("build.types", ours, cost_of(words).seconds)


def site(folder: Path) -> Iterator[Figure]:
    """The pages as they are, against MkDocs, which makes HTML of them."""
    out = folder / "site"
    ours = cost_of((*AMPMAP, "build", "docs", "--out", str(out))).seconds
    mkdocs = (PYTHON, "-m", "mkdocs", "build", "--quiet", "-f", str(out / "mkdocs.yml"))
    yield Figure.ratio("build.site", ours, cost_of(mkdocs, NO_MKDOCS_2_WARNING="1").seconds)


def _build(folder: Path, words: Sequence[str], layer: Path) -> float:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    return cost_of((*AMPMAP, "build", *words, "--layer", str(layer), "--out", str(out))).seconds
