"""Which cells a run makes: each pair of values meets in one of them, and the choice is the same each time."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from ampmap_conformance.cases.covering import FEW, Cells, Depth, chosen
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.plan import Plan, make_plan, narrow
from ampmap_conformance.reference.types import Reference
from hypothesis import given, settings
from hypothesis import strategies as st

SIZES = {Depth.DEFAULT: 2, Depth.THOROUGH: 3}
WIDE = "streaming.legal-forms"


@st.composite
def some_cells(draw: st.DrawFn) -> Cells:
    """Cells of up to five axes, some of which do not go with others."""
    axes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    product = [
        tuple(f"{axis}.{value}" for axis, value in enumerate(row)) for row in itertools.product(*map(range, axes))
    ]
    kept = draw(st.sets(st.integers(0, len(product) - 1), min_size=1))
    return tuple(cell for place, cell in enumerate(product) if place in kept)


def combinations(cells: Cells, size: int) -> set[tuple[str, ...]]:
    return {some for cell in cells for some in itertools.combinations(cell, min(size, len(cell)))}


@pytest.mark.parametrize("depth", SIZES)
@given(cells=some_cells())
@settings(max_examples=60, deadline=None)
def test_each_combination_that_is_in_a_cell_is_in_one_that_is_chosen(depth: Depth, cells: Cells) -> None:
    found = chosen(cells, depth)

    assert combinations(found, SIZES[depth]) == combinations(cells, SIZES[depth])
    assert list(found) == [cell for cell in cells if cell in set(found)]


def test_a_quick_run_makes_one_cell_and_a_thorough_one_all_of_few() -> None:
    cells = tuple(itertools.product("ab", "cd", "ef", "gh"))

    assert len(cells) <= FEW
    assert chosen(cells, Depth.QUICK) == cells[:1]
    assert chosen(cells, Depth.THOROUGH) == cells
    assert len(chosen(cells, Depth.DEFAULT)) < len(cells) / 2
    assert chosen((), Depth.QUICK) == ()


def test_the_choice_is_the_same_in_each_process() -> None:
    program = (
        "import itertools; from ampmap_conformance.cases.covering import cover;"
        "print(cover(tuple(itertools.product('abc', 'defg', 'hi', 'jkl')), 2))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


@pytest.fixture(scope="module")
def plan(reference: Reference) -> Plan:
    return make_plan(embedded_description(reference))


def test_each_requirement_is_made_at_each_depth_and_deeper_ones_make_more(plan: Plan) -> None:
    sizes = [[len(plan.at(depth, name, named=True)) for depth in Depth] for name, tasks in plan.all.items() if tasks]

    assert all(quick == 1 <= usual <= thorough for quick, usual, thorough in sizes)
    assert sum(row[1] for row in sizes) < sum(row[2] for row in sizes)


def test_a_quick_run_says_what_it_leaves_out_because_it_waits(plan: Plan) -> None:
    quick, every = narrow(plan, depth=Depth.QUICK), narrow(plan)
    named = narrow(plan, select=["errors.silent-*"], depth=Depth.QUICK)

    assert "errors.silent-upstream" in quick.left_out
    assert {*quick.by_requirement, *quick.left_out} == {*every.by_requirement}
    assert not {*quick.by_requirement} & {*quick.left_out}
    assert not any(task.check.is_long for task in quick.selected)
    assert {*named.by_requirement} == {"errors.silent-upstream", "errors.silent-upstream-shape"}
    assert named.left_out == every.left_out == ()


def test_a_pattern_that_names_cases_selects_from_all_of_them(plan: Plan) -> None:
    every = {task.id for task in plan.all[WIDE]}
    usual = {task.id for task in narrow(plan, select=[WIDE]).selected}
    left_out = next(iter(every - usual))

    assert {task.id for task in narrow(plan, select=[left_out]).selected} == {left_out}
    assert {task.id for task in narrow(plan, select=[f"{WIDE}[*]"]).selected} == every
    assert {task.id for task in narrow(plan, select=[WIDE], depth=Depth.THOROUGH).selected} > usual
    assert len(narrow(plan, select=[WIDE], depth=Depth.QUICK).selected) == 1
