"""A resolver that is a server: every message is a POST to one URL."""

from __future__ import annotations

from ..errors import NoAnswerError, UsageError
from ..reference.types import AuthVector
from ..wire.address import Address
from ..wire.client import ProxyClient
from ..wire.json_text import loads
from ..wire.messages import Headers, Request
from . import protocol
from .protocol import LONGEST, Fault, NoUsableAnswerError, Ready, ResolverAnswer

LINES = Headers((("Content-Type", "application/json"), ("Accept", "application/json")))


class UrlResolver:
    """Asks a URL. Its status does not matter, as the sources state none; only the body does."""

    def __init__(self, url: str, platform: str, *, seconds: float, start_seconds: float) -> None:
        try:
            parts = Address.of(url)
        except ValueError as error:
            raise UsageError(f"--url: {error}") from error
        self._target = f"{parts.path or '/'}{'' if parts.query is None else f'?{parts.query}'}"
        self._client = ProxyClient(parts.origin)
        self._platform = platform
        self._seconds = seconds
        self._start_seconds = start_seconds

    def start(self) -> Ready:
        """Greets the server. Raises NoUsableAnswerError."""
        return protocol.read_ready(self._post(protocol.start(self._platform), self._start_seconds))

    def ask(self, seq: int, vector: AuthVector) -> ResolverAnswer:
        """The answer to a vector; over HTTP it need not repeat `seq`. Raises NoUsableAnswerError."""
        data = self._post(protocol.resolve(seq, vector), self._seconds)
        return protocol.read_answer(data, seq, seq_needed=False)

    def close(self) -> None:
        """Closes the connection; the server keeps running."""
        self._client.close()

    def _post(self, body: bytes, seconds: float) -> bytes:
        try:
            response = self._client.send(Request("POST", self._target, LINES, body), timeout=seconds)
        except NoAnswerError as error:
            raise NoUsableAnswerError(Fault.NO_CONNECTION, error.failure.value) from error
        if response.broken:
            raise NoUsableAnswerError(Fault.PARTIAL, response.broken, response.body)
        if len(response.body) > LONGEST:
            raise NoUsableAnswerError(Fault.TOO_LONG)
        try:
            loads(response.body)
        except ValueError:
            detail = f"status {response.status}, {protocol.printable(response.body)}"
            raise NoUsableAnswerError(Fault.NO_JSON, detail, response.body) from None
        return response.body
