"""A peer that is not on the target's machine, as far as the target can tell: for rules about who may call.

The proxy decides by the peer address of the connection, so neither a header nor a second loopback address can stand in
for another machine. The kit's machine may have no other address (a container without a network), and a second machine
is seldom at hand. Linux gives a thread a network namespace of its own, in which loopback may have any address. Python
has `os.unshare` from 3.12 on only, and no call that sets the address of an interface: hence `ctypes` and `ioctl`. Where
the system refuses the namespace, the rules are not testable on the embedded target. A target that is reached by URL is
called from an address of the machine instead.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import socket
import ssl
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

from .address import Address
from .client import ProxyClient
from .messages import Request, Response

ADDRESS = "192.0.2.1"
"""Of the peer in a namespace of its own: reserved for documentation (RFC 5737), and not assigned."""
LOOPBACK = "127.0.0.1"
CLONE_NEWNET = 0x40000000
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1


class Sender(Protocol):
    """Sends requests from somewhere."""

    def send(self, request: Request, *, timeout: float = 30.0) -> Response:
        """One request and its whole answer, as `ProxyClient.send`."""
        ...


class Elsewhere:
    """A network namespace of its own, held by one thread: sockets that are made in it have `ADDRESS` for a peer.

    A server of this process can listen in it beside its usual address, so that one and the same server is called by
    a peer on its machine and by one that is not.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "elsewhere")
        self._client: ProxyClient | None = None
        try:
            self._thread.submit(_leave).result()
        except BaseException:
            self.close()
            raise

    def listen(self) -> socket.socket:
        """A listening socket in the namespace; from now on `send` goes to it."""
        listener = self._thread.submit(_listener).result()
        self._client = ProxyClient(f"http://{ADDRESS}:{listener.getsockname()[1]}")
        return listener

    def send(self, request: Request, *, timeout: float = 30.0) -> Response:
        """One request and its whole answer, from inside. Raises NoAnswerError as `ProxyClient.send` does."""
        if self._client is None:
            raise LookupError("no process listens in the namespace")
        return self._thread.submit(self._client.send, request, timeout=timeout).result()

    def close(self) -> None:
        """Closes the connections and ends the thread, and with it the namespace."""
        if self._client is not None:
            self._client.close()
        self._thread.shutdown(wait=True)


@contextmanager
def open_foreign_peer() -> Iterator[Elsewhere | None]:
    """A namespace, or None where the system does not let this process make one."""
    try:
        made = Elsewhere()
    except (OSError, AttributeError, ImportError):  # not permitted; no Linux
        yield None
        return
    with contextlib.closing(made):
        yield made


def sender_to(base_url: str, tls: ssl.SSLContext | None = None) -> ProxyClient | None:
    """A client that calls `base_url` from another address than the target's own loopback; None where there is none.

    To a target elsewhere every call is one. A target on this machine may listen on its other addresses as well.
    """
    parts = Address.of(base_url)
    if not is_loopback(parts.host):
        return ProxyClient(base_url, tls=tls)
    address = _own_address()
    port = parts.port
    if address is None or parts.scheme != "http":
        return None
    try:
        socket.create_connection((address, port), 1.0).close()
    except OSError:
        return None
    return ProxyClient(f"http://{address}:{port}{parts.path}")


def near_to(base_url: str) -> ProxyClient | None:
    """A client that calls `base_url` by the loopback address of this machine; None where that cannot be done.

    For a target that is named by another address of this machine, and listens on all of them.
    """
    parts = Address.of(base_url)
    port = parts.port
    if parts.scheme != "http" or is_loopback(parts.host) or not _is_own(parts.host):
        return None
    try:
        socket.create_connection((LOOPBACK, port), 1.0).close()
    except OSError:
        return None
    return ProxyClient(f"http://{LOOPBACK}:{port}{parts.path}")


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine by definition. Nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_own(host: str) -> bool:
    """Whether a host is an address of this machine, so that a socket can have it."""
    try:
        with socket.create_server((host, 0)):
            return True
    except OSError:
        return False


def _own_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((ADDRESS, 9))  # chooses a route; nothing is sent
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if is_loopback(address) else address


def _leave() -> None:
    """Puts the calling thread into a new network namespace whose loopback interface has `ADDRESS`."""
    import fcntl

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    address = struct.pack("16sH2s4s8x", b"lo", socket.AF_INET, b"", socket.inet_aton(ADDRESS))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFADDR, address)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((ADDRESS, 0))
    listener.listen(64)
    return listener
