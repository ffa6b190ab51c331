"""Faults of answers that give away what is inside of a proxy, or that may be kept for others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from ...reference.types import Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..credentials import given_keys
from ..exchange import (
    Incoming,
    ManagementPath,
    OwnAnswer,
    Place,
    ProviderCall,
    Refusal,
    RoutedExchange,
    UpstreamFailure,
)
from .registry import defect

KEPT = "public, max-age=60"


def _saying(right: Behaviour, words: str) -> Behaviour:
    """`right`, but it rejects a body that is not a request in these words."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        if isinstance(place, ProviderCall) and b'"model": {' in incoming.body:
            return Refusal(400, words, place.provider)
        return right.body_problem(place, incoming)

    return replace(right, body_problem=problem)


@defect("struct-names-shown", breaks=("errors.tell-no-internals",))
def struct_names_shown(right: Behaviour) -> Behaviour:
    """Rejects a body by the message of its JSON library, which names a field of its own program."""
    return _saying(right, "json: cannot unmarshal object into Go struct field ChatRequest.model of type string")


@defect("schema-library-shown", breaks=("errors.tell-no-internals",))
def schema_library_shown(right: Behaviour) -> Behaviour:
    """Rejects a body by the message of its schema library, with a link to the pages of that library."""
    return _saying(right, "1 validation error for ChatRequest: see https://errors.pydantic.dev/2.11/v/string_type")


@defect("version-shown", breaks=("errors.tell-no-version",))
def version_shown(right: Behaviour) -> Behaviour:
    """Names itself with its version in its own answers."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, headers=answer.headers.adding(("Server", "example-proxy/1.22.1")))

    return replace(right, own_answer=own)


@defect("dialled-number-shown", breaks=("errors.tell-no-internals",))
def dialled_number_shown(right: Behaviour) -> Behaviour:
    """Shows the number at which it called an upstream, which is not the upstream's name."""

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        port = urlsplit(exchange.back_end.upstream.url).port
        return replace(right.upstream_failed(exchange, failure), message=f"dial tcp [::1]:{port}: connection refused")

    return replace(right, upstream_failed=failed)


@defect("digest-of-rejected-key-shown", breaks=("auth.key-digests-not-returned",))
def digest_of_rejected_key_shown(right: Behaviour) -> Behaviour:
    """Names the digest of a key that it rejects, by which the operator finds the key in the list of keys."""

    def unauthorised(place: Place, incoming: Incoming) -> Refusal:
        digests = ", ".join(hashlib.sha256(key.encode()).hexdigest() for key in given_keys(incoming))
        refusal = right.unauthorised(place, incoming)
        return replace(refusal, message=f"{refusal.message} Key hash: {digests}.") if digests else refusal

    return replace(right, unauthorised=unauthorised)


@defect("digest-of-accepted-key-shown", breaks=("auth.key-digests-not-returned",))
def digest_of_accepted_key_shown(right: Behaviour) -> Behaviour:
    """Names the digest of the client's key in a header of each answer, for its own statistics."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        digest = hashlib.md5((exchange.key or "").encode(), usedforsecurity=False).hexdigest()
        return right.response_headers(exchange, given).adding(("X-Key-Hash", digest))

    return replace(right, response_headers=headers)


def _kept(right: Behaviour, which: Callable[[RoutedExchange], bool]) -> Behaviour:
    """`right`, but it lets shared caches keep answers to calls of which `which` is true."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        sent = right.response_headers(exchange, given)
        return sent.setting("Cache-Control", KEPT) if which(exchange) else sent

    return replace(right, response_headers=headers)


@defect("lists-kept-by-shared-caches", breaks=("security.answers-not-public",))
def lists_kept_by_shared_caches(right: Behaviour) -> Behaviour:
    """Lets shared caches keep lists of models, which rarely change."""
    return _kept(right, lambda exchange: isinstance(exchange.place, ProviderCall) and exchange.incoming.method == "GET")


@defect("amp-kept-by-shared-caches", breaks=("security.management-answers-not-public",))
def amp_kept_by_shared_caches(right: Behaviour) -> Behaviour:
    """Lets shared caches keep what Amp's servers answer."""
    return _kept(right, lambda exchange: isinstance(exchange.place, ManagementPath))


@defect(
    "rejections-kept-by-shared-caches",
    breaks=("security.answers-not-public", "security.management-answers-not-public"),
)
def rejections_kept_by_shared_caches(right: Behaviour) -> Behaviour:
    """Lets shared caches keep its own errors, so that one rejected call rejects those of other clients."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, headers=answer.headers.setting("Cache-Control", KEPT))

    return replace(right, own_answer=own)
