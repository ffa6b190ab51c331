"""Pages of errors: an index over all of them, and one page for each provider's error shape."""

from __future__ import annotations

from collections.abc import Iterator

from ...vendored.platforms import PlatformError
from ...vendored.reference import Reference
from ...vendored.wire import ErrorShape, StatusRow
from ..addresses import platform_target
from ..json_text import compact, indent
from ..markdown import NONE, Code, Table, code, prose, value_text
from .facts import FactSection, Field, Page, Shelf, code_value, source_path
from .status_pages import status_pages, status_table


def error_pages(reference: Reference) -> Iterator[Page]:
    """The index of errors, a page per status, and a page per error shape."""
    yield _errors_index(reference)
    yield from status_pages(reference)
    for shape in reference.error_shapes.values():
        yield _error_shape(reference, shape)


_STATUS_HEAD = ("Status", "`type`", "`code`", "Meaning", "Evidence")


def _status(label: str, row: StatusRow) -> tuple[str, ...]:
    cells = [code_value(getattr(row, name)) if name in row.model_fields_set else "" for name in ("type", "code")]
    return (label, *cells, prose(row.meaning or ""), prose(row.evidence or ""))


def _error_shape(reference: Reference, shape: ErrorShape) -> Page:
    shelf = Shelf(reference, f"errors/{shape.id}.md")
    rows = [_status(f"{code(str(status))}{{ #{status} }}", row) for status, row in shape.statuses.items()]
    rows += [_status(f"other {code(family)}", row) for family, row in shape.default.items()]
    users = ", ".join(shelf.to("providers", p.id) for p in reference.providers.values() if p.error_shape == shape.id)
    entry = shelf.entry(
        f"error_shapes/{shape.id}",
        shape,
        (("request_id_header", "Request id in the header", code_value),),
        title=prose(shape.display_name),
        rows=(("Used by", users or NONE),),
    )
    values: dict[str, object] = {
        "entry": entry,
        "body": Code("Body", "json", indent(shape.body)),
        "schema": shape.body_schema and Code("Schema", "json", indent(shape.body_schema), folded=True),
        "statuses": Table(_STATUS_HEAD, tuple(rows)),
    }
    return Page(
        shelf.here,
        "wire/error_shape",
        f"{shape.display_name} errors",
        (source_path("error_shapes", shape.id),),
        values,
        weight=2,
    )


_ERROR_FIELDS: tuple[Field, ...] = (
    ("code", "Code", code_value),
    ("message", "Message"),
    ("raised_when", "Raised when"),
    ("remedy", "Remedy"),
    ("http_status", "HTTP status"),
    ("body", "Body", lambda body: value_text(body) if body is None else code(compact(body))),
    ("providers", "Providers", code_value),
)


def _errors_index(reference: Reference) -> Page:
    shelf = Shelf(reference, "errors/index.md")
    shapes = tuple(
        (shelf.to("error_shapes", key, prose(s.display_name)), code(compact(s.body)), shelf.marks(s))
        for key, s in reference.error_shapes.items()
    )
    values: dict[str, object] = {
        "shapes": Table(("Shape", "Body", "Sources"), shapes),
        "platforms": tuple(
            _platform_errors(shelf, name) for name in reference.platforms if reference.platforms[name].errors
        ),
        "statuses": status_table(shelf),
    }
    files = tuple(f"spec/platforms/{name}/errors.yaml" for name, p in reference.platforms.items() if p.errors)
    return Page(shelf.here, "wire/errors_index", "Errors", ("spec/errors/", *files), values, weight=2)


def _error_title(error: PlatformError) -> str:
    """The code of an error, else its message, else its id in the spec."""
    if error.code not in (None, "unknown"):
        return code(error.code or "")
    return code(error.id) if error.message in (None, "unknown") else prose(error.message or "")


def _platform_errors(shelf: Shelf, name: str) -> tuple[str, str, Table, tuple[FactSection, ...]]:
    """Name and display name of a platform, the list of its errors, and an entry for each."""
    platform = shelf.reference.platforms[name]
    overview, entries = [], []
    for key, error in platform.errors.items():
        target = platform_target(name, "errors", key)
        label = _error_title(error)
        help_on = tuple(
            (shelf.link(prose(t.symptom), platform_target(name, "troubleshooting", k)), prose(t.meaning))
            for k, t in platform.troubleshooting.items()
            if t.error == key
        )
        entries.append(
            shelf.entry(
                f"platforms/{name}/errors/{key}",
                error,
                _ERROR_FIELDS,
                title=label,
                at=target.partition("#")[2],
                rows=(("Ends the step", steps),) if (steps := _steps_ending_in(shelf, name, key)) else (),
                tables=(("Troubleshooting", Table(("Symptom", "Meaning"), help_on)),),
            )
        )
        overview.append(
            (
                shelf.link(label, target),
                code_value(error.code),
                value_text(error.message),
                value_text(error.http_status),
            )
        )
    return (
        name,
        prose(platform.about.display_name),
        Table(("Error", "Code", "Message", "HTTP status"), tuple(overview)),
        tuple(entries),
    )


def _steps_ending_in(shelf: Shelf, name: str, error: str) -> str:
    """Links to the steps of a platform's resolution that can end in an error."""
    return ", ".join(
        shelf.link(prose(step.title), platform_target(name, "steps", key))
        for key, step in shelf.reference.platforms[name].steps.items()
        if error in step.errors
    )
