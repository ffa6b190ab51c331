"""Faults of proxies that ask for a key by another path than the one that they forward."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Incoming, Place, ProviderCall
from ..routing import Routes
from .registry import defect

CLIMB = re.compile(r"(?:/|%2f|%5c|%252f)*(?:\.|%2e|%252e){2}.*", re.IGNORECASE | re.DOTALL)
OPEN = ("/docs", "/settings", "/threads", "/auth")


def _open_by(right: Behaviour, seen: Callable[[str], str]) -> Behaviour:
    """`right`, but a path needs no key that `seen` turns into an open one; it goes by what stands before its climb."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        opens = CLIMB.search(incoming.path) and posixpath.normpath(seen(incoming.path)).startswith(OPEN)
        return config.client_keys[0] if opens else right.authenticate(config, incoming)

    def place(routes: Routes, incoming: Incoming) -> Place:
        return right.place(routes, replace(incoming, path=CLIMB.sub("", incoming.path)))

    return replace(right, authenticate=authenticate, place=place)


@defect("bare-paths-open", breaks=("security.equal-auth-on-all-model-routes",))
def bare_paths_open(right: Behaviour) -> Behaviour:
    """Serves the vendors' own paths, without a provider in front, and asks for a key below `/api` alone."""

    def prefixed(routes: Routes, incoming: Incoming) -> Place | None:
        for base, _, _ in routes.providers:
            found = right.place(routes, replace(incoming, path=base[:-1] + incoming.path))
            if isinstance(found, ProviderCall):
                return found
        return None

    def place(routes: Routes, incoming: Incoming) -> Place:
        bare = incoming.path.startswith("/v1")
        return (prefixed(routes, incoming) if bare else None) or right.place(routes, incoming)

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        bare = incoming.path.startswith("/v1")
        return config.client_keys[0] if bare else right.authenticate(config, incoming)

    return replace(right, place=place, authenticate=authenticate)


DOORS = ("security.equal-auth-on-all-routes", "security.equal-auth-on-all-model-routes")


@defect("open-by-decoded-path", breaks=DOORS, also=("security.no-path-traversal*",), seen_in="maximhq/bifrost#5765")
def open_by_decoded_path(right: Behaviour) -> Behaviour:
    """Decides by the decoded and folded path whether a key is needed, and forwards the path as it came."""
    return _open_by(right, lambda path: unquote(path) if "%2f" in path.lower() else "")


@defect("open-by-twice-decoded-path", breaks=DOORS, also=("security.no-path-traversal*",))
def open_by_twice_decoded_path(right: Behaviour) -> Behaviour:
    """Decodes a path twice where it decides whether a key is needed."""
    return _open_by(right, lambda path: unquote(unquote(path)) if "%25" in path else "")


@defect("open-by-backslashes", breaks=DOORS, also=("security.no-path-traversal*",))
def open_by_backslashes(right: Behaviour) -> Behaviour:
    """Takes backslashes for slashes where it decides whether a key is needed."""
    return _open_by(right, lambda path: unquote(path).replace("\\", "/") if "%5c" in path.lower() else "")


@defect("open-by-path-without-parameters", breaks=DOORS, also=("security.no-path-traversal*",))
def open_by_path_without_parameters(right: Behaviour) -> Behaviour:
    """Drops what follows a semicolon in each segment where it decides whether a key is needed."""
    return _open_by(right, lambda path: re.sub(r";[^/]*", "", path) if ";" in path else "")
