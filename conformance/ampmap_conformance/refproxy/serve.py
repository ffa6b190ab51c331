"""The reference proxy as a server of its own, with an observer on loopback as its upstream."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable

from ..observer.serve import stop_signals
from ..reference import load
from ..reference.types import Reference
from .embedded import embedded
from .listening import Heard

CLIENT_KEY_VARIABLE = "AMPMAP_CLIENT_KEY"
"""Environment variable that holds the key that clients must send; with `_2` behind it, that of a second client."""
EXAMPLE_CLIENT_KEY = "example-client-key"
"""The key where that variable is not set: public, as the upstreams are dummies."""


def serve_proxy(
    host: str, port: int, defects: Iterable[str], reference: Reference | None = None, *, heard: Heard | None = None
) -> None:
    """Run what `run` tests by default until SIGTERM or SIGINT; the first line of standard output is the bound URL.

    `heard` is told each call. Must be called in the main thread. Raises OSError when the address cannot be bound and
    LookupError for a defect that does not exist.
    """
    first = os.environ.get(CLIENT_KEY_VARIABLE) or EXAMPLE_CLIENT_KEY
    second = os.environ.get(f"{CLIENT_KEY_VARIABLE}_2") or secrets.token_hex(16)
    with (
        stop_signals() as wait,
        embedded(reference or load(), defects, clients=(first, second), at=(host, port), heard=heard) as running,
    ):
        print(running.target.file.base_url, flush=True)  # noqa: T201 - the contract of the command
        wait()
