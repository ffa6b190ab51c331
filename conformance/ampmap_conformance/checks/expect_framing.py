"""What checks assert about the framing of messages: lengths and codings. Each helper raises Violation."""

from __future__ import annotations

from email.message import Message

from ..wire.messages import Headers, media_type
from ..wire.sse import decode_body
from .expect import assert_equal, expect

GZIP_MAGIC = b"\x1f\x8b"


def assert_one_right_length(headers: Headers, body: bytes, saying: str) -> None:
    """Exactly one Content-Length, which is the body's, and no chunks."""
    lengths = ", ".join(headers.all("content-length"))
    coding = headers.get("transfer-encoding")
    told = f"Content-Length: {lengths or 'none'}" + (f" and Transfer-Encoding: {coding}" if coding else "")
    expect(told == f"Content-Length: {len(body)}", saying, expected=f"Content-Length: {len(body)}", actual=told)


def unpacked(headers: Headers, body: bytes, saying: str) -> bytes:
    """The body without gzip. Whether it is compressed must be what its headers say."""
    label = headers.get("content-encoding") or "none"
    honest = (label == "gzip") == body.startswith(GZIP_MAGIC)
    packed = "compressed bytes" if body.startswith(GZIP_MAGIC) else "plain bytes"
    expect(
        honest,
        saying,
        expected="a Content-Encoding that matches the bytes",
        actual=f"Content-Encoding: {label}, and {packed}",
    )
    return decode_body(headers, body)


def assert_same_media_type(headers: Headers, expected: str, saying: str) -> None:
    """Content-Type names the same type; a charset may be added, left out or spelled in another way, but not changed."""
    came = headers.all("content-type")
    assert_equal(", ".join(_media_type(value)[0] for value in came), _media_type(expected)[0], saying)
    charsets = {_media_type(value)[1] for value in (expected, *came)} - {""}
    expect(len(charsets) <= 1, saying, expected=expected, actual=" and ".join(came))


def _media_type(value: str) -> tuple[str, str]:
    message = Message()
    message["Content-Type"] = value
    charset = message.get_param("charset", "")
    return media_type(value), str(charset).lower()
