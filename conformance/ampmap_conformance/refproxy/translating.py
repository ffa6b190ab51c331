"""A call in another dialect than the client's: what the client said, and the request that asks it. Pure."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ..dialects import bodies
from ..meanings import Codec, Conversation, codecs
from ..reference.types import Call, Endpoint, ErrorShape, Provider, Reference, calls
from . import errors
from .config import Translation
from .credentials import client_credential_headers
from .exchange import Local, Outgoing, ProviderCall, Refusal, RoutedExchange
from .headers import answer_coding


def translations(reference: Reference, called: str) -> dict[str, Translation]:
    """How calls of every other dialect are made in the `called` one, by dialect."""
    known = codecs(reference)
    call = vendors_call(reference, known[called])
    return {name: Translation(codec, known[called], call) for name, codec in known.items() if name != called}


def vendors_call(reference: Reference, codec: Codec) -> Call:
    """A dialect's operation as the vendor of the dialect serves it."""
    vendors: list[Provider] = [p for p in reference.providers.values() if p.error_shape == codec.table.error_shape]
    return next(call for vendor in vendors for call in calls(vendor, reference=reference) if call.id == codec.operation)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A call that is made in another dialect than the client's."""

    exchange: RoutedExchange
    place: ProviderCall
    translation: Translation
    said: Conversation
    """What the client said."""

    @property
    def shape(self) -> ErrorShape:
        """The shape of the called provider's errors."""
        return self.exchange.config.reference.error_shapes[self.place.provider.error_shape]


def dialogue_of(exchange: RoutedExchange, body: bytes) -> Dialogue | None:
    """What is said in a call whose upstream speaks another dialect; None where it speaks the client's.

    `body` is the request's in the client's dialect: a JSON object, perhaps gzipped.
    """
    translation, place = exchange.translation, exchange.place
    if translation is None or not isinstance(place, ProviderCall):
        return None
    if answer_coding(exchange.incoming.headers) == "gzip":
        body = zlib.decompress(body, wbits=31)
    model = exchange.mapped or exchange.model or ""
    said = translation.client.read_request(json.loads(body), model=model, stream=place.match.streams)
    return Dialogue(exchange, place, translation, said)


def unreadable(exchange: RoutedExchange) -> Refusal | None:
    """The rejection of a body that must be read to be translated and cannot be."""
    if exchange.translation is None or answer_coding(exchange.incoming.headers) in ("identity", "gzip"):
        return None
    return Refusal(415, "The body has a content coding that is not known here.", errors.about(exchange.place))


def asked(_exchange: RoutedExchange, conversation: Conversation) -> Conversation:
    """What the upstream is asked, given what the client said: the same, and always the usage."""
    return replace(conversation, stream_usage=conversation.stream)


def asking(dialogue: Dialogue, request: Outgoing, asked: Conversation) -> Outgoing:
    """The request that asks this, given the one in the client's dialect.

    Path, query, credential and the dialect's own headers are those of the called dialect.
    """
    exchange, call = dialogue.exchange, dialogue.translation.call
    reference = exchange.config.reference
    body = bodies.dump(dialogue.translation.upstream.render_request(asked))
    url = urlsplit(call.upstream_url(asked.model, stream=asked.stream))
    prefix = urlsplit(exchange.back_end.upstream.url).path.rstrip("/")
    target = f"{prefix}{url.path}" + (f"?{url.query}" if url.query else "")
    headers = request.headers.without(*client_credential_headers(reference), *_of_dialect(dialogue))
    headers = headers.without("content-encoding", "accept-encoding").setting("Content-Type", "application/json")
    own = ((name, value) for name, value in _dialect_headers(reference, call).items())
    key = exchange.back_end.upstream.key if isinstance(exchange.back_end, Local) else ""
    carrier = call.provider.upstream_credential
    credential = ("Authorization", f"Bearer {key}") if carrier == "authorization-bearer" else (carrier, key)
    headers = headers.adding(*own, credential).setting("Content-Length", str(len(body)))
    return replace(request, target=target, headers=headers, body=body)


def _of_dialect(dialogue: Dialogue) -> list[str]:
    """Names of headers that mean something in the client's dialect alone."""
    reference = dialogue.exchange.config.reference
    features = [
        header.name
        for group in reference.headers.values()
        if group.role == "client-sends" and dialogue.place.provider.id in group.providers
        for header in group.headers
    ]
    return [*features, *_dialect_headers(reference, dialogue.place.match.call)]


def _dialect_headers(reference: Reference, call: Call) -> dict[str, str]:
    endpoint: Endpoint = reference.endpoints[call.dialect]
    return {name: value for name, value in endpoint.request_headers.items() if name.lower() != "accept"}
