"""Ends with 0 where the container does its work: a server takes connections, and a run needs nothing but its process.

The command of the container's first process says whether it is a server, and where it listens (`--listen HOST:PORT`).
"""

from __future__ import annotations

import socket
import sys
from itertools import pairwise
from pathlib import Path

EVERY = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104 - a server that listens on all of them is asked on loopback
"""The address at which a server is asked that listens on every one."""


def listening_at(command: str) -> tuple[str, int] | None:
    """The address in the words of a command, which NUL separates; None for one that is no server, or names no port."""
    words = command.split("\0")
    named = [after for word, after in pairwise(words) if word == "--listen"]
    named += [word.removeprefix("--listen=") for word in words if word.startswith("--listen=")]
    host, _, port = named[-1].rpartition(":") if named else ("", "", "0")
    if port == "0":
        return None
    return EVERY.get(host, host.strip("[]")), int(port)


def main(command: str) -> str | None:
    """What is wrong; None for a container that does its work."""
    if (address := listening_at(command)) is None:
        return None
    try:
        socket.create_connection(address, timeout=2).close()
    except OSError as error:
        return f"{address[0]} port {address[1]}: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(Path("/proc/1/cmdline").read_text(encoding="utf-8")))
