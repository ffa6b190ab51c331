"""Makes small calls through a proxy whose upstreams are an observer, to see what it does with them.

They are free of charge, because the observer answers them. Where a call is answered with success and does not reach
the observer, the proxy has other upstreams: then no further call is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from ..dialects import bodies
from ..dialects.upstream_calls import UpstreamCalls
from ..errors import NoAnswerError
from ..observer.api import Observing
from ..reference.types import Call, Provider, Reference, calls
from ..wire.client import ProxyClient
from ..wire.credentials import NO_CREDENTIAL, as_client_sends
from ..wire.json_text import loads
from ..wire.messages import AMP, Headers, Request, Response, UpstreamRequest
from ..wire.redaction import new_nonce
from ..wire.sse import covers
from .file import ListPolicy, PagePolicy
from .sightings import Seen, Sighting, told_by

ARRIVING = 1.0
"""Seconds that a call which was answered with success may take to show at the observer."""
TIMEOUT = 10.0


def watched(url: str, reference: Reference, key: str, observer: Observing, served: Iterable[Provider]) -> Seen:
    """What a proxy does with calls of the providers that it serves. `key` is a client key, empty for none."""
    with ProxyClient(url) as client:
        return _Watch(client, reference, key, observer).all(tuple(served))


class _LostError(Exception):
    """A call was answered with success and did not reach the observer."""


class _Watch:
    """The calls through one proxy."""

    def __init__(self, client: ProxyClient, reference: Reference, key: str, observer: Observing) -> None:
        self._client = client
        self._reference = reference
        self._key = key
        self._observer = observer
        self._calls = UpstreamCalls(reference)
        self._sent = 0
        self._marks = dict(_amp_lines(reference))

    def all(self, served: tuple[Provider, ...]) -> Seen:
        sightings: list[Sighting] = []
        lost = None
        try:
            for provider in served:
                sightings += self._provider(provider)
        except _LostError as error:
            lost = str(error)
        seen = told_by(sightings, self._calls, self._key)
        if lost is not None:
            return replace(seen, lost=lost, sent=self._sent)
        own = tuple(provider for provider in served if provider.id not in seen.at_amp)
        return replace(
            seen,
            lists=dict(self._lists(served)),
            pages=dict(self._pages()),
            routing=self._routing(own, seen),
            amp_headers=self._amp_headers(sightings),
            sent=self._sent,
        )

    def _provider(self, provider: Provider) -> Iterator[Sighting]:
        """Every model of a provider by its usual call, and one model by each other call and as a stream."""
        models = _models(self._reference, provider)
        asked = [call for call in calls(provider, reference=self._reference) if call.operation.metered]
        for call in asked:
            usual = call.id == provider.default_operation
            for model in models if usual else models[:1]:
                yield self._call(call, model)
            if call.operation.stream is not None:
                yield self._call(call, models[0], stream=True)

    def _call(self, call: Call, model: str, *, stream: bool = False) -> Sighting:
        nonce = new_nonce()
        compact = bodies.request_body(call, model, f"Say hi. {nonce}", stream=stream)
        body = compact[:1] + b" " + compact[1:]  # JSON that is written anew loses it
        path = call.path(model, stream=stream, root=call.provider.roots[0])
        answer, arrived = self._send(call, path, nonce, body)
        if arrived is None and answer is not None and answer.status < 300:
            raise _LostError(f"{call.operation.method} {path}")
        return Sighting(call=call, model=model, body=body, arrived=arrived)

    def _lists(self, served: Iterable[Provider]) -> Iterator[tuple[str, ListPolicy]]:
        for provider in served:
            call = next((each for each in calls(provider, reference=self._reference) if each.id == "models.list"), None)
            if call is None:
                continue
            answer, arrived = self._send(call, call.path(), new_nonce())
            if arrived is not None:
                yield provider.id, "amp" if arrived.persona == AMP else "relayed"
            elif answer is not None and answer.status < 300:
                yield provider.id, "relayed" if self._is_observers(call, answer) else "own"

    def _pages(self) -> Iterator[tuple[str, PagePolicy]]:
        """How the families of management paths are served that need no key."""
        for route in self._reference.management.values():
            if route.authentication == "open":
                nonce = new_nonce()
                lines = (("Host", self._client.host), ("User-Agent", f"ampmap ({nonce})"))
                answer, arrived = self._answer(Request("GET", route.paths[0], Headers(lines)), nonce)
                if arrived is not None:
                    yield route.id, "forwarded"
                elif answer is not None and 300 <= answer.status < 400:
                    yield route.id, "redirected"

    def _is_observers(self, call: Call, answer: Response) -> bool:
        """Whether a list is that of the observer, though the call that led to it was not recognised there."""
        theirs = bodies.response_body(call, bodies.listed_model(self._reference, call.provider.id))
        try:
            return covers(loads(theirs), answer.json())
        except ValueError:
            return False

    def _routing(self, served: tuple[Provider, ...], seen: Seen) -> Literal["path", "model"] | None:
        """Where a call goes whose path names one provider and whose model is another one's."""
        absent = {*seen.unavailable, *(name for name, _ in seen.mappings)}
        for provider in served:
            for call in calls(provider, reference=self._reference):
                for other in served:
                    model = next((name for name in _models(self._reference, other) if name not in absent), None)
                    speaks = call.id in other.operations.get(call.dialect, ())
                    if other.id == provider.id or not speaks or model is None or call.operation.model_in != "body":
                        continue
                    arrived = self._call(call, model).arrived
                    if arrived is not None and arrived.persona in (provider.id, other.id):
                        return "path" if arrived.persona == provider.id else "model"
        return None

    def _amp_headers(self, sightings: Iterable[Sighting]) -> Literal["forwarded", "stripped"] | None:
        """Whether Amp's own headers reached the providers: all of them in every call, or none in any."""
        kept = [
            request.headers.get(name) is not None
            for request in (one.arrived for one in sightings)
            if request is not None and request.persona != AMP
            for name in self._marks
        ]
        if not kept or any(kept) != all(kept):
            return None
        return "forwarded" if all(kept) else "stripped"

    def _send(
        self, call: Call, path: str, nonce: str, body: bytes = b""
    ) -> tuple[Response | None, UpstreamRequest | None]:
        """The answer to a call, if any, and the request that it led to at the observer."""
        credential = as_client_sends(call.provider, self._key) if self._key else NO_CREDENTIAL
        for pair in credential.query:
            path += f"{'&' if '?' in path else '?'}{pair}"
        lines = [("Host", self._client.host), *credential.lines, ("User-Agent", f"ampmap ({nonce})")]
        lines += self._reference.endpoints[call.dialect].request_headers.items()
        for name, value in self._marks.items():
            lines.append((name, str(bodies.fill(value, thread_id=f"T-{nonce}", message_id="1"))))
        if body:
            lines.append(("Content-Type", "application/json"))
        return self._answer(Request(call.operation.method, path, Headers(tuple(lines)), body), nonce)

    def _answer(self, request: Request, nonce: str) -> tuple[Response | None, UpstreamRequest | None]:
        self._sent += 1
        try:
            answer = self._client.send(request, timeout=TIMEOUT)
        except NoAnswerError:
            answer = None
        served = answer is not None and answer.status < 300
        seen = self._observer.seen(nonce, at_least=int(served), within=ARRIVING if served else 0.0)
        self._observer.forget(nonce)
        return answer, seen[0].request if seen else None


def _models(reference: Reference, provider: Provider) -> list[str]:
    known = [model.wire_id or model.id for model in reference.models.values() if model.provider == provider.id]
    return known or ["example-model"]


def _amp_lines(reference: Reference) -> Iterator[tuple[str, str]]:
    """Amp's own headers on calls through a proxy: the name of each, and its value."""
    for group in reference.headers.values():
        for header in group.headers if (group.role, group.applies_to) == ("client-sends", "via-proxy") else ():
            if header.form and "{api_key}" not in header.form:
                yield header.name.lower(), header.form
