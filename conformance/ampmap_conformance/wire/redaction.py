"""Redaction: secrets are masked wherever a message or a report would hold them; nonces and ports get names."""

from __future__ import annotations

import base64
import re
import secrets as random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote

from .credentials import CREDENTIAL_HEADERS
from .hiding import Needles, hidden, hidden_piece
from .messages import Headers
from .visible import visible

NONCE = re.compile(r"ampmap-[0-9a-f]{16}")
"""By which the observer finds a request again, wherever in it this stands."""
NONCE_BYTES = re.compile(NONCE.pattern.encode())
LONGEST_TEXT = 4096
"""Characters of a text that a report holds beside bodies."""
LONGEST_LINE = 8192
"""Characters of a header that a report holds."""
REMEMBERED = 2048
"""Characters of a text of which it is remembered how it may be shown, and how many such texts."""
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
        self._masks: dict[str, str] = {}
        self._needles = Needles.of(())
        self._known: dict[str, str] = {}
        """Short texts that were looked through, as they may be shown: many come again."""
        for value in values:
            self.add(value)

    def add(self, value: str) -> str:
        """Take a secret into the book; returns it."""
        if value:
            with self._lock:
                self._masks[value] = mask(value)
                self._needles = Needles.of(self._masks.items())
                self._known = {}
        return value

    def hide(self, text: str) -> str:
        """`text` with every known secret masked, in whatever codings it stands there."""
        known = self._known
        found = known.get(text)
        if found is None:
            found = hidden(text, self._needles)
            if len(text) <= REMEMBERED and len(known) < REMEMBERED:
                known[text] = found
        return found

    def hide_piece(self, text: str, length: int, start: int = 0) -> str:
        """So many characters of `text`, masked before they are cut."""
        return hidden_piece(text, start, length, self.hide)

    def hide_lines(self, headers: Headers) -> tuple[tuple[str, str], ...]:
        """Header lines as a report may hold them: values of credential headers never in full, known or not."""
        return tuple((self._piece(name), self._shown(name, value)) for name, value in headers)

    def _shown(self, name: str, value: str) -> str:
        shown = self.hide_piece(value, LONGEST_LINE)
        if name.lower() in _HIDDEN and shown == value:
            return _covered(value)
        return self._piece(value)

    def _piece(self, text: str) -> str:
        left_out = len(text) - LONGEST_LINE
        more = f"... ({left_out} more characters)" if left_out > 0 else ""
        return f"{self.hide_piece(text, LONGEST_LINE)}{more}"


_BOOK: ContextVar[SecretBook | None] = ContextVar("book", default=None)


@contextmanager
def masking(book: SecretBook) -> Iterator[None]:
    """Inside the context `masked_piece` masks the secrets of `book`."""
    token = _BOOK.set(book)
    try:
        yield
    finally:
        _BOOK.reset(token)


def masked_piece(text: str, length: int, start: int = 0) -> str:
    """So many characters of a text, with secrets masked and nonces named before they are cut."""
    book = _BOOK.get()

    def clean(piece: str) -> str:
        return NONCE.sub("{nonce}", piece if book is None else book.hide(piece))

    return hidden_piece(text, start, length, clean)


@dataclass(frozen=True)
class Scrubber:
    """Masks secrets, and puts names in place of nonces and of addresses that the system chose."""

    secrets: SecretBook
    addresses: tuple[tuple[str, str], ...] = ()
    """Address (host:port) and the name that stands for it."""

    def clean(self, text: str) -> str:
        """The text as a report may hold it; of a very long one the beginning."""
        left_out = len(text) - LONGEST_TEXT
        text = NONCE.sub("{nonce}", self.secrets.hide_piece(text, LONGEST_TEXT))
        for address, name in self.addresses:
            text = text.replace(address, name)
        return f"{visible(text)}... ({left_out} more characters)" if left_out > 0 else visible(text)


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
