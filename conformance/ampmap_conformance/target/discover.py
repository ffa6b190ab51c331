"""Asks a proxy what it reveals free of charge.

It sends nothing that can be charged for: bodies that are not valid JSON, calls without a key, and requests for lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import NoAnswerError, UnreachableError
from ..reference.types import Call, Provider, Reference, calls, find_call
from ..wire.client import ProxyClient
from ..wire.credentials import NO_CREDENTIAL, REFUSED, Credential, as_client_sends, holding
from ..wire.json_text import loads
from ..wire.messages import Headers, Request, Response
from .target import Secret

NO_JSON = b"{"
"""A body that every upstream refuses before it counts anything."""
NOBODY = "/api/provider/ampmap-no-such-provider/v1/chat/completions"
NOWHERE = "/api/ampmap-no-such-path"


@dataclass(frozen=True)
class Discovery:
    """What a proxy says of itself. None stands for what it does not say."""

    server: str | None = None
    """The `Server` header of its answers."""
    needs_key: bool | None = None
    key_accepted: bool | None = None
    providers: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    """Providers whose routes answer 404."""
    models: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Models of the reference by provider, where the proxy lists some of them and not others."""
    management: bool | None = None
    sent: int = 0


def discovered(url: str, reference: Reference, key: Secret | None) -> Discovery:
    """Asks the proxy at `url`. Raises UnreachableError when it is not there, or serves no route of Amp's."""
    with ProxyClient(url) as client:
        asked = _Asking(client, reference, key)
        try:
            return asked.all()
        except NoAnswerError as error:
            raise UnreachableError(f"{url} is unreachable: {error.failure.value}.") from error


class _Asking:
    """The questions to one proxy, counted."""

    def __init__(self, client: ProxyClient, reference: Reference, key: Secret | None) -> None:
        self._client = client
        self._reference = reference
        self._key = key
        self._sent = 0
        self._served = tuple(p for p in reference.providers.values() if p.via_proxy)

    def all(self) -> Discovery:
        nobody = self._send("POST", NOBODY, NO_CREDENTIAL, NO_JSON)
        closed = {p.id: self._ask(p, NO_CREDENTIAL).status for p in self._served}
        opened = {p.id: self._ask(p, self._credential(p)).status for p in self._served} if self._key else closed
        if set(opened.values()) == {404}:
            raise UnreachableError(f"{self._client.host} has no Amp surface: every provider route answers 404.")
        telling = self._key is not None or nobody.status not in REFUSED
        there = tuple(name for name, status in opened.items() if status not in (404, *REFUSED))
        key_accepted = bool(there) if self._key else None
        known = telling and (key_accepted is not False)
        return Discovery(
            server=nobody.headers.get("server"),
            needs_key=self._needs_key(closed.values()),
            key_accepted=key_accepted,
            providers=tuple(name for name, status in opened.items() if status != 404) if known else None,
            absent=tuple(name for name, status in opened.items() if status == 404),
            models=tuple(self._models(there)) if key_accepted else (),
            management=self._management(),
            sent=self._sent,
        )

    def _ask(self, provider: Provider, credential: Credential) -> Response:
        call = find_call(self._reference, provider)
        return self._send("POST", call.path("example-model"), credential, NO_JSON)

    def _needs_key(self, closed: Iterable[int]) -> bool | None:
        """Whether calls need a key, by the statuses of calls without one.

        Another error than a refusal does not tell, for a proxy may look at a body before it looks for a key: then a
        list is asked for.
        """
        statuses = [status for status in closed if status != 404]
        listing = next(filter(None, (_listing(self._reference, provider) for provider in self._served)), None)
        if listing is not None and not all(status in REFUSED or status < 300 for status in statuses):
            statuses = [self._send("GET", listing.path(), NO_CREDENTIAL).status]
        if all(status in REFUSED for status in statuses):
            return True
        return False if any(status < 300 for status in statuses) else None

    def _credential(self, provider: Provider) -> Credential:
        return as_client_sends(provider, self._key.value) if self._key else NO_CREDENTIAL

    def _models(self, there: Iterable[str]) -> Iterable[tuple[str, tuple[str, ...]]]:
        for provider in self._served:
            listing = _listing(self._reference, provider)
            if provider.id not in there or listing is None:
                continue
            answer = self._send("GET", listing.path(), self._credential(provider))
            listed = _listed(answer)
            known = [m for m in self._reference.models.values() if m.provider == provider.id]
            both = tuple(model.id for model in known if listed & {model.id, model.wire_id})
            if both and len(both) < len(known):
                yield provider.id, both

    def _management(self) -> bool | None:
        """Whether a management path is served that a path beside it is not; asked without a key first."""
        known = self._reference.management.values()
        path = next((route.paths[0] for route in known if route.authentication == "client-key"), None)
        if path is None:
            return None
        bearer = holding("authorization-bearer", self._key.value) if self._key else NO_CREDENTIAL
        for credential in dict.fromkeys((NO_CREDENTIAL, bearer)):
            there, nowhere = (
                self._send("GET", place, credential).status for place in (path.replace("*", "ampmap/probe"), NOWHERE)
            )
            if there == 404 or nowhere == 404:
                return there != 404
        return None

    def _send(self, method: str, target: str, credential: Credential, body: bytes = b"") -> Response:
        for pair in credential.query:
            target += f"{'&' if '?' in target else '?'}{pair}"
        lines = (("Host", self._client.host), *credential.lines)
        if body:
            lines = (*lines, ("content-type", "application/json"))
        self._sent += 1
        return self._client.send(Request(method, target, Headers(lines), body), timeout=10.0)


def _listing(reference: Reference, provider: Provider) -> Call | None:
    lists = ("GET", "none", False)
    known = ((call, call.operation) for call in calls(reference, provider))
    return next((call for call, made in known if (made.method, made.model_in, made.metered) == lists), None)


def _listed(answer: Response) -> set[str | None]:
    try:
        listed = loads(answer.body)
    except ValueError:
        return set()
    entries: Any = next((listed[key] for key in ("data", "models") if isinstance(listed, dict) and key in listed), [])
    names = [entry.get("id") or entry.get("name") for entry in entries if isinstance(entry, dict)]
    return {str(name).removeprefix("models/") for name in names if name}
