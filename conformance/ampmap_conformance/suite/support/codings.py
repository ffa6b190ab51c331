"""Content codings that the standard library of every supported Python does not have."""

from __future__ import annotations

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def zstd(data: bytes) -> bytes:
    """`data` in a zstd frame of one uncompressed block (RFC 8878); it holds between 256 bytes and 64 kB."""
    block = (len(data) << 3 | 1).to_bytes(3, "little")
    return ZSTD_MAGIC + b"\x60" + (len(data) - 256).to_bytes(2, "little") + block + data
