"""The types, data and routes of an edition as one Go package, with the data embedded. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ...compile import facts_alone
from ...vendored.reference import Reference
from ...vendored.timeline import Timelines
from ..json_text import data_lines
from ..templates import environment
from .routes import RouteTables, route_tables
from .schema_types import Field, ListOf, Literals, MapOf, Named, Object, OneOf, Plain, Type, complete, objects, without

FILE, DATA, TABLES, TIMELINES = "ampmap.go", "reference.json", "routes.json", "timelines.json"
_PLAIN = {"string": "string", "number": "float64", "integer": "int", "boolean": "bool"}
_INITIALISMS = {"Id": "ID", "Url": "URL", "Sdk": "SDK", "Api": "API", "Json": "JSON", "Http": "HTTP"}
_TABLE = re.compile(r"\bRoute(Meaning|Operation|Provider|Setting|Tables)\b")


def render_go(reference: Reference, known: Timelines) -> dict[str, bytes]:
    """`ampmap.go`, and the files that it embeds; `known` is where each name goes in all editions.

    It needs the standard library alone.
    """
    data = facts_alone(reference)
    described = list(objects("Reference", Reference.model_json_schema()))
    tables_alone = without(described, objects("RouteTables", RouteTables.model_json_schema()))
    timelines = objects("Timelines", complete(Timelines.model_json_schema()))
    text = (
        environment("languages")
        .get_template("ampmap.go.j2")
        .render(
            edition=reference.edition,
            digest=data["digest"],
            types="\n".join(map(_struct, described)),
            table_types="\n".join(map(_struct, tables_alone)),
            timeline_types="\n".join(map(_struct, timelines)),
        )
    )
    tables = data_lines(route_tables(reference).model_dump(mode="json"))
    return {
        FILE: (_TABLE.sub(r"route\1", text).rstrip() + "\n").encode(),
        DATA: f"{data_lines(data)}\n".encode(),
        TABLES: f"{tables}\n".encode(),
        TIMELINES: f"{data_lines(known.model_dump(mode='json'))}\n".encode(),
    }


def _struct(shape: Object) -> str:
    lines = [*_comment(f"{shape.name}: {shape.doc or 'see the fields.'}", ""), f"type {shape.name} struct {{"]
    section: list[tuple[str, str, str]] = []
    for field in shape.fields:
        if field.doc:
            lines += _aligned(section)
            lines += _comment(field.doc, "\t")
            section = []
        option = "" if field.is_required else ",omitempty"
        section.append((_camel(field.name), _type_of(field), f'`json:"{field.name}{option}"`'))
    return "\n".join([*lines, *_aligned(section), "}", ""])


def _aligned(section: list[tuple[str, str, str]]) -> Iterator[str]:
    """The fields between two comments in the columns in which gofmt puts them."""
    names, types = (max((len(row[place]) for row in section), default=0) for place in (0, 1))
    yield from (f"\t{name:{names}} {kind:{types}} {tag}" for name, kind, tag in section)


def _comment(text: str, indent: str) -> Iterator[str]:
    yield from (f"{indent}// {line}".rstrip() for line in text.splitlines())


def _camel(name: str) -> str:
    words = (word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", name) if word)
    return "".join(_INITIALISMS.get(word, word) for word in words)


def _type_of(field: Field) -> str:
    """A pointer where a value may be absent, so that absence is not read as an empty value."""
    kind = field.type
    if isinstance(kind, OneOf):
        options = [option for option in kind.options if option != Plain("null")]
        texts = {_type(option) for option in options}
        if len(texts) > 1:
            return "json.RawMessage"
        kind = options[0]
    text = _type(kind)
    is_optional = isinstance(field.type, OneOf) or not field.is_required
    return f"*{text}" if is_optional and isinstance(kind, Plain | Literals | Named) and text != "any" else text


def _type(kind: Type) -> str:
    match kind:
        case Plain(name):
            return _PLAIN.get(name, "any")
        case Named(name):
            return name
        case Literals():
            return "string"
        case ListOf(item):
            return f"[]{_type(item)}"
        case MapOf(value):
            return f"map[string]{_type(value)}"
        case OneOf(options):
            return _one(_type(option) for option in options if option != Plain("null"))


def _one(types: Iterable[str]) -> str:
    found = set(types)
    return found.pop() if len(found) == 1 else "json.RawMessage"
