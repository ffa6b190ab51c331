"""The types, data and routes of an edition as one TypeScript module. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from ...compile import facts_alone
from ...vendored.reference import Reference
from ...vendored.timeline import Timelines
from ..json_text import data_lines
from ..templates import environment
from .routes import RouteTables, route_tables
from .schema_types import ListOf, Literals, MapOf, Named, Object, OneOf, Plain, Type, complete, objects, without

FILE = "ampmap.ts"
_PLAIN = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean", "null": "null"}


def render_typescript(reference: Reference, known: Timelines) -> dict[str, bytes]:
    """`ampmap.ts`, without dependencies; `known` is where each name goes in all editions."""
    data = facts_alone(reference)
    described = list(objects("Reference", Reference.model_json_schema()))
    tables_alone = without(described, objects("RouteTables", RouteTables.model_json_schema()))
    period, timelines = objects("Timelines", complete(Timelines.model_json_schema()))
    text = (
        environment("languages")
        .get_template("ampmap.ts.j2")
        .render(
            edition=reference.edition,
            digest=data["digest"],
            ids={
                "ProviderId": list(reference.providers),
                "ModelId": list(dict.fromkeys(model.id for model in reference.models.values())),
                "AgentModeId": list(reference.agent_modes),
                "DialectId": list(reference.endpoints),
            },
            literals=_literals,
            types="\n".join(_interface(each, exported=True) for each in described),
            table_types="\n".join(_interface(each, exported=False) for each in tables_alone),
            data=data_lines(data),
            period_type=_interface(period, exported=True),
            timelines_type=_interface(timelines, exported=False),
            timelines=data_lines(known.model_dump(mode="json")),
            tables=data_lines(route_tables(reference).model_dump(mode="json")),
        )
    )
    return {FILE: text.encode()}


def _interface(shape: Object, *, exported: bool) -> str:
    lines = [*_doc(shape.doc, ""), f"{'export ' if exported else ''}interface {shape.name} {{"]
    for field in shape.fields:
        lines += _doc(field.doc, "  ")
        name = field.name if field.name.isidentifier() else json.dumps(field.name)
        lines.append(f"  readonly {name}{'' if field.is_required else '?'}: {_type(field.type)};")
    return "\n".join([*lines, "}", ""])


def _doc(text: str, indent: str) -> Iterator[str]:
    if not text:
        return
    lines = text.replace("*/", "* /").splitlines()
    if len(lines) == 1:
        yield f"{indent}/** {lines[0]} */"
        return
    yield f"{indent}/**"
    yield from (f"{indent} * {line}".rstrip() for line in lines)
    yield f"{indent} */"


def _type(kind: Type) -> str:
    match kind:
        case Plain(name):
            return _PLAIN.get(name, "unknown")
        case Named(name):
            return name
        case Literals(values):
            return _literals(values)
        case ListOf(item):
            return f"readonly {_inner(item)}[]"
        case MapOf(value):
            return f"Readonly<Record<string, {_type(value)}>>"
        case OneOf(options):
            return " | ".join(_type(option) for option in options)


def _inner(kind: Type) -> str:
    text = _type(kind)
    return f"({text})" if isinstance(kind, OneOf | Literals | ListOf) else text


def _literals(values: Iterable[str]) -> str:
    return " | ".join(map(json.dumps, values)) or "never"
