"""Pages of providers and endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...vendored.base import Json
from ...vendored.reference import Reference
from ...vendored.routing import CREDENTIAL_HEADERS, DEFAULT_AMP_URL, MODEL_SLOT, Call, calls, resolve_url
from ...vendored.wire import ClientCall, Endpoint, Operation, Provider, Root, StatusRow, StreamEvent, StreamSwitch
from ..json_text import compact, indent
from ..markdown import NONE, UNKNOWN, Code, Table, code, codes, prose
from ..pictures.routing_map import provider_picture
from ..pictures.stream import stream_picture
from .facts import FactSection, Field, Page, Shelf, code_value, field_rows, source_path, yes_or_no


def wire_pages(reference: Reference) -> Iterator[Page]:
    """The pages of providers and endpoints, with their indexes."""
    yield _providers_index(reference)
    for provider in reference.providers.values():
        yield _provider(reference, provider)
    yield _endpoints_index(reference)
    for endpoint in reference.endpoints.values():
        yield _endpoint(reference, endpoint)


def base_of(provider: Provider) -> str:
    """The base path below `amp.url`, or the base URL of a provider that is reached without it."""
    return (provider.base_path if provider.via_proxy else provider.base_url) or ""


def full_address(provider: Provider, path: str) -> str:
    """The full URL of a path of this provider with the default `amp.url`."""
    return resolve_url(path, DEFAULT_AMP_URL) if provider.via_proxy else path


def has_address(provider: Provider) -> bool:
    """Whether the sources state the provider's own address."""
    return provider.upstream != "unknown"


def credentials(carriers: Json) -> str:
    """Credential carriers as the header or query field that holds them."""
    return codes(tuple(CREDENTIAL_HEADERS[carrier] for carrier in carriers))


def client_call(call: ClientCall | None) -> tuple[tuple[str, str], ...]:
    """How the client makes a call, as rows; none if the sources do not state it."""
    fields: tuple[Field, ...] = (("streamed", "As a stream", yes_or_no), ("body", "Keys of the body", code_value))
    return () if call is None else field_rows(call, fields)


def passage(provider: Provider) -> str:
    """Whether a provider's calls pass the proxy, as the cell of a table."""
    return "yes" if provider.via_proxy else "**no**"


# --- providers


def _providers_index(reference: Reference) -> Page:
    shelf = Shelf(reference, "providers/index.md")
    rows = tuple(
        (
            shelf.to("providers", key, prose(p.display_name)),
            code(base_of(p)),
            passage(p),
            ", ".join(shelf.to("endpoints", dialect) for dialect in p.operations),
            prose(p.sdk.name),
            shelf.marks(p),
        )
        for key, p in reference.providers.items()
    )
    table = Table(("Provider", "Base", "Passes the proxy", "Endpoints", "SDK", "Sources"), rows)
    return Page(shelf.here, "wire/providers_index", "Providers", ("spec/providers/",), {"table": table})


_PROVIDER_FIELDS: tuple[Field, ...] = (
    ("base_path", "Base path", code_value),
    ("base_url", "Base URL", code_value),
    ("via_proxy", "Passes the proxy", yes_or_no),
    ("upstream_credential", "Credential at the provider", lambda carrier: credentials([carrier])),
    ("client_credentials", "Client's key arrives in", credentials),
    ("placeholder_credentials", "Holds only the word `placeholder`", credentials),
    ("default_operation", "Default operation", code_value),
    ("section", "Section of the routing map"),
)


def _provider(reference: Reference, p: Provider) -> Page:
    shelf = Shelf(reference, f"providers/{p.id}.md")
    served = p.served_through
    links: list[tuple[str, str]] = []
    if "served_through" in p.model_fields_set:
        links.append(("Served through", shelf.to_name("providers", served) if served else NONE))
    links.append(("Error shape", shelf.to_name("error_shapes", p.error_shape)))
    if "requires" in p.model_fields_set:
        needed = " or ".join(shelf.to_name("settings", name) for name in p.requires)
        links.append(("Needs", needed or NONE))
    if "setting" in p.model_fields_set:
        links.append(("Setting", shelf.to_name("settings", p.setting) if p.setting else NONE))
    sdk: tuple[Field, ...] = (
        ("name", "SDK"),
        ("package", "Package", code_value),
        ("minified_class", "Class in the client build", code_value),
        ("note", "Note"),
    )
    entry = shelf.entry(
        f"providers/{p.id}",
        p,
        _PROVIDER_FIELDS,
        title=prose(p.display_name),
        rows=(
            ("Full base URL", code(full_address(p, base_of(p)))),
            ("The provider's own base URL", code(p.upstream) if has_address(p) else UNKNOWN),
            *links,
        ),
    )
    values: dict[str, object] = {
        "entry": entry,
        "rest": entry if p.via_proxy else replace(entry, warning=""),
        "bypasses": not p.via_proxy,
        "roots": tuple(_root(reference, p, root) for root in p.roots),
        "sdk": Table(("", ""), field_rows(p.sdk, sdk)),
        "arguments": Code("Construction", "json", indent(p.sdk.arguments)) if p.sdk.arguments else None,
        "client_call": Table(("", ""), client_call(p.client_call)),
        "client_call_notes": tuple(prose(note) for note in p.client_call.notes) if p.client_call else (),
        "extras": _extras(p),
        "picture": provider_picture(reference, p),
        "models": _provider_models(shelf, p),
        "modes": _provider_modes(shelf, p),
    }
    return Page(shelf.here, "wire/provider", p.display_name, (source_path("providers", p.id),), values)


def _root(reference: Reference, p: Provider, root: Root) -> tuple[str, str, Table]:
    """One root of a provider: its path, who uses it, and every operation below it."""
    rows = []
    for call in calls(p, reference=reference):
        for label, stream in _stream_states(call):
            path = call.path(MODEL_SLOT, stream=stream, root=root)
            upstream = call.upstream_url(MODEL_SLOT, stream=stream, root=root)
            rows.append(
                (
                    code(call.id),
                    label,
                    call.operation.method,
                    _url(full_address(p, path)),
                    _url(upstream) if has_address(p) else UNKNOWN,
                )
            )
    return (
        code(base_of(p) + root.path),
        prose(root.used_by or ""),
        Table(("Operation", "Stream", "Method", "URL that the client calls", "URL at the provider"), tuple(rows)),
    )


def _stream_states(call: Call) -> tuple[tuple[str, bool], ...]:
    """Which rows an operation needs: two where a stream has a path of its own."""
    switch = call.operation.stream
    if switch is None:
        return (("never", False),)
    return (("off", False), ("on", True)) if switch.by == "path" else (("off and on", False),)


def _url(url: str) -> str:
    return code(url.replace(MODEL_SLOT, "{model}"))


def _extras(p: Provider) -> tuple[Code, ...]:
    extras = [Code(f"Added to the response of `{name}`", "json", indent(x)) for name, x in p.response_extras.items()]
    if p.final_chunk_extras is not None:
        extras.append(Code("Added to the last chunk of a stream", "json", indent(p.final_chunk_extras)))
    return tuple(extras)


def _provider_models(shelf: Shelf, p: Provider) -> Table:
    rows = tuple(
        (shelf.to("models", key, code(m.id)), prose(m.display_name), code(m.wire_id or m.id), shelf.marks(m))
        for key, m in shelf.reference.models.items()
        if m.provider == p.id
    )
    return Table(("Model", "Name", "Id on the wire", "Sources"), rows)


def _provider_modes(shelf: Shelf, p: Provider) -> Table:
    modes = shelf.reference.agent_modes.values()
    rows = tuple(
        (shelf.to("agent_modes", m.id, code(m.name)), code(m.model), shelf.marks(m))
        for m in modes
        if m.provider == p.id
    )
    return Table(("Agent mode", "Primary model", "Sources"), rows)


# --- endpoints


def _endpoints_index(reference: Reference) -> Page:
    shelf = Shelf(reference, "endpoints/index.md")
    rows = tuple(
        (
            shelf.to("endpoints", key, prose(e.display_name)),
            code(name),
            f"{operation.method} {code(operation.path)}",
            prose(operation.summary),
            ", ".join(shelf.to("providers", p.id) for p in _servers(reference, key, name)),
        )
        for key, e in reference.endpoints.items()
        for name, operation in e.operations.items()
    )
    table = Table(("Endpoint", "Operation", "Path below the root", "What it does", "Served by"), rows)
    return Page(shelf.here, "wire/endpoints_index", "Endpoints", ("spec/endpoints/",), {"table": table})


def _servers(reference: Reference, dialect: str, operation: str) -> tuple[Provider, ...]:
    return tuple(p for p in reference.providers.values() if operation in p.operations.get(dialect, ()))


_FRAMING_FIELDS: tuple[Field, ...] = (
    ("content_type", "Content type", code_value),
    ("event_line", "`event:` lines"),
    ("newline", "Line end", lambda newline: "CR LF" if newline == "\r\n" else "LF"),
    ("opens_with", "First event", code_value),
    ("ends_with", "Last event", lambda names: ", ".join(code(name) for name in names)),
    ("terminator", "Terminator", code_value),
    ("ping", "Pings"),
    ("order", "Order"),
    ("without_switch", "Without the switch"),
)


def _endpoint(reference: Reference, e: Endpoint) -> Page:
    shelf = Shelf(reference, f"endpoints/{e.id}.md")
    headers = tuple((code(name), code(value)) for name, value in e.request_headers.items())
    truncation = tuple((prose(end.replace("-", " ")), prose(result)) for end, result in e.truncation.items())
    entry = shelf.entry(f"endpoints/{e.id}", e, (), title=prose(e.display_name))
    values: dict[str, object] = {
        "entry": entry,
        "operations": tuple(_operation(shelf, e, name, operation) for name, operation in e.operations.items()),
        "has_streams": e.streaming is not None,
        "pictures": tuple(
            picture for name, operation in e.operations.items() if (picture := stream_picture(e, name, operation))
        ),
        "errors": _errors(shelf, e),
        "framing": Table(("", ""), field_rows(e.streaming, _FRAMING_FIELDS) if e.streaming else ()),
        "headers": Table(("Header", "Value"), headers),
        "bare_paths": Table(("Path",), tuple((code(path),) for path in e.bare_paths)),
        "ends": tuple(code(reason) for reason in e.ends.reasons) if e.ends else (),
        "truncation": Table(("The stream ends", "What the client does"), truncation),
        "schemas": tuple(Code(name, "json", indent(schema), folded=True) for name, schema in e.schemas.items()),
    }
    return Page(shelf.here, "wire/endpoint", e.display_name, (source_path("endpoints", e.id),), values, weight=2)


def _errors(shelf: Shelf, e: Endpoint) -> Table:
    """Per status what each provider of an endpoint answers; providers of one shape share a column."""
    servers = [p for p in shelf.reference.providers.values() if e.id in p.operations]
    shapes = {p.error_shape: shelf.reference.error_shapes[p.error_shape] for p in servers}
    users = {name: ", ".join(shelf.to("providers", p.id) for p in servers if p.error_shape == name) for name in shapes}
    statuses = sorted({status for shape in shapes.values() for status in shape.statuses})
    head = tuple(f"{shelf.to('error_shapes', name)} ({users[name]})" for name in shapes)
    rows = tuple(
        (code(str(status)), *(_error(shape.statuses.get(status)) for shape in shapes.values())) for status in statuses
    )
    return Table(("Status", *head), rows)


def _error(row: StatusRow | None) -> str:
    if row is None:
        return "-"
    told = [code_value(value) for value in (row.type, row.code) if value not in (None, "unknown")]
    return ": ".join(text for text in (" ".join(told), prose(row.meaning or "")) if text) or "-"


def _switch(switch: StreamSwitch | None) -> str:
    if switch is None:
        return NONE
    if switch.by == "body":
        return f"the field {code(switch.field or '')} of the body"
    return code((switch.path or "") + (f"?{switch.query}" if switch.query else ""))


_OPERATION_FIELDS: tuple[Field, ...] = (
    ("method", "Method"),
    ("path", "Path below the root", code_value),
    ("aliases", "Also called", code_value),
    ("model_in", "The model is named in"),
    ("stream", "Asks for a stream by", _switch),
    ("metered", "Counts as a model call", yes_or_no),
)

_SCHEMAS = (
    ("request_schema", "Schema of the request"),
    ("response_schema", "Schema of the response"),
    ("event_schema", "Schema of one event's data"),
)


def _operation(shelf: Shelf, e: Endpoint, name: str, operation: Operation) -> FactSection:
    blocks = []
    for label, field in (("Smallest request", "request"), ("Smallest response", "response")):
        value = getattr(operation, field)
        if field in operation.model_fields_set and value is not None:
            blocks.append(Code(label, "json", indent(value)))
    for field, label in _SCHEMAS:
        if (schema := getattr(operation, field)) is not None:
            blocks.append(Code(label, "json", indent(schema), folded=True))
    if operation.events:
        blocks.append(Code("Smallest complete stream, as sent", "text", _frames(operation.events)))
    if operation.in_band_error is not None:
        blocks.append(Code("An error after the 200", "text", _frames((operation.in_band_error,))))
    if operation.other_in_band_error is not None:
        blocks.append(
            Code("The same error as servers were seen to send it", "text", _frames((operation.other_in_band_error,)))
        )
    rows = tuple(
        (shelf.to("providers", p.id), _url(full_address(p, Call(p, e.id, name, operation).path(MODEL_SLOT))))
        for p in _servers(shelf.reference, e.id, name)
    )
    more = tuple(
        (label, codes(names))
        for label, names in (
            ("Required fields", operation.required),
            ("Required headers", operation.required_headers),
            ("Optional query", tuple(operation.query)),
        )
        if names
    )
    none = tuple(
        (label, NONE)
        for label, field in (("Request body", "request"), ("Response body", "response"))
        if field in operation.model_fields_set and getattr(operation, field) is None
    )
    return FactSection(
        anchor=name,
        title=code(name),
        lead=prose(operation.summary),
        facts=Table(("", ""), (*field_rows(operation, _OPERATION_FIELDS), *more, *none)),
        lists=(("A proxy must not refuse", tuple(prose(line) for line in operation.must_accept)),)
        if operation.must_accept
        else (),
        tables=(("Served by", Table(("Provider", "URL"), rows)),) if rows else (),
        code=tuple(blocks),
        sources=shelf.cited(operation.sources),
    )


def _frames(events: tuple[StreamEvent, ...]) -> str:
    """Server-sent events as text, a blank line after each."""
    lines = []
    for event in events:
        lines += [f"event: {event.event}"] if event.event else []
        lines += [f"data: {event.data if isinstance(event.data, str) else compact(event.data)}", ""]
    return "\n".join(lines).rstrip("\n")
