"""The one reader of URLs that users write: for a target, an observer, a resolver. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
NOT_IN_URLS = re.compile(r"[^!-~]|[\\\"<>^`{|}]")
"""Characters that are percent-encoded in a URL: also spaces, control characters and letters beyond ASCII."""
LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
LONGEST_HOST = 253


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and what stands before the path of each call to it."""

    scheme: str
    netloc: str
    """Host and port, as the Host header names them."""
    host: str
    port: int
    path: str
    query: str | None
    """None where there is no question mark."""

    @classmethod
    def of(cls, url: str) -> Address:
        """The parts of an absolute http or https URL. Raises ValueError, with what is wrong, for anything else."""
        if (found := NOT_IN_URLS.search(url)) is not None:
            raise ValueError(
                f"`{url.encode('unicode_escape').decode()}` is invalid: a URL must not contain"
                f" {_named(found[0])}; percent-encode it in a path, and write a host name in its ASCII form"
            )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ValueError(f"`{url}` is invalid: {error}") from None
        if parts.scheme not in PORTS or not host:
            raise ValueError(f"`{url}` is invalid; expected an absolute http or https URL")
        if "@" in parts.netloc:
            raise ValueError("a URL must not contain a user or password; give keys by reference under `credentials`")
        if not _is_host(host):
            raise ValueError(f"`{url}` is invalid: `{host}` is not the name or address of a host")
        if parts.fragment or "#" in url:
            raise ValueError(f"`{url}` is invalid: it must not have a fragment (`#`)")
        port = PORTS[parts.scheme] if port is None else port
        return cls(parts.scheme, parts.netloc, host, port, parts.path, parts.query if "?" in url else None)

    @property
    def origin(self) -> str:
        """The URL without its path."""
        return f"{self.scheme}://{self.netloc}"

    def placed(self, target: str) -> str:
        """The target of a request (path and query) behind this path; other forms of a target are left alone."""
        return f"{self.path.rstrip('/')}{target}" if target.startswith("/") else target


def absolute_url(url: str) -> str:
    """`url` less a final slash. Raises ValueError unless it is absolute, http or https, and has no query."""
    if Address.of(url).query is not None:
        raise ValueError(f"`{url}` is invalid: it must not have a query (`?`)")
    return url.rstrip("/")


def absolute_path(path: str) -> str:
    """`path` as it is: empty for the root, or with a slash in front. Raises ValueError for a query or a fragment."""
    if (path and not path.startswith("/")) or NOT_IN_URLS.search(path) or "?" in path or "#" in path:
        shown = path.encode("unicode_escape").decode()
        raise ValueError(f"`{shown}` is invalid; expected a path such as `/openai/v1`, percent-encoded where needed")
    return path


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        labels = host.removesuffix(".").split(".")
        return len(host) <= LONGEST_HOST and all(LABEL.fullmatch(label) for label in labels)
    return True


def _named(character: str) -> str:
    return "a space" if character == " " else f"U+{ord(character):04X}"
