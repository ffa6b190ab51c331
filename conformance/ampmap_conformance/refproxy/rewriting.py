"""Changing model names, and nothing else, in JSON bodies and in streams of events. Pure."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator, Collection
from json.decoder import scanstring  # type: ignore[attr-defined]

from ..wire.messages import Headers
from .exchange import ProviderCall, RoutedExchange
from .headers import answer_coding

REQUEST_PATHS = frozenset({("model",)})
RESPONSE_PATHS = frozenset({("model",), ("modelVersion",), ("message", "model"), ("response", "model")})
"""Where an answer, or an event of one, may name its model."""

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_DATA = re.compile(rb"((?:\xef\xbb\xbf)?data:[ ]?)(.*?)([\r\n]*)", re.DOTALL)
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\n|\Z)")
"""The end of a line. A carriage return at the end of what came so far may be the first half of one."""


def replace_strings(text: str, paths: Collection[tuple[str, ...]], new: str) -> str:
    """`text`, JSON, with the strings at `paths` set to `new` and every other letter kept.

    A list stands for each of its items. Anything but JSON is returned unchanged.
    """
    edits: list[tuple[int, int]] = []
    try:
        _scan(text, _skip(text, 0), paths, edits)
    except (ValueError, IndexError, RecursionError):
        return text
    for start, end in reversed(edits):
        text = text[:start] + json.dumps(new, ensure_ascii=False) + text[end:]
    return text


def upstream_body(exchange: RoutedExchange) -> bytes:
    """The client's body; for a mapped call with the other model in it."""
    body = exchange.incoming.body
    if exchange.mapped is None or not isinstance(exchange.place, ProviderCall):
        return body
    if exchange.place.match.call.operation.model_in != "body":
        return body
    if answer_coding(exchange.incoming.headers) == "gzip":
        body = zlib.decompress(body, wbits=31)
        return _gzip(_replaced(body, REQUEST_PATHS, exchange.mapped))
    return _replaced(body, REQUEST_PATHS, exchange.mapped)


async def response_body(
    exchange: RoutedExchange, headers: Headers, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """The upstream's chunks as they come; for a mapped call with the model that the client named.

    `headers` are the upstream's. A coding other than gzip hides the model, and is passed on.
    """
    coding = answer_coding(headers)
    if exchange.mapped is None or exchange.model is None or coding not in ("identity", "gzip"):
        async for chunk in chunks:
            yield chunk
        return
    if coding == "gzip":
        chunks = unpacked(chunks)
    if (headers.get("content-type") or "").startswith("text/event-stream"):
        async for event in event_lines(chunks):
            yield b"".join(_renamed_event(event, exchange.model))
    else:
        whole = b"".join([chunk async for chunk in chunks])
        yield _replaced(whole, RESPONSE_PATHS, exchange.model)


def _renamed_event(lines: list[bytes], model: str) -> list[bytes]:
    """The lines of one event; its data, which may be spread over several, is read as a whole."""
    found = [_DATA.fullmatch(line) for line in lines]
    parts = [data[2] for data in found if data is not None]
    renamed = iter(_replaced(b"\n".join(parts), RESPONSE_PATHS, model).split(b"\n"))
    return [
        line if data is None else data[1] + next(renamed) + data[3] for line, data in zip(lines, found, strict=True)
    ]


def _replaced(body: bytes, paths: Collection[tuple[str, ...]], new: str) -> bytes:
    return replace_strings(body.decode(errors="surrogateescape"), paths, new).encode(errors="surrogateescape")


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(body) + packer.flush()


async def unpacked(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks of a gzipped body, unpacked as they come."""
    unpacker = zlib.decompressobj(wbits=31)
    async for chunk in chunks:
        if data := unpacker.decompress(chunk):
            yield data


async def event_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """The lines of each event, with its blank line, as soon as that is there; what is unfinished at the end."""
    lines: list[bytes] = []
    rest = b""
    async for chunk in chunks:
        given, taken = rest + chunk, 0
        for end in _LINE_END.finditer(given, max(0, len(rest) - 1)):
            lines.append(given[taken : end.end()])
            if taken == end.start():
                yield lines
                lines = []
            taken = end.end()
        rest = given[taken:]
    if lines or rest:
        yield [*lines, rest]


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _scan(text: str, at: int, paths: Collection[tuple[str, ...]], edits: list[tuple[int, int]]) -> int:
    """Note the strings at `paths` below the value at `at`; returns where the value ends."""
    if text[at] == "[" and paths:
        return _scan_members(text, at, "]", paths, edits)
    if text[at] == "{" and paths:
        return _scan_members(text, at, "}", paths, edits)
    value, end = _DECODER.raw_decode(text, at)
    if () in paths and isinstance(value, str):
        edits.append((at, end))
    return int(end)


def _scan_members(
    text: str, at: int, close: str, paths: Collection[tuple[str, ...]], edits: list[tuple[int, int]]
) -> int:
    at = _skip(text, at + 1)
    while text[at] != close:
        below = paths
        if close == "}":
            name, at = scanstring(text, at + 1)
            below = {path[1:] for path in paths if path and path[0] == name}
            at = _skip(text, _skip(text, at) + 1)
        at = _skip(text, _scan(text, at, below, edits))
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1
