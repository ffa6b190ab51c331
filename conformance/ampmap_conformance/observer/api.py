"""What a probe asks of an observer, whether it runs in this process or in another one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .occupancy import Occupied
from .records import Seen
from .script import Reply


class Observing(Protocol):
    """The observer of a run. Safe for use by many threads."""

    @property
    def url(self) -> str:
        """Where the proxy's upstreams point to."""
        ...

    def persona_url(self, persona: str) -> str:
        """The URL that stands for a persona's scheme and host. Raises LookupError for an unknown one."""
        ...

    def direct_path(self, persona: str) -> str:
        """The path below which a persona is asked directly, on the server at `direct_url`."""
        ...

    @property
    def direct_url(self) -> str:
        """Where this process reaches the observer."""
        ...

    def script(self, nonce: str, replies: Iterable[Reply]) -> None:
        """Answer the next requests that carry `nonce` by `replies`, one each; after them normally again."""
        ...

    def seen(self, nonce: str, *, at_least: int = 0, within: float = 0.0) -> tuple[Seen, ...]:
        """The requests that carry `nonce`, as soon as there are `at_least` of them or after `within` seconds."""
        ...

    def client_closed(self, nonce: str, *, within: float) -> bool:
        """Whether the sender of a request with `nonce` went away early, waiting up to `within` seconds for it."""
        ...

    def release(self, nonces: Iterable[str], pieces: int) -> None:
        """Continue held answers to requests that carry one of `nonces`, until so many pieces are sent."""
        ...

    def forget(self, nonce: str) -> None:
        """Drop what is known of `nonce`: its requests and its script."""
        ...

    def occupied(self) -> Occupied:
        """How many connections and calls of proxies there are at this moment."""
        ...
