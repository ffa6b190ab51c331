"""The reference proxy as a server in a thread of its own, on a port that the system chooses."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from .app import ProxyApp
from .behaviour import CORRECT, Behaviour
from .config import ProxyConfig
from .live import LiveConfig

GRACE = 1.0
"""Seconds for which unfinished transfers may continue when the server stops."""


class _Server(uvicorn.Server):
    """Ends on request, not at its next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    async def main_loop(self) -> None:
        """Wait for `stop`."""
        assert self._stopped is not None  # noqa: S101 - set by `startup`
        await self._stopped.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Remember the loop before the end can be requested."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End without uvicorn's pauses, and leave no connection to the garbage collector."""
        state, loop = self.server_state, asyncio.get_running_loop()
        for listener in (sock for server in self.servers for sock in server.sockets):
            loop.remove_reader(listener)
        await asyncio.sleep(0)  # a connection that is being accepted needs two turns to be one of `connections`
        await asyncio.sleep(0)
        for each in (*self.servers, *(sockets or ())):
            each.close()
        for connection in tuple(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(tuple(state.tasks), timeout=GRACE)
        for connection in tuple(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        if state.tasks:
            await asyncio.wait(tuple(state.tasks), timeout=GRACE)
        await self.lifespan.shutdown()

    def stop(self) -> None:
        """Ask for the end, from any thread."""
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)


class ReferenceProxy:
    """A proxy that does what the reference says, or what a behaviour with defects makes of it.

    `file` holds what may change while it runs (`amp_block`). Usable as a context manager, or by `start` and `close`.
    """

    def __init__(self, config: ProxyConfig, behaviour: Behaviour = CORRECT, *, file: Path | None = None) -> None:
        self._live = LiveConfig(config, file, behaviour.file_text, behaviour.reloaded)
        self._behaviour = behaviour
        self._ready = threading.Event()
        self._url = ""

    def start(self, host: str = "127.0.0.1", port: int = 0, *, also: Iterable[socket.socket] = ()) -> Self:
        """Listen; returns once requests are served. Raises OSError when the address cannot be bound.

        `also` are further listening sockets to serve.
        """
        listener = _listen(host, port)
        shown = f"[{host}]" if ":" in host else host
        self._url = f"http://{shown}:{listener.getsockname()[1]}"
        app = ProxyApp(self._live, self._behaviour, self._ready.set)
        self._server = _Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=75,
                h11_max_incomplete_event_size=1 << 20,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listener, *also],), name="reference-proxy", daemon=True
        )
        self._thread.start()
        self._ready.wait(30)
        return self

    def close(self) -> None:
        """Stop serving. Unfinished transfers are aborted after a second."""
        self._server.stop()
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
