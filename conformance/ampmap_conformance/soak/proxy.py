"""The program that serves the embedded proxy alone, so that its memory and descriptors are its own.

It reads one line of JSON (`ProxyBriefing`), writes `{"url": ...}`, and ends with its input.
"""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ..reference.edition import reference_for
from ..refproxy import under_load
from ..refproxy.embedded import configured
from ..refproxy.live import with_block
from ..refproxy.server import ReferenceProxy
from ..target.as_reference import described
from ..target.reload import block_of
from ..wire.messages import AMP

PATIENCE = 600.0
"""Seconds for which the proxy waits for its upstream: a busy machine is slow."""


class ProxyBriefing(BaseModel):
    """What the program is told."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    reference: str | None = None
    edition: str | None = None
    observer: str
    """Its upstreams' URL."""
    clients: tuple[str, str]
    defects: tuple[str, ...] = ()


def main() -> None:
    """Serves until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = ProxyBriefing.model_validate_json(sys.stdin.readline())
    reference = reference_for(Path(told.reference) if told.reference else None, told.edition)
    file = described(reference)
    block = block_of(f"{told.observer}/{AMP}", told.clients, file.mappings, localhost_only=True)
    config = configured(file, reference, lambda persona: f"{told.observer}/{persona}", told.clients)
    config = with_block(replace(config, answer_timeout=PATIENCE), block)
    with ReferenceProxy(config, under_load.behaviour_with(told.defects)) as proxy:
        sys.stdout.write(json.dumps({"url": proxy.url}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
