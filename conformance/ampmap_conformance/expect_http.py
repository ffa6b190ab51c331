"""What checks assert about the framing of messages: lengths and codings. Each helper raises Violation."""

from __future__ import annotations

from .expect import expect
from .messages import Headers
from .sse import decoded

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
    expect(honest, saying, expected="a label that fits", actual=f"Content-Encoding: {label}, and {packed}")
    return decoded(headers, body)
