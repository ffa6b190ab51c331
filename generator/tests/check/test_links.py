"""Every name in a spec that must exist is compared with what exists."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from ampmap_generator.check.consistency import check
from ampmap_generator.check.links import LINKS, Use, uses
from ampmap_generator.load.code_frame import split_lines
from ampmap_generator.load.findings import Location
from ampmap_generator.load.kinds import KINDS, PLATFORM_KINDS
from ampmap_generator.load.spec import load
from ampmap_generator.load.yaml_nodes import Node, parse
from ampmap_generator.vendored.base import Shape
from ampmap_tests_support.specs import GOOD, WriteSpec


def test_every_place_that_holds_an_id_is_checked(write_spec: WriteSpec) -> None:
    spec, _ = load(write_spec(GOOD))
    ids = {entry.key for entry in spec.entries} | {entry.id for entry in spec.entries} | {"chat.completions", "rensei"}
    definitions = {entry.location for entry in spec.entries} | {Location("spec/endpoints/chat.yaml", 3, 3, 16)}
    holders = [
        node
        for file, text in spec.texts.items()
        for node in _keys_and_values(parse(text, file)[0])
        if node.value in ids and node.location not in definitions
    ]

    unnoticed = []
    for node in holders:
        path, lines = node.file.removeprefix("spec/"), spec.texts[node.file].split("\n")
        line, end = lines[node.line - 1], node.column - 1 + node.length
        lines[node.line - 1] = f"{line[:end]}-zz{line[end:]}"
        after, _ = load(write_spec({**GOOD, path: "\n".join(lines)}))
        found = [f.location for f in check(after) if f.rule == "unknown-reference" and f.location]
        if (node.file, node.line, node.column) not in [(where.file, where.line, where.column) for where in found]:
            unnoticed.append(str(node.location))

    assert len(holders) > 40
    assert unnoticed == []


def _keys_and_values(node: Node | None) -> Iterator[Node]:
    if node is not None:
        if isinstance(node.value, str):
            yield node
        for _, below in node.children():
            yield from [below.key] if below.key else []
            yield from _keys_and_values(below)


FIRST = {"provider", "operations.~", "platforms.~"}  # decide what other names are compared with
SECOND = {"dialect"}


@pytest.mark.parametrize(
    "chosen",
    [lambda where: where in FIRST, lambda where: where in SECOND, lambda where: where not in FIRST | SECOND],
    ids=["first", "second", "others"],
)
def test_a_typo_in_any_name_of_the_repository_spec_is_found(
    chosen: Callable[[str], bool], repository_spec: Path, write_spec: WriteSpec
) -> None:
    before, _ = load(repository_spec)
    mutated = [use for use in uses(before) if chosen(use.link.where) and use.pointer and not _is_injected(use)]
    texts = {
        file: _with_typos(text, [(number, u) for number, u in enumerate(mutated) if u.entry.file == file])
        for file, text in before.texts.items()
    }

    after, findings = load(write_spec({file.removeprefix("spec/"): text for file, text in texts.items()}))

    found = Counter(
        (f.location.file, f.location.line) for f in check(after) if f.rule == "unknown-reference" and f.location
    )
    expected = Counter((use.location.file, use.location.line) for use in mutated)
    assert mutated
    assert findings == []
    assert expected - found == Counter()


def _is_injected(use: Use) -> bool:
    return use.pointer == (use.entry.kind.injected,)


def _with_typos(text: str, names: Iterable[tuple[int, Use]]) -> str:
    """Puts its number at the end of each name, within its quotes: no two files have the same typo in the same name."""
    lines = split_lines(text)
    for number, use in sorted(names, key=lambda name: (name[1].location.line, -name[1].location.column)):
        line = lines[use.location.line - 1]
        end = use.location.column - 1 + use.location.length
        end -= line[end - 1] in "\"'"
        lines[use.location.line - 1] = f"{line[:end]}-zz{number}{line[end:]}"
    return "\n".join(lines)


def test_every_field_whose_type_is_an_id_is_checked() -> None:
    ids = {"SourceId", "ProviderId", "DialectId", "OperationId", "AgentModeId", "ErrorShapeId"}
    checked = {step for link in LINKS for step in link.where.split(".")}
    kinds = {kind.shape for kind in (*KINDS, *PLATFORM_KINDS)}
    definitions = {("Source", "id"), ("Endpoint", "operations")}

    unchecked = [
        (shape.__name__, field)
        for shape in _shapes(Shape)
        for field, annotation in inspect.get_annotations(shape).items()
        if any(name in str(annotation) for name in ids) and field not in checked
        if (shape.__name__, field) not in definitions and shape.__name__ != "Reference"
    ]

    assert kinds <= set(_shapes(Shape))
    assert unchecked == []


def _shapes(shape: type[Shape]) -> Iterable[type[Shape]]:
    for below in shape.__subclasses__():
        yield below
        yield from _shapes(below)
