"""Asks a proxy what it reveals free of charge.

It sends nothing that can be charged for: bodies that are not valid JSON, calls without a key, and requests for lists.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

from ..errors import Failure, NoAnswerError, UnreachableError
from ..reference.types import Call, Provider, Reference, calls, find_call
from ..wire.client import NOT_CONNECTED, ProxyClient
from ..wire.credentials import NO_CREDENTIAL, REFUSED, Credential, as_client_sends, holding
from ..wire.json_text import loads
from ..wire.messages import Headers, Request, Response, media_type
from .target import Secret

NO_JSON = b"{"
"""A body that every upstream refuses before it counts anything."""
NOBODY = "/api/provider/ampmap-no-such-provider/v1/chat/completions"
NOWHERE = "/api/ampmap-no-such-path"
NO_ROUTE = (404, 405, 501)
"""Statuses by which a server says that it has no such route, or takes no such call there."""
PAGE = "text/html"
WANTS_TLS = re.compile(
    rb"plain http request was sent to https|http request to an https server|ssl-enabled", re.IGNORECASE
)
"""What nginx, Go's servers and Apache answer to plain http on a port for https."""
SECONDS = 10.0
"""Seconds that an answer may take."""
AT_ONCE = 6
"""Calls that are made at the same time."""


@dataclass(frozen=True)
class Answered:
    """How a call was answered."""

    status: int
    """0 for no answer."""
    foreign: str = ""
    """With what it succeeded that no provider answers to an invalid body, as a web server does that has no such route:
    a page for browsers, a redirect, or nothing at all."""
    location: str = ""
    """Where it leads."""

    @property
    def is_there(self) -> bool:
        """Whether there is such a route."""
        return self.status not in NO_ROUTE and not self.foreign

    @property
    def is_down(self) -> bool:
        """Whether the server failed, as a proxy does that has no upstream."""
        return self.status >= 500 and self.status not in NO_ROUTE

    def __str__(self) -> str:
        if not self.status:
            return "no answer"
        return f"{self.status} with {self.foreign}" if self.foreign else str(self.status)


@dataclass(frozen=True)
class Discovery:
    """What a proxy says of itself. None stands for what it does not say."""

    server: str | None = None
    """The `Server` header of its answers."""
    seconds: float = 0.0
    """How long the first answer took."""
    wants_tls: bool = False
    """Whether it says that it is to be called by https; then nothing else was asked."""
    closed: Mapping[str, Answered] = field(default_factory=dict)
    """What the routes answered a call without a key, by provider."""
    opened: Mapping[str, Answered] = field(default_factory=dict)
    """What they answered a call with the key; the same where none is known."""
    needs_key: bool | None = None
    key_accepted: bool | None = None
    providers: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    """Providers whose routes are not there."""
    models: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Models of the reference by provider, where the proxy lists some of them and not others."""
    management: bool | None = None
    management_asked: tuple[tuple[str, Answered], ...] = ()
    """A management path and a path beside it that is not served, each with what it answered."""
    listed: Answered | None = None
    """What a list of models answered, where every call failed as if there were no upstream."""
    sent: int = 0

    @property
    def has_routes(self) -> bool:
        """Whether any provider's route is there."""
        return any(answer.is_there for answer in self.opened.values())

    @property
    def is_down(self) -> bool:
        """Whether every route that is there fails as that of a proxy without upstreams, a list of models too."""
        there = [answer for answer in self.opened.values() if answer.is_there]
        failing = any(answer.is_down for answer in there)
        failing = failing and all(answer.is_down or not answer.status for answer in there)
        return failing and (self.listed is None or self.listed.is_down)


def discovered(url: str, reference: Reference, key: Secret | None) -> Discovery:
    """Asks the proxy at `url`. Raises UnreachableError when it is not there."""
    with ProxyClient(url) as client:
        try:
            return asked(client, tuple(p for p in reference.providers.values() if p.via_proxy), reference, key)
        except NoAnswerError as error:
            raise UnreachableError(f"{url} is unreachable: {error.failure.value}.") from error


def asked(
    client: ProxyClient,
    providers: Iterable[Provider],
    reference: Reference,
    key: Secret | None,
    *,
    seconds: float = SECONDS,
    end: float = math.inf,
) -> Discovery:
    """Asks the proxy behind `client` for these providers; `seconds` bound each answer.

    From `end` on, in monotonic seconds, nothing is sent: what is left then counts as not answered.

    Raises NoAnswerError when no connection can be made, or the first call gets no answer.
    """
    return _Asking(client, tuple(providers), reference, key, seconds, end).all()


class _Asking:
    """The questions to one proxy, counted."""

    def __init__(
        self,
        client: ProxyClient,
        served: tuple[Provider, ...],
        reference: Reference,
        key: Secret | None,
        seconds: float,
        end: float,
    ) -> None:
        self._client = client
        self._end = end
        self._reference = reference
        self._key = key
        self._seconds = seconds
        self._targets: list[str] = []
        self._served = served

    def all(self) -> Discovery:
        begun = time.monotonic()
        nobody = self._send("POST", NOBODY, NO_CREDENTIAL, NO_JSON)
        seconds = time.monotonic() - begun
        if nobody.status == 400 and WANTS_TLS.search(nobody.body):
            server = nobody.headers.get("server")
            return Discovery(server=server, seconds=seconds, wants_tls=True, sent=len(self._targets))
        closed = self._answers(lambda _provider: NO_CREDENTIAL)
        opened = self._answers(self._credential) if self._key else closed
        telling = self._key is not None or nobody.status not in REFUSED
        there = tuple(name for name, answer in opened.items() if answer.is_there and answer.status not in (0, *REFUSED))
        answered = any(answer.status for answer in opened.values())
        key_accepted = bool(there) if self._key and answered else None
        known = telling and (key_accepted is not False)
        failing = bool(there) and all(opened[name].is_down for name in there)
        management = self._management()
        return Discovery(
            server=nobody.headers.get("server"),
            seconds=seconds,
            closed=closed,
            opened=opened,
            needs_key=self._needs_key([answer.status for answer in closed.values() if answer.is_there]),
            key_accepted=key_accepted,
            providers=tuple(name for name, answer in opened.items() if answer.is_there) if known else None,
            absent=tuple(name for name, answer in opened.items() if not answer.is_there),
            models=tuple(self._models(there)) if key_accepted else (),
            management=_is_served(management),
            management_asked=management,
            listed=self._list() if failing else None,
            sent=len(self._targets),
        )

    def _answers(self, credential: Callable[[Provider], Credential]) -> dict[str, Answered]:
        """What the routes of all providers answer to a body that is not valid JSON."""

        def ask(provider: Provider) -> Answered:
            call = find_call(provider, reference=self._reference)
            return self._answered("POST", call.path("example-model"), credential(provider), NO_JSON)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = [pool.submit(copy_context().run, ask, provider) for provider in self._served]
            return {provider.id: one.result() for provider, one in zip(self._served, asked, strict=True)}

    def _answered(self, method: str, target: str, credential: Credential, body: bytes = b"") -> Answered:
        try:
            answer = self._send(method, target, credential, body)
        except NoAnswerError as error:
            if error.failure in NOT_CONNECTED:
                raise
            return Answered(0)
        if 300 <= answer.status < 400:
            return Answered(answer.status, "a redirect", answer.headers.get("location") or "")
        if answer.status >= 300:
            return Answered(answer.status)
        page = media_type(answer.headers.get("content-type")) == PAGE
        return Answered(answer.status, "a page for browsers" if page else "" if answer.body else "an empty body")

    def _needs_key(self, statuses: list[int]) -> bool | None:
        """Whether calls need a key, by the statuses of calls without one.

        Another error than a refusal does not tell, for a proxy may look at a body before it looks for a key: then a
        list is asked for.
        """
        listing = self._listing()
        if listing is not None and not all(status in REFUSED or 0 < status < 300 for status in statuses):
            statuses = [self._answered("GET", listing.path(), NO_CREDENTIAL).status]
        if statuses and all(status in REFUSED for status in statuses):
            return True
        return False if any(0 < status < 300 for status in statuses) else None

    def _list(self) -> Answered | None:
        """What a list of models answers, as a call that has no body."""
        listing = self._listing()
        return None if listing is None else self._answered("GET", listing.path(), self._credential(listing.provider))

    def _listing(self) -> Call | None:
        return next(filter(None, (_listing(self._reference, provider) for provider in self._served)), None)

    def _credential(self, provider: Provider) -> Credential:
        return as_client_sends(provider, self._key.value) if self._key else NO_CREDENTIAL

    def _models(self, there: Iterable[str]) -> Iterable[tuple[str, tuple[str, ...]]]:
        for provider in self._served:
            listing = _listing(self._reference, provider)
            if provider.id not in there or listing is None:
                continue
            try:
                answer = self._send("GET", listing.path(), self._credential(provider))
            except NoAnswerError:
                continue
            listed = _listed(answer)
            known = [m for m in self._reference.models.values() if m.provider == provider.id]
            both = tuple(model.id for model in known if listed & {model.id, model.wire_id})
            if both and len(both) < len(known):
                yield provider.id, both

    def _management(self) -> tuple[tuple[str, Answered], ...]:
        """A management path and a path that does not exist, each with its answer; asked without a key first."""
        known = self._reference.management.values()
        path = next((route.paths[0] for route in known if route.authentication == "client-key"), None)
        if path is None:
            return ()
        bearer = holding("authorization-bearer", self._key.value) if self._key else NO_CREDENTIAL
        found: tuple[tuple[str, Answered], ...] = ()
        for credential in dict.fromkeys((NO_CREDENTIAL, bearer)):
            found = tuple(
                (place, self._answered("GET", place, credential))
                for place in (path.replace("*", "ampmap/probe"), NOWHERE)
            )
            if _is_served(found) is not None:
                break
        return found

    def _send(self, method: str, target: str, credential: Credential, body: bytes = b"") -> Response:
        for pair in credential.query:
            target += f"{'&' if '?' in target else '?'}{pair}"
        lines = (("Host", self._client.host), *credential.lines)
        if body:
            lines = (*lines, ("content-type", "application/json"))
        left = self._end - time.monotonic()
        if left <= 0:
            raise NoAnswerError(Failure.TIMEOUT)
        self._targets.append(target)
        return self._client.send(Request(method, target, Headers(lines), body), timeout=min(self._seconds, left))


def _is_served(asked: tuple[tuple[str, Answered], ...]) -> bool | None:
    """Whether a management path is served that a path beside it is not; None where that does not show."""
    if not asked or not asked[0][1].status:
        return None
    (_, there), (_, nowhere) = asked
    if there.status == 404 or (there.foreign and there == nowhere):
        return False
    return True if nowhere.status == 404 or nowhere.foreign else None


def _listing(reference: Reference, provider: Provider) -> Call | None:
    lists = ("GET", "none", False)
    known = ((call, call.operation) for call in calls(provider, reference=reference))
    return next((call for call, made in known if (made.method, made.model_in, made.metered) == lists), None)


def _listed(answer: Response) -> set[str | None]:
    try:
        listed = loads(answer.body)
    except ValueError:
        return set()
    entries: Any = next((listed[key] for key in ("data", "models") if isinstance(listed, dict) and key in listed), [])
    names = [entry.get("id") or entry.get("name") for entry in entries if isinstance(entry, dict)]
    return {str(name).removeprefix("models/") for name in names if name}
