"""What the kit reads of an answer at most. The other side is not trusted: it may send without end, or never end."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field

from ..errors import Violation
from .messages import Chunk

BODY = 32 << 20
"""Bytes of a body: twice the largest that any check asks for."""
UNPACKED = BODY
"""Bytes that a compressed body may unpack to."""
HEAD = 1 << 20
"""Bytes before the body, interim answers (1xx) included."""
INTERIM = 100
"""Interim answers before the final one."""
WHOLE = 60.0
"""Seconds for an answer in all, beyond what its upstream is told to wait."""
BLOCK = 4096
"""Bytes that are unpacked at once where an end is sought at which the data breaks."""
PIECES = 20_000
"""Parts of a body that keep their own time; what comes later is added to the last one."""

GZIP, ZLIB, RAW = 31, 15, -15
"""`wbits` of zlib for gzip, and for deflate with and without a head."""


class TooMuchError(Exception):
    """More bytes arrived than the kit reads."""


@dataclass
class Pieces:
    """A body as it comes: each part with its time, in seconds. Raises TooMuchError beyond `most` bytes."""

    most: int = BODY
    size: int = 0
    _chunks: list[Chunk] = field(default_factory=list)
    _rest: bytearray = field(default_factory=bytearray)
    _rest_at: float = 0.0

    def add(self, at: float, data: bytes) -> None:
        """Takes the next part."""
        self.size += len(data)
        if self.size > self.most:
            raise TooMuchError
        if len(self._chunks) < PIECES:
            self._chunks.append(Chunk(at, data))
            return
        self._rest_at = self._rest_at or at
        self._rest += data

    def chunks(self) -> tuple[Chunk, ...]:
        """All parts."""
        return (*self._chunks, Chunk(self._rest_at, bytes(self._rest))) if self._rest else tuple(self._chunks)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When reading ends."""

    at: float
    """In monotonic seconds."""

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until then; not more than 0 where it is over."""
        return self.at - time.monotonic()


def gunzip(data: bytes, most: int = UNPACKED) -> bytes:
    """What a body in gzip unpacks to, all of its members.

    Raises ValueError where it is not valid gzip or was cut, and TooMuchError beyond `most` bytes.
    """
    found = bytearray()
    while data:
        unpacker = zlib.decompressobj(wbits=GZIP)
        try:
            found += unpacker.decompress(data, most - len(found) + 1)
        except zlib.error as error:
            raise ValueError(str(error)) from None
        if len(found) > most:
            raise TooMuchError
        if not unpacker.eof:
            raise ValueError("the data ends inside")
        data = unpacker.unused_data.lstrip(b"\0")
    return bytes(found)


def unpacked(data: bytes, most: int = UNPACKED) -> bytes | None:
    """What bytes in gzip or deflate unpack to, as far as they can be read and up to `most`; None for other bytes."""
    for wbits in (GZIP, ZLIB) if data[:2] == b"\x1f\x8b" or data[:1] == b"x" else ():
        try:
            found = zlib.decompressobj(wbits=wbits).decompress(data, most)
        except zlib.error:
            found = _until_it_breaks(data, wbits, most)
        if found:
            return found
    return None


def inflated(data: bytes, most: int = UNPACKED) -> bytes | None:
    """The same for deflate without a head, which nothing tells from other bytes but a header of the message."""
    return _until_it_breaks(data, RAW, most) or None


def _until_it_breaks(data: bytes, wbits: int, most: int) -> bytes:
    unpacker, found, at = zlib.decompressobj(wbits=wbits), bytearray(), 0
    for step in (BLOCK, 1):
        while at < len(data) and len(found) < most and not unpacker.eof:
            before = unpacker.copy()
            try:
                found += unpacker.decompress(data[at : at + step], most - len(found))
            except zlib.error:
                unpacker = before
                break
            at += step
    return bytes(found)


def too_much_unpacked() -> Violation:
    """What to raise for an answer that unpacks to more than the kit reads."""
    return Violation(
        "the answer unpacks to more than the kit reads",
        expected=f"at most {UNPACKED >> 20} MiB",
        actual="more",
        code="unpacks-to-too-much",
    )
