"""Exchanges as a report holds them: secrets masked, long bodies cut, with the times of both hops. Pure."""

from __future__ import annotations

import base64
import zlib

from ..wire.hiding import plain_bytes
from ..wire.limits import inflated
from ..wire.messages import Exchange, Headers, UpstreamAnswer, UpstreamRequest
from ..wire.redaction import LONGEST_LINE, Scrubber, SecretBook
from .model import Encoding, Message, ReportedExchange, UpstreamMessage

BODY_LIMIT = 16_384
"""Characters of a body that a report holds."""
SAMPLE = 65_536
"""Bytes of a body by which it is told whether it is packed."""
READ_CODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
"""Content codings of which the kit reads bodies. What another one packed, such as brotli, it does not show."""
MOSTLY = 0.8
"""Part of a body that is text, or that is left of it when it is packed, from which on it is told to be so."""


def report_exchange(exchange: Exchange, scrubber: Scrubber, run_begun: float = 0.0) -> ReportedExchange:
    """One probe on both hops; `run_begun` is when the run was begun, in the same seconds as the exchange."""
    request, response, book = exchange.request, exchange.response, scrubber.secrets
    answers = exchange.answers if len(exchange.answers) == len(exchange.upstream) else ()
    answer = _message(str(response.status or ""), response.headers, response.body, book)
    first = _ms(response.head_at) if response.status else None
    return ReportedExchange(
        begun_ms=_ms(exchange.begun - run_begun) if exchange.begun else None,
        request=_message(f"{request.method} {request.target}", request.headers, request.body, book),
        response=answer.model_copy(update={"broken": response.broken, "at_ms": first}),
        upstream=tuple(
            upstream_message(seen, answers[place] if answers else None, exchange.begun, book)
            for place, seen in enumerate(exchange.upstream)
        ),
        ended_ms=_ms(response.seconds),
    )


def upstream_message(
    seen: UpstreamRequest, answer: UpstreamAnswer | None, begun: float, book: SecretBook
) -> UpstreamMessage:
    """One request at an upstream and its answer; `begun` is when the call began that led to it, 0 where unknown."""
    request = _message(f"{seen.method} {seen.target}", seen.headers, seen.body, book)
    made = request.model_copy(update={"at_ms": _ms(seen.at - begun) if begun else None})
    return UpstreamMessage(
        persona=seen.persona, request=made, response=None if answer is None else _answer(answer, begun, book)
    )


def _answer(answer: UpstreamAnswer, begun: float, book: SecretBook) -> Message:
    at = _ms(answer.sent_at[0] - begun) if answer.sent_at and begun else None
    start = str(answer.status) if answer.status else ""
    return _message(start, answer.headers, answer.body, book).model_copy(update={"at_ms": at})


def _message(start: str, headers: Headers, body: bytes, book: SecretBook) -> Message:
    text, encoding, size = _text(headers, body)
    kept = "" if text is None else book.hide_piece(text, BODY_LIMIT)
    return Message(
        start=book.hide_piece(start, LONGEST_LINE),
        headers=book.hide_lines(headers),
        body=base64.b64encode(kept.encode("latin-1")).decode() if encoding == "base64" else kept,
        encoding=encoding,
        left_out=size - _size((text or "")[:BODY_LIMIT], encoding),
    )


def _text(headers: Headers, body: bytes) -> tuple[str | None, Encoding, int]:
    """The body as text, its encoding, and how many bytes it has; bytes that are not text have one character each.

    None stands for bytes that may be packed in a way which the kit does not read, so that it cannot see what they say.
    """
    plain = plain_bytes(body)
    codings = {coding.strip().lower() for coding in (headers.get("content-encoding") or "").split(",")}
    if plain is body and codings == {"deflate"}:
        plain = inflated(body) or body
    encoding: Encoding = "utf-8" if plain is body else "gzip"
    try:
        return plain.decode(), encoding, len(plain)
    except UnicodeDecodeError:
        pass
    if codings - READ_CODINGS:
        return None, "base64", len(body)
    beginning = plain[:SAMPLE]
    letters = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in beginning)
    if letters < MOSTLY * len(beginning) and len(zlib.compress(beginning)) > MOSTLY * len(beginning):
        return None, "base64", len(body)
    return plain.decode("latin-1"), "base64", len(plain)


def _size(text: str, encoding: Encoding) -> int:
    return len(text.encode("latin-1" if encoding == "base64" else "utf-8", "surrogatepass"))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
