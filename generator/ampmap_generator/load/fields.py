"""The fields of a shape, by the path at which a document has them."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..vendored.base import Shape
from .yaml_nodes import Node, Pointer


@cache
def fields_of(shape: type[Shape]) -> dict[str, Any]:
    """The fields of `shape` and their types."""
    hints = get_type_hints(shape)
    return {name: hints[name] for name in shape.model_fields}


def shape_at(shape: type[Shape], pointer: Pointer) -> type[Shape] | None:
    """The shape of the mapping at `pointer` within a document of `shape`; None where any mapping may stand."""
    annotation: Any = shape
    for step in pointer:
        annotation = _below(annotation, step)
    return annotation if _is_shape(annotation) else None


def field_paths(annotation: Any, node: Node | None, prefix: str = "") -> Iterator[str]:
    """Every dotted path that a document of this type has or could have.

    Keys of mappings come from the document. List items go by index (`roots.0.path`), by their `name`
    if they have one (`headers.Authorization.value`), or all together (`roots.path`).
    """
    if _is_shape(annotation):
        for name, inner in fields_of(annotation).items():
            yield prefix + name
            yield from field_paths(inner, node and node.child(name), f"{prefix}{name}.")
        return
    if annotation is Any:
        yield from _data_paths(node, prefix)
        return
    for variant in _variants(annotation):
        origin, arguments = get_origin(variant), get_args(variant)
        if origin is tuple:
            yield from field_paths(arguments[0], None, prefix)
        if origin in (tuple, dict) and node is not None:
            for step, below in node.children():
                for name in (str(step), *_name_of_item(step, below)):
                    yield prefix + name
                    yield from field_paths(arguments[0 if origin is tuple else 1], below, f"{prefix}{name}.")
        elif _is_shape(variant) or variant is Any:
            yield from field_paths(variant, node, prefix)


def _name_of_item(step: str | int, item: Node) -> Iterator[str]:
    name = item.child("name")
    if isinstance(step, int) and name is not None and isinstance(name.value, str):
        yield name.value


def _data_paths(node: Node | None, prefix: str) -> Iterator[str]:
    for step, below in node.children() if node else ():
        yield f"{prefix}{step}"
        yield from _data_paths(below, f"{prefix}{step}.")


def _below(annotation: Any, step: str | int) -> Any:
    for variant in _variants(annotation):
        origin, arguments = get_origin(variant), get_args(variant)
        if _is_shape(variant):
            return fields_of(variant).get(str(step))
        if origin is tuple:
            return arguments[0]
        if origin is dict:
            return arguments[1]
    return None


def _variants(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _is_shape(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Shape)
