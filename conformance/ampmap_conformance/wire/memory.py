"""Gives the memory of large bodies back to the system once they are done with."""

from __future__ import annotations

import contextlib
import ctypes
from functools import cache

M_MMAP_THRESHOLD = -3
LARGE = 256 << 10
"""Bytes from which on a block is one of its own, which is given back as soon as it is free."""


@cache
def give_back_large_blocks() -> None:
    """Tells glibc, once in a process, not to keep large blocks.

    By default it raises the size from which on it gives blocks back to that of the largest one freed, and keeps smaller
    ones in an arena for each of many threads: bodies of 20 MB, read by threads that come and go, then stay for good.
    """
    with contextlib.suppress(OSError, AttributeError):  # not glibc
        ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, LARGE)
