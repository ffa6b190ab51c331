"""Paths into plain data, as users and claims write them: `sdk.arguments`, `headers.Authorization.value`, `roots.0`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .yaml_nodes import Pointer

SEPARATORS = "./"


def pointer_to(data: Any, text: str) -> Pointer | None:
    """The steps to what `text` names in `data`, or None where it names nothing; an empty text names all of it.

    Steps are joined by dots or slashes. Keys may hold either themselves, so the longest key that leads on is taken.
    An item of a list is named by its index, or by its `name` if it has one.
    """
    if not text:
        return ()
    for name, step, below in sorted(_steps(data), key=lambda found: -len(found[0])):
        rest = text[len(name) :]
        if text.startswith(name) and (not rest or rest[0] in SEPARATORS):
            pointer = pointer_to(below, rest[1:])
            if pointer is not None:
                return (step, *pointer)
    return None


def value_at(data: Any, pointer: Pointer) -> Any:
    """What stands at a pointer into `data`. Raises LookupError where nothing does."""
    for step in pointer:
        data = data[step]
    return data


def all_paths(data: Any, prefix: str = "") -> Iterator[str]:
    """Every path into `data` that names something, joined by dots."""
    for name, _, below in _steps(data):
        yield prefix + name
        yield from all_paths(below, f"{prefix}{name}.")


def covers(outer: str, inner: str) -> bool:
    """Whether the path `inner` is `outer` or lies below it."""
    return inner == outer or (inner.startswith(outer) and inner[len(outer)] in SEPARATORS)


def _steps(data: Any) -> Iterator[tuple[str, str | int, Any]]:
    """The names that lead one step down, each with the step itself and what is there."""
    if isinstance(data, dict):
        for key, below in data.items():
            yield str(key), key, below
    elif isinstance(data, list | tuple):
        for index, below in enumerate(data):
            yield str(index), index, below
            if isinstance(below, dict) and isinstance(name := below.get("name"), str):
                yield name, index, below
