"""The bench: what its bars refuse, how growth and medians are told, and what its table says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ampmap_tests_support.places import CHECKOUT


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The program, whose modules lie beside it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(CHECKOUT / "conformance" / "bench"))
    import run

    yield run
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("bar", "value", "verdict", "code"),
    [
        ("start.list", 1.5, "met", 0),
        ("start.list", 2.2, "missed", 0),
        ("start.list", 2.3, "missed by more than half, as known", 0),
        ("start.list", 4.9, "missed by more than half", 1),
        ("run.memory", 319, "missed by more than half", 1),
        ("serve.observer", 0.5, "met", 0),
        ("serve.observer", 0.34, "missed", 0),
        ("serve.observer", 0.33, "missed by more than half, as known", 0),
        ("serve.observer", 0.23, "missed by more than half", 1),
    ],
)
def test_a_bar_that_is_missed_by_more_than_half_fails_the_bench(
    bar: str, value: float, verdict: str, code: int, bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = bench.Figure.ratio(bar, 3 * value, 3, "as it was told")
    monkeypatch.setattr(bench, "measures", lambda **_: {"one": lambda _: iter([figure])})
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench: begin -->\nthe former table\n<!-- bench: end -->\nafter\n", encoding="utf-8")

    assert bench.main(["--out", str(tmp_path), "--page", str(page)]) == code

    (told,) = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["figures"]
    assert (told["name"], told["verdict"]) == (bar, verdict)
    assert told["value"] == pytest.approx(value)
    table = page.read_text(encoding="utf-8")
    assert table.startswith("before\n")
    assert table.endswith("after\n")
    assert "the former table" not in table
    assert f"| {verdict}" in table
    assert "as it was told" in table


def test_growth_is_the_steepest_of_any_target(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(words: tuple[str, ...], **_: object) -> Any:
        models = int(words[words.index("--layer") + 1].rpartition("-")[2])
        return SimpleNamespace(seconds=float(models**2 if "docs" in words else models))

    monkeypatch.setattr(bench.builds, "cost_of", cost)
    (growth,) = bench.builds.growth(tmp_path, sizes=(35, 70, 140), targets=("types", "docs"))

    assert growth.value == pytest.approx(2)
    layer = tmp_path / "layer-140"
    assert sum(path.read_text().count("display_name") for path in layer.glob("models/*.yaml")) == 140
    assert len(list(layer.glob("providers/*.yaml"))) == 4


def test_a_command_that_fails_is_told_with_its_errors(bench: Any) -> None:
    with pytest.raises(bench.BenchError, match="ended with 3: no such thing"):
        bench.startup.cost_of(
            (sys.executable, "-c", "import sys; print('no such thing', file=sys.stderr); sys.exit(3)")
        )
