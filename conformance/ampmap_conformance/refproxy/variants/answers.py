"""Proxies that do everything right, and answer in a way of their own: a proxy in front of them may do the same."""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import replace

from ...dialects import bodies
from ...reference.types import Provider, Reference
from ...wire.messages import Headers, media_type
from ..behaviour import Behaviour
from ..exchange import Incoming, OwnAnswer, Place, Refusal, RoutedExchange
from ..headers import answer_coding
from ..routing import Routes
from .registry import Chunks, is_plain_stream, on_its_way, variant

TOGETHER = 0.03
"""Seconds for which pieces of an answer are collected."""
OPTIONS = Refusal(200, "", None, (("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),))


@variant("pieces-joined")
def pieces_joined(right: Behaviour) -> Behaviour:
    """Collects for a moment what comes, and sends it in one piece."""

    async def joined(_exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        if not is_plain_stream(headers):
            async for chunk in given:
                yield chunk
            return
        following = asyncio.ensure_future(anext(given, None))
        try:
            while (kept := await following) is not None:
                following = asyncio.ensure_future(anext(given, None))
                await asyncio.wait((following,), timeout=TOGETHER)
                while following.done() and following.exception() is None and (more := following.result()) is not None:
                    kept += more
                    following = asyncio.ensure_future(anext(given, None))
                    await asyncio.wait((following,), timeout=TOGETHER)
                yield kept
        finally:
            following.cancel()

    return on_its_way(right, joined)


@variant("answers-compressed")
def answers_compressed(right: Behaviour) -> Behaviour:
    """Compresses JSON for clients that take it, as a server before the proxy may do."""

    def applies(exchange: RoutedExchange, headers: Headers) -> bool:
        asked = exchange.incoming
        takes = any("gzip" in value for value in asked.headers.all("accept-encoding"))
        kind = media_type(headers.get("content-type"))
        plain = answer_coding(headers) == "identity" and headers.get("content-length") not in (None, "0")
        return takes and asked.method != "HEAD" and kind == "application/json" and plain

    async def packed(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        if not applies(exchange, headers):
            async for chunk in given:
                yield chunk
            return
        packer = zlib.compressobj(wbits=31)
        async for chunk in given:
            yield packer.compress(chunk)
        yield packer.flush()

    def lines(exchange: RoutedExchange, given: Headers) -> Headers:
        sent = right.response_headers(exchange, given)
        coded = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
        return sent.without("content-length").adding(*coded) if applies(exchange, given) else sent

    return replace(on_its_way(right, packed), response_headers=lines)


@variant("options-answered")
def options_answered(right: Behaviour) -> Behaviour:
    """Answers OPTIONS by itself on every path, to every caller, and allows no other site."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        return OPTIONS if incoming.method == "OPTIONS" else right.place(routes, incoming)

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        if refusal is OPTIONS:
            return OwnAnswer(refusal.status, Headers(refusal.lines), b"")
        return right.own_answer(reference, refusal)

    needs_key = right.needs_key
    return replace(
        right, place=place, own_answer=own, needs_key=lambda where: where is not OPTIONS and needs_key(where)
    )


@variant("pages-for-lost-visitors")
def pages_for_lost_visitors(right: Behaviour) -> Behaviour:
    """Answers with a page of HTML on unknown paths."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        if refusal.about is not None or refusal.status != 404:
            return answer
        page = b"<!doctype html><title>Not here</title><p>There is nothing here.</p>"
        return replace(answer, headers=answer.headers.setting("Content-Type", "text/html; charset=utf-8"), body=page)

    return replace(right, own_answer=own)


@variant("blanks-behind-errors")
def blanks_behind_errors(right: Behaviour) -> Behaviour:
    """Ends its errors with a line end and blanks, and names the charset of their JSON."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        headers = answer.headers.setting("Content-Type", "application/json; charset=utf-8")
        return replace(answer, headers=headers, body=answer.body + b" \r\n\t\n")

    return replace(right, own_answer=own)


@variant("errors-of-the-least")
def errors_of_the_least(right: Behaviour) -> Behaviour:
    """Leaves out of its errors every field that the provider's shape does not require."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        if not isinstance(refusal.about, Provider):
            return answer
        schema = reference.error_shapes[refusal.about.error_shape].body_schema
        wanted = schema.get("required", ()) if isinstance(schema, dict) else ()
        data = json.loads(answer.body)
        return replace(answer, body=bodies.dump({name: data[name] for name in wanted or data if name in data}))

    return replace(right, own_answer=own)
