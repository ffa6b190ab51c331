"""The control API: calls of a run to an observer in another process, over HTTP below a reserved path.

| call | does |
|---|---|
| `GET /-/ampmap/health` | kit version, edition and digest of the reference, personas |
| `PUT /-/ampmap/scripts/NONCE` | the replies of the next requests that carry the nonce, a JSON array of `Reply` |
| `GET /-/ampmap/records/NONCE?at_least=N&within=SECONDS` | the requests that carry it, waiting for N of them |
| `GET /-/ampmap/closed/NONCE?within=SECONDS` | whether a sender disconnected early, waiting for it |
| `PUT /-/ampmap/released/NONCE` | continues held answers until so many pieces are sent, a JSON integer |
| `DELETE /-/ampmap/records/NONCE` | forgets requests and script |
| `GET /-/ampmap/occupied` | connections and calls of proxies at this moment (`Occupied`) |

Every call carries the observer's token as `Authorization: Bearer`. None of them is recorded.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from ..dialects import bodies
from ..wire.json_text import loads
from ..wire.visible import in_one_line
from .answer import Answer, plain
from .occupancy import Occupied
from .records import Records
from .script import Reply
from .transport import encoded
from .wire import Received

PREFIX = "/-/ampmap/"
LONGEST_WAIT = 30.0
"""Seconds; a caller that wants to wait longer asks again."""
CLIENT_CLOSED = "client closed"
"""Event of a request whose sender went away before it had the whole answer."""

_CALL = re.compile(r"(health|occupied)|(scripts|records|closed|released)/(ampmap-[0-9a-f]{16})")


class Control:
    """Answers the calls of the API. Without a token there is no API."""

    def __init__(
        self, records: Records, token: str | None, about: Mapping[str, Any], occupied: Callable[[], Occupied]
    ) -> None:
        self._records = records
        self._occupied = occupied
        self._token = token
        self._about = about
        self._calls: dict[tuple[str, str], Callable[[str, Received], Answer]] = {
            ("GET", "health"): self._health,
            ("GET", "occupied"): self._now,
            ("PUT", "scripts"): self._script,
            ("GET", "records"): self._seen,
            ("GET", "closed"): self._closed,
            ("PUT", "released"): self._release,
            ("DELETE", "records"): self._forget,
        }

    def takes(self, target: str) -> bool:
        """Whether a request is for this API and not for a persona."""
        return target.startswith(PREFIX)

    def answer(self, received: Received) -> Answer:
        """The answer to a call; waits where the call says so."""
        if self._token is None:
            return _problem(404, "the control API is disabled: the observer was started without --token-env")
        scheme, _, given = (received.headers.get("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return _problem(
                401, "the control API requires the observer's token as a bearer token", ("WWW-Authenticate", "Bearer")
            )
        found = _CALL.fullmatch(received.target.partition("?")[0].removeprefix(PREFIX))
        if found is None:
            return _problem(404, "the control API does not have this path")
        call = self._calls.get((received.method, found[1] or found[2]))
        if call is None:
            return _problem(405, "the control API does not allow this method here")
        try:
            return call(found[3], received)
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
            return _problem(400, in_one_line(str(error)))

    def _health(self, _nonce: str, _received: Received) -> Answer:
        return _as_json(dict(self._about))

    def _now(self, _nonce: str, _received: Received) -> Answer:
        return _as_json(asdict(self._occupied()))

    def _script(self, nonce: str, received: Received) -> Answer:
        self._records.script(nonce, [Reply.from_json(reply) for reply in loads(received.body)])
        return _as_json({})

    def _seen(self, nonce: str, received: Received) -> Answer:
        asked = dict(parse_qsl(received.target.partition("?")[2]))
        within = _seconds(asked)
        found = self._records.find(nonce, int(asked.get("at_least", "0")), within)
        now = time.monotonic()
        return _as_json({"records": [encoded(record.seen(), now) for record in found]})

    def _closed(self, nonce: str, received: Received) -> Answer:
        within = _seconds(dict(parse_qsl(received.target.partition("?")[2])))
        return _as_json({"closed": self._records.wait_for_event(nonce, CLIENT_CLOSED, within)})

    def _release(self, nonce: str, received: Received) -> Answer:
        self._records.release((nonce,), int(loads(received.body)))
        return _as_json({})

    def _forget(self, nonce: str, _received: Received) -> Answer:
        self._records.forget(nonce)
        return _as_json({})


def _seconds(asked: Mapping[str, str]) -> float:
    return min(float(asked.get("within", "0")), LONGEST_WAIT)


def _as_json(value: Any) -> Answer:
    return plain(200, bodies.dump(value))


def _problem(status: int, message: str, *lines: tuple[str, str]) -> Answer:
    return plain(status, bodies.dump({"error": message}), *lines)
