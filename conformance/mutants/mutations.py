"""The mutants of the reference proxy: one small change of its source each, as mutmut makes them."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import Mutation, create_mutations

ROOT = Path(__file__).parents[2]
PROXY = ROOT / "conformance/ampmap_conformance/refproxy"
PACKAGE = "ampmap_conformance.refproxy"


@dataclass(frozen=True, eq=False)
class Mutant:
    """The reference proxy with one change."""

    id: str
    """`module.function#digest`; the digest is that of the change, so that changes elsewhere leave the id."""
    module: str
    """The module's name in its package."""
    lines: range
    """Of the changed statement, in the source as it is."""
    was: str
    now: str
    at_import: bool
    """Whether the changed code runs when the module is loaded, and in no function."""
    _whole: cst.Module = field(repr=False)
    _change: Mutation = field(repr=False)

    @cached_property
    def source(self) -> str:
        """The module's text with the change in it."""
        changed = self._whole.deep_replace(self._change.original_node, self._change.mutated_node)
        assert isinstance(changed, cst.Module)
        return changed.code


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its source. Type aliases are left out: nothing runs them."""
    text = file.read_text(encoding="utf-8")
    with chdir(ROOT):  # mutmut reads its part of pyproject.toml from there
        whole, changes, _, _ = create_mutations(str(file), text)
    places = MetadataWrapper(whole, unsafe_skip_copy=True).resolve(PositionProvider)
    code = _Statements(ast.parse(text))
    seen: Counter[tuple[str, str, str]] = Counter()
    for change in changes:
        lines, owner, at_import, is_alias = code.around(places[change.original_node].start.line)
        if is_alias:
            continue
        was, now = (whole.code_for_node(node).strip() for node in (change.original_node, change.mutated_node))
        same = (owner, was, now)
        digest = hashlib.sha256("\0".join((file.stem, *same, str(seen[same]))).encode()).hexdigest()[:8]
        seen[same] += 1
        name = ".".join(part for part in (file.stem, owner) if part)
        yield Mutant(f"{name}#{digest}", file.stem, lines, was, now, at_import, whole, change)


def in_order_of(seed: int, mutants: list[Mutant]) -> list[Mutant]:
    """The mutants in an order that is random, and the same each time: a mutant's place depends on its id alone."""
    return sorted(mutants, key=lambda one: hashlib.sha256(f"{seed} {one.id}".encode()).digest())


class _Statements:
    """Finds what a line belongs to."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree

    def around(self, line: int) -> tuple[range, str, bool, bool]:
        """The lines of the innermost statement, what it stands in, and whether it is in no function, and a type alias.

        Of a statement that has a body, the lines are those of its head.
        """
        names: list[str] = []
        at_import = True
        found: ast.stmt = self._tree.body[0]
        body: list[ast.stmt] = self._tree.body
        while inner := next((each for each in body if _first(each) <= line <= (each.end_lineno or 0)), None):
            found = inner
            if isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.append(inner.name)
                at_import = isinstance(inner, ast.ClassDef)
            body = _below(inner)
        inside = _below(found)
        end = min((_first(each) for each in inside), default=(found.end_lineno or 0) + 1)
        alias = isinstance(found, ast.AnnAssign) and ast.unparse(found.annotation) == "TypeAlias"
        return range(_first(found), max(end, _first(found) + 1)), ".".join(names), at_import, alias


def _first(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _below(statement: ast.stmt) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            found.append(child)
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            found.extend(child.body)
    return found
