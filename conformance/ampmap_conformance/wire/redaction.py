"""Redaction: secrets are masked wherever a message or a report would hold them; nonces and ports get names."""

from __future__ import annotations

import base64
import re
import secrets as random
import threading
from dataclasses import dataclass
from urllib.parse import quote

from .credentials import CREDENTIAL_HEADERS
from .messages import Headers

NONCE = re.compile(r"ampmap-[0-9a-f]{16}")
"""By which the observer finds a request again, wherever in it this stands."""
NONCE_BYTES = re.compile(NONCE.pattern.encode())
_HIDDEN = frozenset({*CREDENTIAL_HEADERS, "cookie", "set-cookie", "proxy-authorization"})


def new_nonce() -> str:
    """A nonce that no other request has."""
    return f"ampmap-{random.token_hex(8)}"


def mask(secret: str) -> str:
    """A secret as it may be shown: `can***ry`; nothing of a short one."""
    return f"{secret[:3]}***{secret[-2:]}" if len(secret) >= 12 else "***"


class SecretBook:
    """Every secret that the kit knows of in a run; safe to share among threads."""

    def __init__(self, *values: str) -> None:
        self._lock = threading.Lock()
        self._forms: dict[str, str] = {}
        self._longest_first: tuple[tuple[str, str], ...] = ()
        for value in values:
            self.add(value)

    def add(self, value: str) -> str:
        """Take a secret into the book; returns it."""
        if value:
            with self._lock:
                for form in forms(value):
                    self._forms[form] = mask(value)
                self._longest_first = tuple(sorted(self._forms.items(), key=lambda item: -len(item[0])))
        return value

    def hide(self, text: str) -> str:
        """`text` with every known secret masked, also where it stands percent-encoded or in base64."""
        for form, mask in self._longest_first:
            text = text.replace(form, mask)
        return text

    def hide_lines(self, headers: Headers) -> tuple[tuple[str, str], ...]:
        """Header lines as a report may hold them: values of credential headers never in full, known or not."""
        return tuple(
            (name, self.hide(value) if self.hide(value) != value or name.lower() not in _HIDDEN else _covered(value))
            for name, value in headers
        )


@dataclass(frozen=True)
class Scrubber:
    """Masks secrets, and puts names in place of nonces and of addresses that the system chose."""

    secrets: SecretBook
    addresses: tuple[tuple[str, str], ...] = ()
    """Address (host:port) and the name that stands for it."""

    def clean(self, text: str) -> str:
        """The text as a report may hold it."""
        text = NONCE.sub("{nonce}", self.secrets.hide(text))
        for address, name in self.addresses:
            text = text.replace(address, name)
        return text


def forms(secret: str) -> tuple[str, ...]:
    """How a secret may be written: as it is, percent-encoded, and in base64 (alone, and as a basic password)."""
    encoded = (secret, f":{secret}", f"x:{secret}")
    based = (base64.b64encode(text.encode()).decode().rstrip("=") for text in encoded)
    return tuple(dict.fromkeys((secret, quote(secret, safe=""), *based)))


def _covered(value: str) -> str:
    scheme, space, rest = value.partition(" ")
    if value.lower() in ("placeholder", "bearer placeholder"):
        return value
    return f"{scheme} ***" if space and rest and scheme.isalpha() else "***"
