"""Remedies: which server the target was built with, and what to change beneath each cause. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..errors import UsageError
from ..files import did_you_mean
from ..reference.types import Reference, Requirement, ServerMark, ServerRemedies, ServerRemedy
from ..wire.messages import Exchange
from .causes import AMP_ROOTS, LEVELS, NO_ANSWER, UNSERVED_ROUTE, importance
from .model import Cause, Remedy, Server

ROUTES_OF_AMP, ROUTES_OF_PROVIDERS = "management.forwarded", "routing.reaches-upstream"
"""The requirements that a proxy breaks which has no route for a call: their remedies say how to add one."""
UNANSWERED = "Let the proxy answer the call, if only with an error: its log tells what became of it."
"""The remedy where a rule on security got no answer at all: its own one would be about what was not seen."""
LONGEST_BODY = 4096
"""Bytes of an answer in which a mark is searched: servers' own pages are short."""


class Recogniser:
    """Looks at answers, and tells by the spec's marks which server gave them."""

    def __init__(self, servers: Mapping[str, ServerRemedies]) -> None:
        self._marks = {
            name: [(mark, re.compile(mark.pattern, re.IGNORECASE)) for mark in server.marks]
            for name, server in servers.items()
        }
        self._servers = servers
        self._seen: Counter[str] = Counter()

    def see(self, exchange: Exchange) -> None:
        """Counts the servers whose mark an answer has. What the upstream's answer has says nothing of the target."""
        relayed = {(name.lower(), value) for answer in exchange.answers for name, value in answer.headers}
        own = [(name.lower(), value) for name, value in exchange.response.headers]
        lines = [line for line in own if line not in relayed]
        page = "" if exchange.upstream else exchange.response.body[:LONGEST_BODY].decode("utf-8", "replace")
        for name, marks in self._marks.items():
            self._seen[name] += any(_has(mark, pattern, lines, page) for mark, pattern in marks)

    @property
    def server(self) -> Server | None:
        """The server whose marks most answers have, and of one built on another the more special one."""
        found = {name for name, count in self._seen.items() if count}
        general = {below for name in found for below in self._servers[name].built_on}
        names = sorted(found - general, key=lambda name: -self._seen[name])
        return Server(id=names[0], name=self._servers[names[0]].display_name) if names else None


def _has(mark: ServerMark, pattern: re.Pattern[str], lines: Iterable[tuple[str, str]], page: str) -> bool:
    if mark.header is None:
        return pattern.search(page) is not None
    return any(name == mark.header and pattern.search(value) for name, value in lines)


def server_called(name: str, servers: Mapping[str, ServerRemedies]) -> Server:
    """The server that a user names by its id or another of its names. Raises UsageError for an unknown name."""
    meant = {
        word.lower(): (key, server)
        for key, server in servers.items()
        for word in (key, server.display_name, *server.aliases)
    }
    if name.lower() not in meant:
        hint = did_you_mean(name.lower(), list(meant)) or f"; known: {', '.join(servers)}"
        raise UsageError(f"--server: the reference has no remedies for `{name}`{hint}")
    key, server = meant[name.lower()]
    return Server(id=key, name=server.display_name, named=True)


class OfServer(NamedTuple):
    """A remedy with its place in the file of its server."""

    server: Server
    remedy: ServerRemedy
    docs: str


def remedies_of(requirement: str, reference: Reference) -> tuple[OfServer, ...]:
    """What each server has for a requirement, in the order of the reference."""
    found = []
    for key, server in reference.remedies.items():
        for remedy in server.remedies:
            if requirement in remedy.requirements:
                docs = next((url for ref in remedy.sources if (url := reference.sources[ref.id].url)), "")
                found.append(OfServer(Server(id=key, name=server.display_name), remedy, docs))
    return tuple(found)


def with_remedies(causes: Sequence[Cause], server: Server | None, reference: Reference) -> tuple[Cause, ...]:
    """The causes, each with what to change; those that the same lines of the server repair are one cause.

    They come in the order of their importance, as they did.
    """
    rows = {row.id: row for row in reference.requirements.values()}
    told = [cause.model_copy(update={"remedy": _remedy(cause, server, reference, rows)}) for cause in causes]
    return tuple(sorted(_joined(told), key=importance))


def _remedy(
    cause: Cause, server: Server | None, reference: Reference, rows: Mapping[str, Requirement]
) -> Remedy | None:
    """That of the server which covers the most cases, else the general one of the rule with the most cases.

    What looks like an effect of an earlier call has none: the earlier call is to be repaired.
    """
    if cause.knock_on:
        return None
    count = _broken(cause)
    if cause.id.startswith(NO_ANSWER) and all(name in rows and rows[name].basis == "security" for name in count):
        return Remedy(text=UNANSWERED)
    best: tuple[int, OfServer] | None = None
    for requirement in count:
        for found in remedies_of(requirement, reference):
            covers = sum(count[name] for name in found.remedy.requirements)
            if server is not None and found.server.id == server.id and (best is None or covers > best[0]):
                best = (covers, found)
    if best is not None:
        return _by_server(best[1])
    general = (rows[name].remedy for name in count if name in rows)
    text = next((text for text in general if text), None)
    return Remedy(text=text) if text else None


def _by_server(found: OfServer) -> Remedy:
    remedy = found.remedy
    return Remedy(text=remedy.change, lines=remedy.lines.rstrip("\n"), server=found.server.id, docs=found.docs)


def remedy_of(requirement: str, server: Server | None, reference: Reference) -> Remedy | None:
    """The remedy for one requirement: that of the server, else the general one of its rule."""
    for found in remedies_of(requirement, reference):
        if server is not None and found.server.id == server.id:
            return _by_server(found)
    row = {**reference.requirements}.get(requirement)
    return Remedy(text=row.remedy) if row and row.remedy else None


def _broken(cause: Cause) -> Counter[str]:
    """The requirements that are to be repaired, with how many cases each has, those with the most first."""
    if cause.id.startswith(UNSERVED_ROUTE):
        of_amp = sum(name.partition("[")[2].partition("-")[0] in AMP_ROOTS for name in cause.cases)
        return Counter({ROUTES_OF_AMP: of_amp} if of_amp else {ROUTES_OF_PROVIDERS: len(cause.cases)})
    cases = Counter(name.partition("[")[0] for name in cause.cases)
    return Counter({name: cases[name] for name in cause.requirements})


def _joined(causes: Iterable[Cause]) -> list[Cause]:
    """Causes that the same lines of a server's configuration repair, told as one under the most important of them."""
    found: dict[object, Cause] = {}
    for cause in causes:
        one_change = cause.remedy is not None and cause.remedy.lines
        key: object = (importance(cause)[0], cause.remedy.text) if one_change and cause.remedy else cause.id
        first = found.setdefault(key, cause)
        if first is not cause:
            found[key] = first.model_copy(
                update={
                    "level": min(first.level, cause.level, key=LEVELS.index),
                    "requirements": tuple(dict.fromkeys((*first.requirements, *cause.requirements))),
                    "cases": (*first.cases, *cause.cases),
                    "blocks": first.blocks + cause.blocks,
                }
            )
    return list(found.values())
