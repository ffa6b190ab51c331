"""The docstrings of fields as `description` in JSON Schemas. Pure.

The shapes of the vendored module do not read their own source when they are imported, since that would cost its users
time. So the text is read here.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from typing import Any

from pydantic import BaseModel

JsonSchema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_with_docs(shape: type[BaseModel]) -> JsonSchema:
    """The JSON Schema of a shape, in which every field that has a docstring has it as `description`."""
    schema = shape.model_json_schema()
    for name, kind in _models(shape).items():
        described = schema if kind is shape and "properties" in schema else schema["$defs"].get(name, {})
        for field, properties in described.get("properties", {}).items():
            if text := _doc(kind, field):
                # A sibling of `$ref` is allowed since draft 2019-09.
                properties.setdefault("description", text)
    return schema


def _models(shape: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The shape and every one that its fields lead to, by name."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = [shape]
    while waiting:
        part = waiting.pop()
        if isinstance(part, type) and issubclass(part, BaseModel) and part.__name__ not in found:
            found[part.__name__] = part
            waiting += [field.annotation for field in part.model_fields.values()]
        waiting += getattr(part, "__args__", ())
    return found


def _doc(kind: type[BaseModel], field: str) -> str | None:
    for parent in kind.__mro__:
        text = _docs_of(parent.__module__).get((parent.__name__, field))
        if text:
            return text
    return None


@cache
def _docs_of(module: str) -> dict[tuple[str, str], str]:
    """By class and field, the texts that stand below the fields of a module's classes."""
    if not module.startswith(__name__.partition(".")[0]):
        return {}
    found = {}
    for node in ast.parse(inspect.getsource(sys.modules[module])).body:
        if isinstance(node, ast.ClassDef):
            for field, text in zip(node.body, node.body[1:], strict=False):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                        found[node.name, name] = inspect.cleandoc(said)
    return found
