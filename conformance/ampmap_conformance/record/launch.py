"""Started as a program of its own: enters a network namespace with loopback alone, and becomes the client there.

A process that has threads cannot make a namespace as an ordinary user, so the kit does not do it in its own. This
program makes the socket on which the reference proxy is reached from inside, hands it to the kit, waits until the kit
serves it, and then executes the client in its own place.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Final

CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1
LOOPBACK: Final = "127.0.0.1"
URL_VARIABLE: Final = "AMP_URL"
READY: Final = b"ready"
NOT_EXECUTED: Final = 127


def main(arguments: list[str]) -> int:
    """`FD COMMAND...`: FD is the number of a socket to the kit. Returns only where the client could not be executed."""
    with socket.socket(fileno=int(arguments[0])) as kit:
        try:
            enter_namespace()
        except (OSError, AttributeError, ImportError) as error:
            kit.sendall(str(error).encode() or b"unknown")
            return NOT_EXECUTED
        with socket.create_server((LOOPBACK, 0), backlog=512) as listener:
            socket.send_fds(kit, [READY], [listener.fileno()])
            os.environ[URL_VARIABLE] = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        if kit.recv(1) != b"1":  # the kit gave up
            return NOT_EXECUTED
    try:
        os.execvp(arguments[1], arguments[1:])  # noqa: S606 - the user's own command
    except OSError as error:
        print(f"{arguments[1]}: {error.strerror}", file=sys.stderr)  # noqa: T201 - the client's own standard error
    return NOT_EXECUTED


def enter_namespace() -> None:
    """A network namespace of its own, with loopback up; as an ordinary user in a user namespace. Raises OSError."""
    import fcntl

    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWNET):
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
