"""What the tests of the observer share: messages, and a way to send them byte for byte."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

from ampmap_conformance.observer import Observer
from ampmap_conformance.reference import load

REFERENCE = load()


NONCE = "ampmap-0123456789abcdef"


CHAT = json.dumps({"model": "m", "messages": [], "note": NONCE}).encode()


STREAM = json.dumps({"model": "m", "messages": [], "stream": True, "note": NONCE}).encode()


def post(path: str, body: bytes, *lines: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: h", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def talk(observer: Observer, *sent: bytes) -> bytes:
    """Everything that comes back until the connection ends. Raises ConnectionResetError on a reset."""
    at = urlsplit(observer.url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        for part in sent:
            sock.sendall(part)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def once(observer: Observer, body: bytes, *lines: str, path: str = "/groq/openai/v1/chat/completions") -> bytes:
    return talk(observer, post(path, body, "Connection: close", *lines))


def unchunked(got: bytes) -> bytes:
    rest, body = got.partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body
