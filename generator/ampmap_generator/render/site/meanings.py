"""The page that shows which meaning has which place in each dialect."""

from __future__ import annotations

from collections.abc import Iterator

from ...vendored.meanings import AnswerMeanings, Meanings, Place, RequestMeanings, Step, StreamMeanings
from ...vendored.reference import Reference
from ..json_text import compact
from ..markdown import Table, code, prose
from .facts import Field, Page, Shelf, code_value, yes_or_no

_FIELDS: tuple[Field, ...] = (
    ("operation", "Operation", code_value),
    ("error_shape", "Types and codes of errors", code_value),
    ("snake_case", "Keys also in snake case", yes_or_no),
)


def meaning_pages(reference: Reference) -> Iterator[Page]:
    """The one page; none where the reference has no meanings."""
    if not reference.meanings:
        return
    shelf = Shelf(reference, "meanings.md")
    parts = (("request", "Requests", RequestMeanings), ("answer", "Answers", AnswerMeanings))
    tables = [(name, title, _table(shelf, name, list(_names(shape, Place)))) for name, title, shape in parts]
    tables.append(("stream", "Streams", _table(shelf, "stream", list(_names(StreamMeanings, Step)))))
    entries = tuple(
        shelf.entry(
            f"meanings/{key}", held, _FIELDS, title=prose(held.display_name), rows=((_ENDPOINT, _endpoint(shelf, key)),)
        )
        for key, held in reference.meanings.items()
    )
    values: dict[str, object] = {"tables": tuple(tables), "entries": entries}
    yield Page(shelf.here, "wire/meanings", "Meanings across dialects", ("spec/meanings/",), values)


_ENDPOINT = "Endpoint"


def _endpoint(shelf: Shelf, key: str) -> str:
    return shelf.to_name("endpoints", key)


def _names(shape: type[RequestMeanings | AnswerMeanings | StreamMeanings], of: type[Place | Step]) -> Iterator[str]:
    for name, field in shape.model_fields.items():
        if field.annotation is of:
            yield name


def _table(shelf: Shelf, part: str, names: list[str]) -> Table:
    held = shelf.reference.meanings.values()
    rows = tuple(
        (prose(name.replace("_", " ")), *(_cell(shelf, getattr(getattr(one, part), name)) for one in held))
        for name in names
    )
    return Table(("Meaning", *(_head(one) for one in held)), rows)


def _head(one: Meanings) -> str:
    return prose(one.display_name)


def _cell(shelf: Shelf, place: Place | Step) -> str:
    if place.none is not None:
        return f"none: {prose(place.none)}"
    if isinstance(place, Place) and place.in_path:
        shown = "in the path of the call"
    elif isinstance(place, Step):
        shown = "<br>".join(code(compact(event.data)) for event in place.events) or code(compact(place.forms[0]))
    else:
        shown = code(compact(place.forms[0]))
    others = len(place.forms) - 1
    more = f" and {others} other form{'s' if others > 1 else ''}" if others > 0 else ""
    return f"{shown}{more} {shelf.marks(place.sources)}"
