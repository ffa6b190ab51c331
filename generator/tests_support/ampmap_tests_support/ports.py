"""Addresses at which a server of a test will listen later."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_address() -> Iterator[str]:
    """`127.0.0.1:PORT`, which the system gives to no other process while this is open; a server can listen at it.

    The port stays bound without listening, and Linux lets a server share it that sets SO_REUSEADDR, as asyncio does.
    Elsewhere it is let go at once.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        if sys.platform != "linux":
            holder.close()
        yield address
