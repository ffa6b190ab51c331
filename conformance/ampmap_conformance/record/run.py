"""One recorded run: the reference proxy, its observer, and the client between them and the user."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from ..errors import UsageError
from ..meanings import ToolCall
from ..reference.types import Reference
from ..refproxy.embedded import embedded
from ..wire.redaction import SecretBook
from .calls import Meanings
from .client import Client, Outcome, Stage, absolute, stage, start, start_isolated
from .recording import Recording
from .tap import Tap


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """What a recorded run is told."""

    command: tuple[str, ...]
    time_limit: float = 60.0
    """Seconds after which the client is ended."""
    allow_network: bool = False
    """Whether the client may have the network where it cannot be kept from it."""
    asks: tuple[ToolCall, ...] = ()
    settings: str | None = None
    """The text of the client's settings file."""
    variables: Mapping[str, str] | None = None


def record(reference: Reference, options: RecordOptions) -> Recording:
    """Run the client, and judge what it sent.

    Raises UsageError for a command that cannot be executed, and where the client cannot be kept from the network and
    `allow_network` is not given.
    """
    command, tap = absolute(options.command), Tap()
    with ExitStack() as opened:
        at = opened.enter_context(stage(options.settings))
        more = options.variables or {}
        book = SecretBook(at.key, *(value for value in more.values() if len(value) >= 8))
        proxy = partial(embedded, reference, clients=(at.key, f"{at.key}-2"), asks=options.asks, heard=tap.heard)
        isolated = _isolated(command, at, more, required=not options.allow_network)
        if isolated is not None:
            client, listener = isolated
            opened.callback(client.end)
            opened.enter_context(listener)
            opened.enter_context(proxy(also=(listener,)))
            client.begin()
        else:
            running = opened.enter_context(proxy())
            client = start(command, at, running.target.file.base_url, more)
            opened.callback(client.end)
        outcome = client.wait(options.time_limit)
    meanings = Meanings(reference)
    calls = tuple((sent, meanings.of(sent)) for sent in tap.sent)
    said = Outcome(outcome.ended, outcome.code, book.hide(outcome.output), book.hide(outcome.errors))
    return Recording(reference, said, client.isolated, calls, tap.left_out, book)


def _isolated(
    command: Sequence[str], at: Stage, more: Mapping[str, str], *, required: bool
) -> tuple[Client, socket.socket] | None:
    """The client without a network; None where the system does not allow that and it is not `required`."""
    try:
        return start_isolated(command, at, more)
    except (OSError, AttributeError) as error:
        if not required:
            return None
        raise UsageError(
            f"this system does not allow a network namespace ({error}), so that the client would have the network;"
            " --allow-network runs it all the same"
        ) from error
