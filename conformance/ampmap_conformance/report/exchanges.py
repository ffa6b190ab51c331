"""Exchanges as a report holds them: secrets masked, long bodies cut, with the times of both hops. Pure."""

from __future__ import annotations

import base64
import gzip
import zlib

from ..wire.messages import Exchange, Headers, UpstreamAnswer
from ..wire.redaction import Scrubber, SecretBook
from .model import Encoding, Message, ReportedExchange, UpstreamMessage

BODY_LIMIT = 16_384
"""Characters of a body that a report holds."""
GZIP = b"\x1f\x8b"


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
            UpstreamMessage(
                persona=seen.persona,
                request=_message(f"{seen.method} {seen.target}", seen.headers, seen.body, book).model_copy(
                    update={"at_ms": _ms(exchange.since_begin(seen.at)) if exchange.begun else None}
                ),
                response=_answer(answers[place], exchange, book) if answers else None,
            )
            for place, seen in enumerate(exchange.upstream)
        ),
        ended_ms=_ms(response.seconds),
    )


def _answer(answer: UpstreamAnswer, exchange: Exchange, book: SecretBook) -> Message:
    begun = _ms(exchange.since_begin(answer.sent_at[0])) if answer.sent_at and exchange.begun else None
    return _message(str(answer.status), answer.headers, answer.body, book).model_copy(update={"at_ms": begun})


def _message(start: str, headers: Headers, body: bytes, book: SecretBook) -> Message:
    text, encoding = _text(body, book)
    kept = text[:BODY_LIMIT]
    shown = base64.b64encode(kept.encode("latin-1")).decode() if encoding == "base64" else kept
    return Message(
        start=book.hide(start),
        headers=book.hide_lines(headers),
        body=shown,
        encoding=encoding,
        left_out=len(text[BODY_LIMIT:].encode("latin-1" if encoding == "base64" else "utf-8")),
    )


def _text(body: bytes, book: SecretBook) -> tuple[str, Encoding]:
    """The body as text without secrets, and its encoding; bytes that are not text have one character each."""
    try:
        if body.startswith(GZIP):
            return book.hide(gzip.decompress(body).decode()), "gzip"
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        pass
    try:
        return book.hide(body.decode()), "utf-8"
    except UnicodeDecodeError:
        return book.hide(body.decode("latin-1")), "base64"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
