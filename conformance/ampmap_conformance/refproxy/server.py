"""The reference proxy as a server in a thread of its own, on a port that the system chooses."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from .app import ProxyApp
from .behaviour import CORRECT, Behaviour
from .config import ProxyConfig
from .listening import Heard, ListenedApp, listened
from .live import LiveConfig
from .switching import SwitchingProtocol

GRACE = 1
"""Seconds that transfers may still take when the server ends."""

ROUNDS = 5
"""Rounds of the event loop in which an accepted socket becomes a connection of the server: asyncio needs three."""


class ReferenceProxy:
    """A proxy that does what the reference says, or what a behaviour with defects makes of it.

    `file` holds what may change while it runs (`amp_block`); `heard` is told each call. Usable as a context manager, or
    by `start` and `close`.
    """

    def __init__(
        self,
        config: ProxyConfig,
        behaviour: Behaviour = CORRECT,
        *,
        file: Path | None = None,
        heard: Heard | None = None,
    ) -> None:
        self._heard = heard
        self._live = LiveConfig(config, file, behaviour.file_text, behaviour.reloaded)
        self._behaviour = behaviour
        self._ready = threading.Event()
        self._url = ""

    def start(self, host: str = "127.0.0.1", port: int = 0, *, also: Iterable[socket.socket] = ()) -> Self:
        """Listen; returns once requests are served. Raises OSError when the address cannot be bound.

        `also` are further listening sockets to serve.
        """
        logging.getLogger("asyncio").addFilter(_is_news)
        listener = _listen(host, port)
        shown = f"[{host}]" if ":" in host else host
        self._url = f"http://{shown}:{listener.getsockname()[1]}"
        heard = self._heard
        made = ProxyApp(self._live, self._behaviour, None if heard is None else listened)
        app = made if heard is None else ListenedApp(made, heard)
        self._server = _Server(
            self._ready.set,
            uvicorn.Config(
                app,
                http=SwitchingProtocol,
                ws="none",
                loop="asyncio",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=GRACE,
                timeout_keep_alive=75,
                h11_max_incomplete_event_size=1 << 20,
            ),
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listener, *also],), name="reference-proxy", daemon=True
        )
        self._thread.start()
        self._ready.wait(30)
        return self

    def close(self) -> None:
        """Stop serving. Transfers that still run are cut off after `GRACE`."""
        self._server.end()
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self if self._url else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """`http://HOST:PORT`, once started."""
        return self._url


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of asyncio's log says more than that a peer has left, which clients of a proxy may."""
    return record.msg != "socket.send() raised exception."


class _Server(uvicorn.Server):
    """Says when it serves, and ends at once when it is told to: uvicorn's own looks for that ten times a second.

    One that is told to end while it starts does not close what it has accepted, nor what it accepts in that moment: so
    it says when it has started, and is given the time to make connections of what it accepted.
    """

    def __init__(self, ready: Callable[[], None], config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)  # without a header `Date`, nothing that it sets changes later
        self._ready()
        if not self.should_exit:
            await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        for listener in sockets or ():
            loop.remove_reader(listener)  # accept no more
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        await super().shutdown(sockets)

    def end(self) -> None:
        """To be called by another thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ended.set)


def _listen(host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only for sockets that name their protocol; left on, it costs 40 ms a call
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener
