"""What the tests of the reference proxy share: a proxy between a client and the observer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ampmap_conformance.observer import Observer
from ampmap_conformance.reference import load
from ampmap_conformance.refproxy import ProxyConfig, ReferenceProxy
from ampmap_conformance.wire.client import ProxyClient
from ampmap_conformance.wire.messages import Headers, Request, Response, UpstreamRequest

REFERENCE = load()


NONCE = "ampmap-00112233aabbccdd"


KEY = "client-key-one"


BEARER = ("Authorization", f"Bearer {KEY}")


CHAT = json.dumps({"model": "m", "messages": [], "note": NONCE}).encode()


STREAM = json.dumps({"model": "m", "messages": [], "stream": True, "note": NONCE}).encode()


GROQ = "/api/provider/groq/chat/completions"


@dataclass(frozen=True)
class Bench:
    """A proxy, its observer and a client."""

    observer: Observer
    config: ProxyConfig
    proxy: ReferenceProxy
    client: ProxyClient

    def send(
        self, target: str = GROQ, body: bytes = CHAT, *lines: tuple[str, str], method: str = "POST", key: bool = True
    ) -> Response:
        headers = Headers((*((BEARER,) if key else ()), ("User-Agent", NONCE), *lines))
        return self.client.send(Request(method, target, headers, body), timeout=10)

    def seen(self) -> UpstreamRequest:
        (request,) = self.observer.requests(NONCE)
        return request


def names_of_models(body: bytes) -> set[str]:
    return {name.decode() for name in re.findall(rb'"model(?:Version)?":"([^"]*)"', body)}


def shape(value: Any) -> Any:
    return {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else type(value)
