"""Providers, and the wire contract of each dialect that they speak."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .base import (
    DialectId,
    ErrorShapeId,
    Fact,
    Json,
    Lifecycle,
    Method,
    OperationId,
    ProviderId,
    Shape,
    SourceRef,
    Unknown,
)

CredentialCarrier: TypeAlias = Literal["authorization-bearer", "x-api-key", "x-goog-api-key", "query-key"]


class Sdk(Shape):
    """The SDK that the client uses for a provider and how it constructs it."""

    name: str
    package: str | None = None
    minified_class: str | None = None
    """The class's name in the inspected client build."""
    arguments: dict[str, Json] = {}
    """Constructor arguments by name; `{api_key}`, `{base_url}` stand for the run-time values."""
    note: str | None = None


class ClientCall(Shape):
    """How the client itself makes a call: the agent's main loop of a provider, or a tool."""

    streamed: bool
    body: tuple[str, ...] = ()
    """Top-level keys of the request's body, in no particular order."""
    notes: tuple[str, ...] = ()


class Root(Shape):
    """What stands between a provider's base path and an operation's own path."""

    path: str
    """Below the base path on the proxy, e.g. `/v1`, or empty."""
    upstream: str
    """The same place below the provider's upstream URL."""
    used_by: str | None = None


class Provider(Fact):
    """Who serves models, and how the client reaches it."""

    display_name: str
    aliases: tuple[str, ...] = ()
    """Other names that the client's settings have for it, e.g. in `amp.internal.model`."""
    section: str | None = None
    """Heading of its section in the routing map."""
    via_proxy: bool
    base_path: str | None = None
    """Path below `amp.url`; None where calls bypass the proxy."""
    base_url: str | None = None
    """Full base URL where calls bypass the proxy."""
    served_through: ProviderId | None = None
    """The provider whose endpoint really takes the calls (Moonshot's go to OpenRouter)."""
    sdk: Sdk
    roots: tuple[Root, ...]
    """The first is the one that the Amp client's SDK uses."""
    operations: dict[DialectId, tuple[OperationId, ...]]
    default_operation: OperationId
    """What a call of one of its models means when nothing else is said."""
    client_call: ClientCall | None = None
    """How the agent's main loop calls the default operation."""
    upstream: str | Unknown
    """The vendor's own base URL, below which `Root.upstream` continues."""
    upstream_credential: CredentialCarrier
    """The carrier that a proxy uses unless it is set up otherwise."""
    upstream_credentials: tuple[CredentialCarrier, ...] = ()
    """Every carrier that the provider accepts, where it is not that one alone."""
    client_credentials: tuple[CredentialCarrier, ...]
    """Carriers in which the client sends its key on this provider's routes."""
    placeholder_credentials: tuple[CredentialCarrier, ...] = ()
    """Carriers that hold the literal word `placeholder`, never a key."""
    error_shape: ErrorShapeId
    response_extras: dict[OperationId, Json] = {}
    """Merged into the dialect's minimal response: fields that only this provider adds."""
    final_chunk_extras: Json = None
    """Merged into the last stream chunk that carries a finish reason."""
    requires: tuple[str, ...] = ()
    """Settings or environment variables of which one must be set."""
    setting: str | None = None
    """Setting that changes how this provider is reached."""
    lifecycle: Lifecycle | None = None
    warning: str | None = None
    notes: tuple[str, ...] = ()


# --- endpoints: the wire contract of one dialect


class StreamSwitch(Shape):
    """How a call asks for a stream: a body field, or another path and query."""

    by: Literal["body", "path"]
    field: str | None = None
    path: str | None = None
    query: str | None = None


class Refusal(Shape):
    """Fields of a request that the vendor refuses."""

    fields: tuple[str, ...]
    when: dict[str, str] = {}
    """Only in requests whose headers have these values."""


class StreamEvent(Shape):
    """One server-sent event; `data` is JSON, or a string that is sent as it is."""

    event: str | None = None
    data: Json


class Operation(Shape):
    """One call of a dialect, with the smallest valid request and response.

    In `request`, `response` and stream events `{model}` stands for the model id and `{text}` for
    the message text. The schemas are JSON Schema 2020-12; they say what every party may rely on,
    leave every object open, and refer to the dialect's own `schemas` by `#/$defs/<name>`.
    """

    method: Method
    path: str
    """Below a provider's root; may contain `{model}`."""
    summary: str
    model_in: Literal["body", "path", "none"]
    stream: StreamSwitch | None = None
    metered: bool = True
    """Whether a proxy may count the call as a model call."""
    request: Json = None
    response: Json = None
    request_schema: Json = None
    """Of the request's body."""
    response_schema: Json = None
    """JSON Schema of the body of an answer that is not a stream."""
    event_schema: Json = None
    """Of the data of one event of a stream, where it is JSON."""
    query: dict[str, Json] = {}
    """Optional parameters of the query, each with the schema of its value."""
    required_headers: tuple[str, ...] = ()
    """Headers without which the call is refused; `Endpoint.request_headers` has their values."""
    refusals: tuple[Refusal, ...] = ()
    """What the vendor refuses beyond what `request_schema` says; a proxy passes it on all the same."""
    must_accept: tuple[str, ...] = ()
    """What a proxy must not refuse."""
    events: tuple[StreamEvent, ...] = ()
    """A minimal complete stream, terminator included."""
    in_band_error: StreamEvent | None = None
    """How an error after the 200 looks."""
    other_in_band_error: StreamEvent | None = None
    """Another form of it, where servers were seen to send another than their documentation shows."""
    client_request: Json = None
    """Members beside those of `request`: what the Amp client sends on streaming calls; of a count, what its vendor
    documents."""
    rare_request: Json = None
    """Members in place of those of `request` that make a valid form which is easily rejected; null leaves one out."""
    rich_response: Json = None
    """Members in place of those of `response`: thinking, a call of a tool, and details of the usage."""
    aliases: tuple[str, ...] = ()
    sources: tuple[SourceRef, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """Fields that every request has."""
        schema: dict[str, Json] = self.request_schema or {}
        return tuple(schema.get("required", ()))


class StreamFraming(Shape):
    """How a dialect frames its streams."""

    content_type: str
    event_line: Literal["required", "sent", "none"]
    newline: Literal["\n", "\r\n"]
    terminator: str | None
    """The closing event or `[DONE]`; None when the end of the body is the end."""
    text_data: tuple[str, ...] = ()
    """Texts that the data of an event may have instead of JSON."""
    ping: str | None = None
    opens_with: str | None = None
    """The event that begins every stream, once; None where events have no names."""
    ends_with: tuple[str, ...] = ()
    """The events of which one is the last of a complete stream; empty where events have no names."""
    bare_errors: bool = False
    """Whether upstreams were seen to send an error after the 200 without any framing."""
    order: str
    without_switch: str | None = None
    """What is sent when the stream is asked for in the dialect's other form."""


class EndForm(Shape):
    """An object of an answer that tells why the answer ends."""

    usual: dict[str, Json]
    """Members by which the object is known where the answer is complete."""
    other: dict[str, Json]
    """Members in their place where it ends for a reason, which is written `{reason}`."""


class Ends(Shape):
    """How the answers of a dialect end that are not complete."""

    reasons: tuple[str, ...]
    forms: tuple[EndForm, ...]


class Endpoint(Fact):
    """A wire protocol (dialect): its operations, its streams, its credentials."""

    display_name: str
    operations: dict[OperationId, Operation]
    streaming: StreamFraming | None
    request_headers: dict[str, str] = {}
    """Headers that the SDKs of this dialect send on every call."""
    schemas: dict[str, Json] = {}
    """What the schemas of the operations have in common, by name."""
    among_management: bool = False
    """Whether a known proxy counts the dialect's paths among its management paths."""
    bare_paths: tuple[str, ...] = ()
    """Paths without a provider at which known proxies serve calls of the dialect, too; no source obliges a proxy to."""
    ends: Ends | None = None
    """Reasons for which an answer ends, beside that it is complete or calls tools."""
    truncation: dict[str, str] = {}
    """What the client makes of a stream that ends early, by kind of end."""
    notes: tuple[str, ...] = ()

    def standalone(self, schema: Json) -> Json:
        """A schema of one of the operations together with `schemas`, so that a validator can take it by itself."""
        own: dict[str, Json] = schema
        return {**own, "$defs": self.schemas}


class StatusRow(Shape):
    """What one HTTP status means in one error shape."""

    type: str | Unknown | None = None
    code: str | Unknown | None = None
    meaning: str | None = None
    evidence: str | None = None


class ErrorShape(Fact):
    """The JSON of a provider's errors. `{status}`, `{message}`, `{type}`, `{code}` are filled in."""

    display_name: str
    body: Json
    body_schema: Json = None
    """JSON Schema 2020-12 of the body, for provider and proxy; further fields are allowed."""
    statuses: dict[int, StatusRow]
    default: dict[Literal["4xx", "5xx"], StatusRow]
    request_id_header: str | Unknown | None = None
    notes: tuple[str, ...] = ()
