"""The observer as a server of its own."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from ..reference import load
from ..reference.types import Reference
from .records import Seen
from .server import Observer


@contextmanager
def stop_signals() -> Iterator[Callable[[], None]]:
    """Catch SIGTERM and SIGINT inside the context; gives the function that waits for one.

    The signal is passed through a socket: a handler that sets a threading.Event can deadlock with
    the thread that waits for it. Must be entered in the main thread.
    """
    numbers = (signal.SIGTERM, signal.SIGINT)
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        before = signal.set_wakeup_fd(writer.fileno())
        handlers = [signal.signal(number, lambda *_: None) for number in numbers]

        def wait() -> None:
            reader.recv(1)

        try:
            yield wait
        finally:
            for number, handler in zip(numbers, handlers, strict=True):
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)


def serve_observer(
    host: str,
    port: int,
    reference: Reference | None = None,
    *,
    personas: Mapping[str, tuple[str, int]] = MappingProxyType({}),
    token: str | None = None,
    strict: bool = False,
    heard: Callable[[Seen], None] | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; the first line of standard output is the bound URL.

    `personas` get a port of their own, on a line of its own: name and URL. With a `token` there is the control API;
    `strict` personas reject what their vendors reject; `heard` is told each request with its answer.
    Must be called in the main thread. Raises OSError when an address cannot be bound, LookupError for an unknown
    persona.
    """
    with (
        stop_signals() as wait,
        Observer(reference or load(), token=token, strict=strict, heard=heard).start(host, port) as observer,
    ):
        lines = [observer.url]
        lines += [f"{name} {observer.listen_for(name, *place)}" for name, place in personas.items()]
        print("\n".join(lines), flush=True)  # noqa: T201 - the contract of the command
        wait()
