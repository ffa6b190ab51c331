"""What an error shows of the inside of a proxy: types of its own, addresses that it called, digests of keys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

TYPES = re.compile(
    r"\bpydantic\b|\bGo (?:struct field|value of type)\b|Error:Field validation for '|\bcom\.fasterxml\.jackson\b|"
    r"\borg\.springframework\b|\bSystem\.Text\.Json\b|\bZodError\b|\bserde_json\b"
)
"""How libraries that read JSON name themselves, or the types of the program that uses them, in their messages."""
NAMING = ("server", "x-powered-by", "x-generator")
"""Headers in which a server names its software."""
VERSIONS = re.compile(r"(?<![\w./-])(?!(?i:https?|tls|ssl)/)[A-Za-z][A-Za-z_-]*/v?\d+\.\d+(?:\.\d+)*")
"""A program and its version, as `Server` has them and pages of errors show them; not a protocol, nor part of an URL."""
DIGESTS = ("md5", "sha1", "sha256", "sha512")


def shows_address(text: str, host: str) -> bool:
    """Whether a text has the address of a host: as it is called, or by number with the same port."""
    port = urlsplit(f"//{host}").port
    return host in text or (port is not None and re.search(rf"[\d.\]]:{port}\b", text) is not None)


def digests_of(key: str) -> Iterator[tuple[str, str]]:
    """Digests of a key as programs write them: name and hexadecimal text."""
    for name in DIGESTS:
        yield name, hashlib.new(name, key.encode(), usedforsecurity=False).hexdigest()
