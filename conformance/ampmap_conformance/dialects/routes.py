"""Which operation a path means: the routes of the reference, on the proxy and at the providers.

Paths are matched as they stand on the wire. A model id may hold a slash, raw or percent-encoded,
and the colon before a verb may be `%3A`; nothing is decoded before it is matched, so that what was
matched can be sent on byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from ..reference.types import Call, Provider, Reference, Root, calls, upstream_path

_PARAMETER = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """A path that an operation serves."""

    call: Call
    root: Root
    tail: str
    """The path below the root, byte for byte."""
    places: tuple[tuple[str, str], ...]
    """Values of the root's parameters (`project`, `location`), byte for byte."""
    model: str
    """The model id in the path, decoded; empty where the operation has none there."""
    model_at: tuple[int, int]
    """Where in `tail` it stands; (0, 0) where it does not."""
    streams: bool
    """The path is the one by which its operation is asked for a stream."""


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """A path that is served, by other methods than the one that was asked for."""

    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    pattern: re.Pattern[str]
    call: Call
    root: Root
    streams: bool
    literal: int
    """Number of literal characters of the pattern: the more, the more specific."""


class RouteTable:
    """The paths of one provider, below a base that differs between the proxy and the upstream."""

    def __init__(self, reference: Reference, provider: Provider, base: str, *, upstream: bool) -> None:
        entries: list[_Entry] = []
        served = calls(provider, reference=reference)
        verbs = {call.dialect for call in served if "{model}:" in call.operation.path}
        for root in provider.roots:
            for call in served:
                for path, streams in _paths(call):
                    prefix = base + (root.upstream if upstream else root.path)
                    model = "[^:]+" if call.dialect in verbs else ".+"  # else an unknown verb would be part of an id
                    pattern = re.compile(f"(?P<root>{_pattern(prefix)})(?P<tail>{_pattern(path, model)})")
                    literal = len(_PARAMETER.sub("", prefix + path))
                    entries.append(_Entry(pattern, call, root, streams, literal))
        self._entries = tuple(sorted(entries, key=lambda entry: -entry.literal))

    def find(self, method: str, path: str) -> Match | WrongMethod | None:
        """What `path` (without its query) means; None where nothing serves it.

        The most specific paths decide. HEAD is served wherever GET is.
        """
        if has_dot_segments(path):
            return None
        found: list[tuple[_Entry, re.Match[str]]] = []
        for entry in self._entries:
            if found and entry.literal < found[0][0].literal:
                break
            if matched := entry.pattern.fullmatch(path):
                found.append((entry, matched))
        for entry, matched in found:
            if entry.call.operation.method == ("GET" if method == "HEAD" else method):
                return _match(entry, matched)
        if not found:
            return None
        methods = dict.fromkeys(entry.call.operation.method for entry, _ in found)
        return WrongMethod((*methods, "HEAD") if "GET" in methods else tuple(methods))


def proxy_routes(reference: Reference) -> dict[str, RouteTable]:
    """The routes of every provider that is reached through the proxy, by provider id."""
    return {
        provider.id: RouteTable(reference, provider, provider.base_path, upstream=False)
        for provider in reference.providers.values()
        if provider.via_proxy and provider.base_path is not None
    }


def upstream_routes(reference: Reference) -> dict[str, RouteTable]:
    """The routes of every provider's own server, below its scheme and host, by provider id."""
    return {
        provider.id: RouteTable(reference, provider, upstream_path(provider), upstream=True)
        for provider in reference.providers.values()
    }


def below(paths: Iterable[str], path: str) -> bool:
    """Whether `path` is one of `paths`, where `/x/*` means everything below `/x/`."""
    return not has_dot_segments(path) and any(
        path.startswith(known[:-1]) if known.endswith("/*") else path == known for known in paths
    )


def has_dot_segments(path: str) -> bool:
    """Whether a segment is `.` or `..`, also percent-encoded: such a path may mean another place upstream."""
    return "." in unquote(path) and any(
        segment in (".", "..") for segment in unquote(path).replace("\\", "/").split("/")
    )


def _paths(call: Call) -> list[tuple[str, bool]]:
    switch = call.operation.stream
    own = [(call.operation.path, False)]
    return [*own, (switch.path, True)] if switch is not None and switch.by == "path" and switch.path else own


def _pattern(template: str, model: str = ".+") -> str:
    parts = _PARAMETER.split(template)
    names = parts[1::2]
    literals = [re.escape(part).replace(":", "(?::|%3[Aa])") for part in parts[::2]]
    holes = [f"(?P<{name}>{model if name == 'model' else '[^/]+'})" for name in names]
    return "".join(part for pair in zip(literals, [*holes, ""], strict=True) for part in pair)


def _match(entry: _Entry, matched: re.Match[str]) -> Match:
    groups = matched.groupdict()
    tail, model = groups.pop("tail"), groups.pop("model", "")
    del groups["root"]
    start, end = matched.span("model") if model else (0, 0)
    offset = matched.start("tail") if model else 0
    return Match(
        entry.call,
        entry.root,
        tail,
        tuple(groups.items()),
        unquote(model),
        (start - offset, end - offset),
        entry.streams,
    )
