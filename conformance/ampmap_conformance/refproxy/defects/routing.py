"""Faults of routing: wrong place, wrong path, wrong query, wrong body."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlencode

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Amp, BackEnd, Incoming, Local, ManagementPath, Place, ProviderCall, Refusal, RoutedExchange
from ..routing import Routes
from .registry import defect


@defect(
    "query-dropped",
    breaks=(
        "routing.query-kept",
        "management.forwarded",
        "management.rare-forwarded",
        "routing.stream-relayed",
    ),
    seen_in="BerriAI/litellm#13334",
)
def query_dropped(right: Behaviour) -> Behaviour:
    """Forwards the path without its query."""
    return replace(right, upstream_target=lambda exchange: right.upstream_target(exchange).partition("?")[0])


@defect("query-sorted", breaks=("routing.query-kept",))
def query_sorted(right: Behaviour) -> Behaviour:
    """Decodes the query, sorts its fields by name and encodes them anew."""

    def target(exchange: RoutedExchange) -> str:
        path, mark, query = right.upstream_target(exchange).partition("?")
        return path + mark + urlencode(sorted(parse_qsl(query, keep_blank_values=True)))

    return replace(right, upstream_target=target)


@defect("empty-query-values-dropped", breaks=("routing.query-kept",), seen_in="BerriAI/litellm#15087")
def empty_values_dropped(right: Behaviour) -> Behaviour:
    """Drops query fields that have no value."""

    def target(exchange: RoutedExchange) -> str:
        path, _, query = right.upstream_target(exchange).partition("?")
        kept = "&".join(field for field in query.split("&") if field.partition("=")[2])
        return f"{path}?{kept}" if kept else path

    return replace(right, upstream_target=target)


@defect(
    "alt-sse-dropped",
    breaks=(
        "routing.stream-relayed",
        "routing.query-kept",
    ),
)
def alt_sse_dropped(right: Behaviour) -> Behaviour:
    """Treats `alt=sse` as its own and does not forward it, so that Google answers with a JSON array."""

    def target(exchange: RoutedExchange) -> str:
        path, _, query = right.upstream_target(exchange).partition("?")
        kept = "&".join(field for field in query.split("&") if field and field != "alt=sse")
        return f"{path}?{kept}" if kept else path

    return replace(right, upstream_target=target)


@defect(
    "v1-required",
    breaks=(
        "routing.reaches-upstream",
        "auth.accepts-credential",
    ),
)
def v1_required(right: Behaviour) -> Behaviour:
    """Knows only routes with a version after the provider, and so not Groq's in the form that Amp calls."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        segments = incoming.path.split("/")
        known = not incoming.path.startswith("/api/provider/") or (len(segments) > 4 and segments[4].startswith("v1"))
        return right.place(routes, incoming) if known else _not_found(right, routes, incoming)

    return replace(right, place=place)


@defect(
    "v1-doubled",
    breaks=(
        "routing.method-and-path",
        "auth.accepts-credential",
        "fallback.mapping-rewrites-model",
        "fallback.unmapped-goes-upstream",
        "routing.stream-relayed",
        "routing.agent-mode-endpoint",
        "routing.alternate-roots",
        "routing.encoded-model-id",
    ),
)
def v1_doubled(right: Behaviour) -> Behaviour:
    """Joins an upstream URL that ends in a version with a path that begins with one."""
    return replace(
        right, upstream_target=lambda exchange: right.upstream_target(exchange).replace("/v1/", "/v1/v1/", 1)
    )


@defect(
    "slash-doubled",
    breaks=(
        "routing.method-and-path",
        "auth.accepts-credential",
        "fallback.mapping-rewrites-model",
        "routing.stream-relayed",
        "routing.agent-mode-endpoint",
        "routing.alternate-roots",
        "routing.encoded-model-id",
    ),
)
def slash_doubled(right: Behaviour) -> Behaviour:
    """Joins an upstream URL that ends in a slash with a path that begins with one."""

    def target(exchange: RoutedExchange) -> str:
        match exchange.place:
            case ProviderCall(_, match) if isinstance(exchange.back_end, Local):
                return right.upstream_target(exchange).replace(match.tail, f"/{match.tail}", 1)
            case _:
                return right.upstream_target(exchange)

    return replace(right, upstream_target=target)


@defect(
    "model-lost-from-path",
    breaks=(
        "routing.method-and-path",
        "auth.accepts-credential",
        "fallback.local-stays-local",
        "routing.stream-relayed",
        "routing.alternate-roots",
    ),
    seen_in="BerriAI/litellm#12427",
)
def model_lost_from_path(right: Behaviour) -> Behaviour:
    """Joins Google's URL so that version and model are lost before the verb."""

    def target(exchange: RoutedExchange) -> str:
        match exchange.place:
            case ProviderCall(_, match) if ":" in match.tail and isinstance(exchange.back_end, Local):
                return right.upstream_target(exchange).replace(match.tail, "/:" + match.tail.rpartition(":")[2])
            case _:
                return right.upstream_target(exchange)

    return replace(right, upstream_target=target)


@defect(
    "providers-swapped",
    breaks=(
        "routing.reaches-upstream",
        "auth.accepts-credential",
    ),
)
def providers_swapped(right: Behaviour) -> Behaviour:
    """Sends the calls of OpenAI's dialect to one upstream, for every provider."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        other = config.upstreams.get("openai")
        if isinstance(found, Local) and isinstance(place, ProviderCall) and other is not None:
            return replace(found, upstream=other) if place.match.call.dialect.startswith("openai-") else found
        return found

    return replace(right, back_end=back_end)


@defect(
    "responses-not-served",
    breaks=(
        "routing.reaches-upstream",
        "auth.accepts-credential",
        "fallback.mapping-rewrites-model",
        "fallback.unmapped-goes-upstream",
    ),
)
def responses_not_served(right: Behaviour) -> Behaviour:
    """Serves Chat Completions but not the Responses API."""
    return replace(right, place=_without(right, "responses"))


@defect(
    "count-tokens-not-served",
    breaks=(
        "routing.reaches-upstream",
        "errors.malformed-json",
    ),
    seen_in="BerriAI/litellm#13252",
)
def count_tokens_not_served(right: Behaviour) -> Behaviour:
    """Serves messages but not the counting of their tokens."""
    return replace(right, place=_without(right, "messages.count_tokens", "countTokens"))


@defect("warm-up-fails", breaks=("routing.warm-up",))
def warm_up_fails(right: Behaviour) -> Behaviour:
    """Answers the Cerebras warm-up call with a status on which its SDK waits and tries again."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, ProviderCall) and found.match.call.id == "tcp_warming":
            return Refusal(503, "No such call.", found.provider)
        return found

    return replace(right, place=place)


@defect("one-root-only", breaks=("routing.alternate-roots",), seen_in="googleapis/python-genai#2089")
def one_root_only(right: Behaviour) -> Behaviour:
    """Serves each provider below one root only, though SDKs use several."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, ProviderCall) and found.match.root != found.provider.roots[0]:
            return _not_found(right, routes, incoming)
        return found

    return replace(right, place=place)


@defect("encoded-model-unknown", breaks=("routing.encoded-model-id",), seen_in="router-for-me/CLIProxyAPI@670685139")
def encoded_model_unknown(right: Behaviour) -> Behaviour:
    """Answers 404 where a model id in the path holds a percent-encoded slash, or the verb follows `%3A`."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        encoded = any(code in incoming.path.lower() for code in ("%2f", "%3a"))
        return _not_found(right, routes, incoming) if encoded else right.place(routes, incoming)

    return replace(right, place=place)


@defect("path-decoded", breaks=("routing.encoded-model-id",))
def path_decoded(right: Behaviour) -> Behaviour:
    """Sends the path on percent-decoded, so that a model id with a slash becomes two segments."""

    def target(exchange: RoutedExchange) -> str:
        path, mark, query = right.upstream_target(exchange).partition("?")
        return unquote(path) + mark + query

    return replace(right, upstream_target=target)


@defect(
    "body-reserialised",
    breaks=(
        "routing.body-kept",
        "fallback.unmapped-goes-upstream",
        "management.forwarded",
    ),
    seen_in="router-for-me/CLIProxyAPI@b0653cec7",
)
def body_reserialised(right: Behaviour) -> Behaviour:
    """Parses the body and writes it anew: large integers are rounded, spaces and escapes change."""

    def body(exchange: RoutedExchange) -> bytes:
        given = right.upstream_body(exchange)
        try:
            return json.dumps(json.loads(given, parse_int=lambda digits: int(float(digits)))).encode()
        except ValueError:
            return given

    return replace(right, upstream_body=body)


@defect(
    "usage-dropped",
    breaks=(
        "routing.answer-relayed",
        "routing.stream-relayed",
    ),
    seen_in="decolua/9router#705",
)
def usage_dropped(right: Behaviour) -> Behaviour:
    """Builds the answer anew from the fields that it knows, and forgets the usage."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = b"".join([chunk async for chunk in right.response_body(exchange, headers, given)])
        yield whole.replace(b'"usage', b'"x_usage').replace(b'"input_tokens"', b'"tokens"')

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        return right.response_headers(exchange, headers).without("content-length")

    return replace(right, response_body=chunks, response_headers=lengthless)


@defect(
    "new-models-unknown",
    breaks=(
        "routing.agent-mode-endpoint",
        "fallback.local-stays-local",
        "routing.reaches-upstream",
    ),
    seen_in="router-for-me/CLIProxyAPI#1481",
)
def new_models_unknown(right: Behaviour) -> Behaviour:
    """Has a list of models from before the agent modes' newest ones, and sends those to the paid Amp upstream."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        unlisted = {mode.model for mode in config.reference.agent_modes.values()}
        if config.amp is not None and model in unlisted:
            return Amp(config.amp)
        return right.back_end(config, place, model)

    return replace(right, back_end=back_end)


def _without(right: Behaviour, *operations: str) -> Callable[[Routes, Incoming], Place]:
    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, ProviderCall) and found.match.call.id in operations:
            return _not_found(right, routes, incoming)
        return found

    return place


def _not_found(right: Behaviour, routes: Routes, incoming: Incoming) -> Place:
    return right.place(routes, replace(incoming, path=f"{incoming.path}/no-such-operation"))
