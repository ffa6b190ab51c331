"""Faults with rarer forms of paths and queries, and with paths that are not routes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from ...dialects import bodies
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..credentials import QUERY_NAMES
from ..errors import WARM_UP
from ..exchange import (
    BackEnd,
    Incoming,
    Local,
    ManagementPath,
    Outgoing,
    OwnAnswer,
    Place,
    ProviderCall,
    Refusal,
    RoutedExchange,
)
from ..routing import Routes
from ..upstream import StreamedAnswer, UpstreamSender, Wrapped
from .registry import defect
from .streaming import FOREVER


@defect("query-reencoded", breaks=("routing.query-bytes",))
def query_reencoded(right: Behaviour) -> Behaviour:
    """Decodes the query and writes it anew: what had no `=` gets one, and a blank becomes `+`."""

    def target(exchange: RoutedExchange) -> str:
        path, mark, query = right.upstream_target(exchange).partition("?")
        return path + mark + urlencode(parse_qsl(query, keep_blank_values=True))

    return replace(right, upstream_target=target)


@defect(
    "default-query-appended",
    breaks=("routing.query-kept", "management.forwarded", "management.rare-forwarded"),
    seen_in="BerriAI/litellm#28352",
)
def default_query_appended(right: Behaviour) -> Behaviour:
    """Appends its own `api-version`, also where the client gave one."""

    def target(exchange: RoutedExchange) -> str:
        sent = right.upstream_target(exchange)
        return f"{sent}{'&' if '?' in sent else '?'}api-version=2024-01-01"

    return replace(right, upstream_target=target)


@defect("events-always-asked-for", breaks=("routing.json-array-stream",))
def events_always_asked_for(right: Behaviour) -> Behaviour:
    """Requests events of Google, also where the client did not."""

    def target(exchange: RoutedExchange) -> str:
        sent = right.upstream_target(exchange)
        streams = isinstance(exchange.place, ProviderCall) and exchange.place.match.streams
        return f"{sent}{'&' if '?' in sent else '?'}alt=sse" if streams and "alt=sse" not in sent else sent

    return replace(right, upstream_target=target)


@defect(
    "bare-slash-unknown",
    breaks=("routing.slash-in-model-id",),
    seen_in="router-for-me/CLIProxyAPI@670685139",
)
def bare_slash_unknown(right: Behaviour) -> Behaviour:
    """Has a route with one segment for the model, so that an id with a slash is unknown."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, ProviderCall):
            start, end = found.match.model_at
            if "/" in found.match.tail[start:end]:
                return Refusal(404, f"Nothing is served at {incoming.path}.", found.provider)
        return found

    return replace(right, place=place)


@defect("head-fails", breaks=("routing.head-answered",))
def head_fails(right: Behaviour) -> Behaviour:
    """Waits for a body that HEAD does not have, and fails."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if incoming.method == "HEAD" and isinstance(found, ProviderCall):
            return Refusal(500, "Internal error.", found.provider)
        return found

    return replace(right, place=place)


@defect("head-hangs", breaks=("routing.head-answered", "management.head"))
def head_hangs(right: Behaviour) -> Behaviour:
    """Waits for the body of the answer to HEAD, which never comes, before it answers."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            async with client.send(request) as answer:
                if request.method == "HEAD":
                    await asyncio.sleep(FOREVER)
                yield answer

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect("unknown-path-guessed", breaks=("routing.unknown-operation",))
def unknown_path_guessed(right: Behaviour) -> Behaviour:
    """Treats any path below a provider as a chat completion."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, Refusal) and found.status == 404 and "/chat/" in incoming.path:
            return right.place(routes, replace(incoming, path=f"{incoming.path.rpartition('/')[0]}/completions"))
        return found

    return replace(right, place=place)


@defect("lists-in-one-form", breaks=("routing.models-list-form", "routing.answer-relayed"))
def lists_in_one_form(right: Behaviour) -> Behaviour:
    """Answers lists of models itself, in OpenAI's form, on every provider's route."""

    def stand_in(exchange: RoutedExchange, status: int | None) -> OwnAnswer | None:
        match exchange.place:
            case ProviderCall(_, match) if match.call.id == "models.list":
                body = bodies.dump({"object": "list", "data": [{"id": "example-model", "object": "model"}]})
                return OwnAnswer(200, Headers((("Content-Type", "application/json"),)), body)
            case _:
                return right.stand_in(exchange, status)

    return replace(right, stand_in=stand_in)


@defect("count-estimated", breaks=("routing.count-refusal-relayed",), seen_in="BerriAI/litellm#38902")
def count_estimated(right: Behaviour) -> Behaviour:
    """Answers with an estimate where the upstream rejects a count."""

    def stand_in(exchange: RoutedExchange, status: int | None) -> OwnAnswer | None:
        match exchange.place:
            case ProviderCall(_, match) if "count" in match.call.id and (status is None or status >= 400):
                headers = Headers((("Content-Type", "application/json"),))
                return OwnAnswer(200, headers, bodies.response_body(match.call, ""))
            case _:
                return right.stand_in(exchange, status)

    return replace(right, stand_in=stand_in)


@defect("stream-by-presence", breaks=("routing.explicit-no-stream",))
def stream_by_presence(right: Behaviour) -> Behaviour:
    """Requests a stream where the field is there, with any value."""
    return replace(
        right,
        upstream_body=lambda exchange: right.upstream_body(exchange).replace(b'"stream":false', b'"stream":true '),
    )


@defect("stream-by-accept", breaks=("routing.stream-relayed",))
def stream_by_accept(right: Behaviour) -> Behaviour:
    """Streams only to clients whose Accept names events, which SDKs do not do."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        asked = "event-stream" in (exchange.incoming.headers.get("accept") or "")
        is_stream = "event-stream" in (given.get("content-type") or "")
        return relayed.setting("Content-Type", "application/json") if is_stream and not asked else relayed

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield b"".join([chunk async for chunk in right.response_body(exchange, headers, given)])

    return replace(right, response_headers=headers, response_body=chunks)


@defect(
    "models-allow-listed",
    breaks=(
        "routing.unlisted-model",
        "routing.encoded-model-id",
        "routing.slash-in-model-id",
        "fallback.mapping-rewrites-model",
    ),
    seen_in="router-for-me/CLIProxyAPI#4472",
)
def models_allow_listed(right: Behaviour) -> Behaviour:
    """Rejects every model that is not in its own list."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        listed = {one.wire_id or one.id for one in config.reference.models.values()}
        if isinstance(place, ProviderCall) and place.match.call.operation.stream and model not in listed:
            return Refusal(404, f"No provider serves the model {model!r}.", place.provider)
        return right.back_end(config, place, model)

    return replace(right, back_end=back_end)


@defect(
    "base-without-path-fails",
    breaks=(
        "routing.reaches-upstream",
        "auth.accepts-credential",
        "fallback.mapping-rewrites-model",
    ),
    seen_in="BerriAI/litellm#7830",
)
def base_without_path_fails(right: Behaviour) -> Behaviour:
    """Joins a verb directly to an upstream URL that is host and port alone, and cannot read the result."""

    def base(exchange: RoutedExchange) -> str:
        joined = right.upstream_base(exchange)
        bare = not urlsplit(exchange.back_end.upstream.url).path and isinstance(exchange.back_end, Local)
        verb = isinstance(exchange.place, ProviderCall) and ":" in exchange.place.match.tail
        return f"{joined}:generateContent" if bare and verb else joined

    return replace(right, upstream_base=base)


@defect(
    "base-path-dropped",
    breaks=(
        "routing.reaches-upstream",
        "auth.accepts-credential",
        "fallback.mapping-rewrites-model",
    ),
)
def base_path_dropped(right: Behaviour) -> Behaviour:
    """Resolves absolute paths against the upstream's URL, which loses the path in that URL."""

    def target(exchange: RoutedExchange) -> str:
        sent = right.upstream_target(exchange)
        prefix = urlsplit(exchange.back_end.upstream.url).path
        return sent.removeprefix(prefix.rstrip("/")) if prefix.endswith("/") else sent

    return replace(right, upstream_target=target)


@defect("warm-up-asks-a-model", breaks=("routing.warm-up-unmetered",))
def warm_up_asks_a_model(right: Behaviour) -> Behaviour:
    """Opens its connection with a call of the operation that clients use most."""

    def target(exchange: RoutedExchange) -> str:
        sent = right.upstream_target(exchange)
        warms = isinstance(exchange.place, ProviderCall) and exchange.place.match.call.id == WARM_UP
        return sent.replace(WARM_UP, "chat/completions") if warms else sent

    return replace(right, upstream_target=target)


@defect("body-given-to-get", breaks=("routing.method-and-path",))
def body_given_to_get(right: Behaviour) -> Behaviour:
    """Sends a JSON object with every call, also with those that read."""

    def body(exchange: RoutedExchange) -> bytes:
        reads = exchange.incoming.method == "GET" and isinstance(exchange.place, ProviderCall)
        return b"{}" if reads else right.upstream_body(exchange)

    return replace(right, upstream_body=body)


def _without_fields(right: Behaviour, is_key: Callable[[RoutedExchange, str], bool]) -> Behaviour:
    """`right`, but query fields are taken out whose name, in lower case, is that of a key by the function."""

    def target(exchange: RoutedExchange) -> str:
        path, _, query = right.upstream_target(exchange).partition("?")
        fields = [(field.partition("=")[0].lower(), field) for field in query.split("&")]
        kept = "&".join(field for name, field in fields if not is_key(exchange, name))
        return f"{path}?{kept}" if kept else path

    return replace(right, upstream_target=target)


@defect("fields-named-like-keys-dropped", breaks=("routing.query-kept",))
def fields_named_like_keys_dropped(right: Behaviour) -> Behaviour:
    """Takes every query field of a model's call for a credential whose name has `key` or `token` in it."""

    def is_key(exchange: RoutedExchange, name: str) -> bool:
        return isinstance(exchange.place, ProviderCall) and ("key" in name or "token" in name)

    return _without_fields(right, is_key)


@defect("fields-of-amp-taken-for-keys", breaks=("management.query-bytes",))
def fields_of_amp_taken_for_keys(right: Behaviour) -> Behaviour:
    """Takes every query field of a management call for a credential whose name begins with `key`."""

    def is_key(exchange: RoutedExchange, name: str) -> bool:
        return isinstance(exchange.place, ManagementPath) and name.startswith("key") and name not in QUERY_NAMES

    return _without_fields(right, is_key)


@defect(
    "semicolons-dropped", breaks=("routing.query-bytes", "management.query-bytes"), seen_in="tailscale/tailscale#13058"
)
def semicolons_dropped(right: Behaviour) -> Behaviour:
    """Drops query fields that hold a semicolon."""

    def target(exchange: RoutedExchange) -> str:
        path, mark, query = right.upstream_target(exchange).partition("?")
        return path + mark + "&".join(field for field in query.split("&") if ";" not in field)

    return replace(right, upstream_target=target)


@defect("names-in-small-letters", breaks=("routing.unlisted-model",), seen_in="c0sogi/llama-api#17")
def names_in_small_letters(right: Behaviour) -> Behaviour:
    """Sends the model in lower case, in place of the client's spelling."""

    def body(exchange: RoutedExchange) -> bytes:
        sent, model = right.upstream_body(exchange), json.dumps(exchange.model or "").encode()
        return sent.replace(b'"model":' + model, b'"model":' + model.lower(), 1)

    return replace(right, upstream_body=body)


@defect("plus-made-a-blank", breaks=("management.path-kept",), seen_in="fpco/http-reverse-proxy#33")
def plus_made_a_blank(right: Behaviour) -> Behaviour:
    """Reads a plus sign as a blank, in paths too."""

    def target(exchange: RoutedExchange) -> str:
        path, mark, query = right.upstream_target(exchange).partition("?")
        return path.replace("+", "%20") + mark + query

    return replace(right, upstream_target=target)


@defect("whole-urls-looked-up", breaks=("routing.absolute-form",))
def whole_urls_looked_up(right: Behaviour) -> Behaviour:
    """Looks up the whole URL of a request as if it were a path, and finds nothing."""
    return replace(right, origin_form=lambda incoming: incoming)


@defect("versions-of-a-path-run-together", breaks=("routing.alternate-roots",))
def versions_run_together(right: Behaviour) -> Behaviour:
    """Calls the paths of `v1beta`, which a client of the developer form asks for, in the version `v1beta1`."""

    def target(exchange: RoutedExchange) -> str:
        sent = right.upstream_target(exchange)
        return sent.replace("/v1beta/models", "/v1beta1/models", 1)

    return replace(right, upstream_target=target)
