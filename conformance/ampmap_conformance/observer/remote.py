"""The observer in another process, asked over its control API."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from ..dialects import bodies
from ..errors import NoAnswerError, ObserverGoneError
from ..wire.client import ProxyClient
from ..wire.json_text import loads
from ..wire.messages import Headers, Request, Response
from .control import LONGEST_WAIT, PREFIX
from .occupancy import Occupied
from .records import Seen
from .script import Reply
from .transport import decode_seen

PATIENCE = 10.0
"""Seconds that a call may take beyond what it was asked to wait."""


class RemoteObserver:
    """An observer of which only the URLs are known. Usable as a context manager; safe for use by many threads.

    `advertise` is where the proxy's upstreams point to, `control` where this process reaches it.
    """

    def __init__(self, advertise: str, control: str, token: str) -> None:
        self._advertise = advertise
        self._control = control
        self._client = ProxyClient(control)
        self._authorization = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def about(self) -> dict[str, Any]:
        """Who the observer is: `version`, `edition`, `digest`, `personas`. Raises ObserverGoneError."""
        found: dict[str, Any] = self._ask("GET", "health")
        return found

    @property
    def url(self) -> str:
        """Where the proxy's upstreams point to."""
        return self._advertise

    def persona_url(self, persona: str) -> str:
        """The URL that stands for a persona's scheme and host."""
        return f"{self._advertise}/{quote(persona)}"

    @property
    def direct_url(self) -> str:
        """Where the control API is: the personas are on the same server."""
        return self._control

    def direct_path(self, persona: str) -> str:
        """The path below which a persona is asked directly."""
        return f"/{quote(persona)}"

    def script(self, nonce: str, replies: Iterable[Reply]) -> None:
        """Answer the next requests that carry `nonce` by `replies`. Raises ObserverGoneError."""
        self._ask("PUT", f"scripts/{nonce}", bodies.dump([reply.to_json() for reply in replies]))

    def seen(self, nonce: str, *, at_least: int = 0, within: float = 0.0) -> tuple[Seen, ...]:
        """The requests that carry `nonce`, as soon as there are `at_least`. Raises ObserverGoneError."""
        query = urlencode({"at_least": at_least, "within": min(within, LONGEST_WAIT)})
        found = self._ask("GET", f"records/{nonce}?{query}", waiting=within)
        now = time.monotonic()
        return tuple(decode_seen(record, now) for record in found["records"])

    def client_closed(self, nonce: str, *, within: float) -> bool:
        """Whether the sender of a request with `nonce` went away early. Raises ObserverGoneError."""
        query = urlencode({"within": min(within, LONGEST_WAIT)})
        return bool(self._ask("GET", f"closed/{nonce}?{query}", waiting=within)["closed"])

    def release(self, nonces: Iterable[str], pieces: int) -> None:
        """Continue held answers until so many pieces are sent. Raises ObserverGoneError."""
        for nonce in nonces:
            self._ask("PUT", f"released/{nonce}", bodies.dump(pieces))

    def forget(self, nonce: str) -> None:
        """Drop what is known of `nonce`. Raises ObserverGoneError."""
        self._ask("DELETE", f"records/{nonce}")

    def occupied(self) -> Occupied:
        """How many connections and calls of proxies there are. Raises ObserverGoneError, also for an older observer."""
        try:
            return Occupied(**self._ask("GET", "occupied"))
        except TypeError as error:
            raise ObserverGoneError(f"the observer at {self._control} is of another version") from error

    def _ask(self, method: str, call: str, body: bytes = b"", *, waiting: float = 0.0) -> Any:
        lines = (("Host", self._client.host), ("Authorization", self._authorization))
        request = Request(method, f"{PREFIX}{call}", Headers(lines), body)
        try:
            response = self._client.send(request, timeout=PATIENCE + waiting)
        except NoAnswerError as error:
            raise ObserverGoneError(f"the observer at {self._control} is unreachable: {error.failure.value}") from error
        if response.status != 200 or response.broken is not None:
            raise ObserverGoneError(f"the observer at {self._control} {_refusal(response)}")
        try:
            return response.json()
        except ValueError as error:
            raise ObserverGoneError(f"{self._control} is not an observer: the answer is not valid JSON") from error


def _refusal(response: Response) -> str:
    if response.status == 401:
        return "rejects the token"
    try:
        told = loads(response.body)["error"]
    except (ValueError, KeyError, TypeError):
        return f"answers with status {response.status} and is not an observer"
    return f"says: {told}"
