"""Validates a located value by its shape and says what is wrong at the place where it is.

Values are validated strictly: text is never taken for a number or a boolean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from ..vendored.base import Shape
from . import rules
from .code_frame import shorten
from .fields import fields_of, shape_at
from .findings import Finding, Location
from .suggest import did_you_mean
from .yaml_nodes import MAX_FINDINGS, Node, Pointer

S = TypeVar("S", bound=Shape)


def validate(shape: type[S], node: Node, injected: Mapping[str, str]) -> tuple[S | None, list[Finding]]:
    """The value of `node` as `shape`, or None and what is wrong with it.

    `node` holds a mapping; `injected` are the fields that the path gives and the file must not.
    """
    findings = [
        rules.INJECTED_FIELD.broken(written.key_location, f"`{name}` is given by the file's path", "remove it here")
        for name in injected
        if (written := node.child(name)) is not None
    ]
    # JSON is the one form in which pydantic is strict and still takes lists for tuples.
    text = json.dumps({**node.plain(), **injected})
    try:
        value = shape.model_validate_json(text, strict=True)
    except ValidationError as error:
        problems = _without_echoes(node, error.errors(include_url=False))[:MAX_FINDINGS]
        return None, findings + [_finding(shape, node, problem) for problem in problems]
    return (None if findings else value), findings


# --- one finding per mistake

Problem = Mapping[str, Any]

_UNION_BRANCH = re.compile(r"str|int|float|bool|(?:tuple|list|dict|literal)\[.*\]", re.DOTALL)


def _split(node: Node, loc: Iterable[str | int]) -> tuple[Pointer, Pointer]:
    """Pydantic's `loc` as the steps that lead through the document, and the rest.

    The rest begins with the branch of a union, with `[key]`, or with the field that is missing.
    """
    steps = tuple(loc)
    for index, step in enumerate(steps):
        below = node.child(step)
        if below is None:
            return steps[:index], steps[index:]
        node = below
    return steps, ()


def _without_echoes(node: Node, problems: Iterable[Problem]) -> list[Problem]:
    """One problem per mistake: pydantic reports a mistake in a union once for each of its branches.

    The branch that came furthest into the value is what the author meant; where none came further
    than another, their expectations are joined in one problem.
    """
    kept: list[Problem] = []
    unions: dict[Pointer, dict[str | int, list[Problem]]] = {}
    for problem in problems:
        pointer, rest = _split(node, problem["loc"])
        if rest and _UNION_BRANCH.fullmatch(str(rest[0])):
            unions.setdefault(pointer, {}).setdefault(rest[0], []).append({**problem, "loc": (*pointer, *rest[1:])})
        else:
            kept.append(problem)
    for pointer, branches in unions.items():
        deep = [found for found in branches.values() if any(len(problem["loc"]) > len(pointer) for problem in found)]
        kept += deep[0] if deep else [_join([found[0] for found in branches.values()])]
    return kept


def _join(problems: list[Problem]) -> Problem:
    expected = " or ".join(_expectation(problem) for problem in problems)
    allowed = [value for problem in problems for value in _allowed(problem)]
    return {**problems[0], "type": "union", "ctx": {"expected": expected, "allowed": allowed}}


# --- words

_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "`true` or `false`",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "greater_than": "a number above 0",
}


def _finding(shape: type[Shape], node: Node, problem: Problem) -> Finding:
    kind = problem["type"]
    pointer, rest = _split(node, problem["loc"])
    found = node.nearest(pointer)
    if kind == "missing":
        return rules.MISSING_FIELD.broken(found.key_location, f"the field `{rest[-1]}` is missing")
    if kind == "extra_forbidden":
        around = shape_at(shape, pointer[:-1])
        hint = did_you_mean(str(pointer[-1]), list(fields_of(around))) if around else None
        return rules.UNKNOWN_FIELD.broken(found.key_location, "no field has this name", hint)
    value = problem["input"]
    allowed = _allowed(problem)
    message = f"expected {_expectation(problem)}"
    hint = did_you_mean(value, allowed) if isinstance(value, str) else None
    if rest:  # the key is wrong, not the value
        return rules.WRONG_VALUE.broken(found.key_location, message, hint)
    if kind == "literal_error":
        return rules.WRONG_VALUE.broken(_place(found), message, hint)
    if "text" in message and isinstance(value, bool | int | float):
        hint = "put it in quotes"
    return rules.WRONG_TYPE.broken(_place(found), f"{message}, not {_describe(value)}", hint)


def _place(node: Node) -> Location:
    """Where the value stands, or its key if the value is on lines of its own."""
    if node.key is not None and node.key.line != node.line:
        return node.key_location
    return node.location


def _expectation(problem: Problem) -> str:
    if problem["type"] == "union":
        return str(problem["ctx"]["expected"])
    values = [f"`{value.encode('unicode_escape').decode()}`" for value in _allowed(problem)]
    if values:
        return values[0] if len(values) == 1 else f"one of {', '.join(values)}"
    return _TYPES.get(problem["type"]) or f"something else: {problem['msg']}"


def _allowed(problem: Problem) -> list[str]:
    """The values of a literal, which pydantic gives as prose: `'a', 'b' or 'c'`."""
    if problem["type"] == "union":
        return list(problem["ctx"]["allowed"])
    if problem["type"] != "literal_error":
        return []
    quoted = re.findall(r"'((?:[^'\\]|\\.)*)'", problem["ctx"]["expected"])
    return [value.encode().decode("unicode_escape") for value in quoted]


def _describe(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text `{shorten(value, 40)}`"
    return "a list" if isinstance(value, list) else "a mapping"
