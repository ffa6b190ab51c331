"""Takes out of a text what must not be shown and what differs between two runs."""

from __future__ import annotations

from dataclasses import dataclass

from .secrecy import NONCE, SecretBook


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
