"""Small proxies for chat completions at Cerebras and Anthropic's messages, each with a way of its own."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ampmap_tests_support.ports import reserved_address

KEY = "canary-of-the-handmade-canary"
OWN = {
    "amp": ("Authorization", "Bearer amp-key-of-the-proxy"),
    "cerebras": ("Authorization", "Bearer of-the-proxy"),
    "openai": ("Authorization", "Bearer of-the-proxy"),
    "anthropic": ("x-api-key", "of-the-proxy"),
}
DROPPED = ("host", "authorization", "x-api-key", "x-goog-api-key", "content-length", "connection", "accept-encoding")
HOP_BY_HOP = ("keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")


@dataclass
class Answer:
    """What a proxy answers."""

    status: int
    body: bytes
    lines: list[tuple[str, str]] = field(default_factory=list)
    hangs_up: bool = False
    """Whether it closes the connection behind the answer, without a word."""


@dataclass
class Call:
    """What a proxy is asked."""

    method: str
    path: str
    headers: http.client.HTTPMessage
    body: bytes
    called_at: str = "127.0.0.1"
    """The address of the proxy that was called."""

    @property
    def has_key(self) -> bool:
        """Whether the client's key is in one of the headers for it."""
        given = (self.headers.get("authorization") or "").partition(" ")[2], self.headers.get("x-api-key")
        return KEY in given


class Handmade:
    """A plain proxy, right as far as it goes; tests override what is special about theirs."""

    def __init__(self, observer: str) -> None:
        self.observer = observer
        self.calls = 0

    def answer(self, call: Call) -> Answer | None:
        """The answer to a call; None closes the connection."""
        if not call.has_key:
            return self.error(401, "no key")
        return self.forwarded(call)

    def forwarded(self, call: Call) -> Answer | None:
        """The upstream's answer."""
        return self.sent_to(call.path.split("/")[3] if call.path.startswith("/api/provider/") else "amp", call)

    def sent_to(self, provider: str, call: Call) -> Answer | None:
        """The answer of a provider, or of Amp's servers; an error where there is none, and None for half of one."""
        try:
            return self.relayed(provider, call)
        except http.client.IncompleteRead:
            return None
        except (http.client.HTTPException, ConnectionError):
            return self.error(502, "no answer")

    def relayed(self, provider: str, call: Call) -> Answer:
        """The whole answer of an upstream. Raises what the HTTP client raises where there is none."""
        target = call.path.replace("/api/provider", "", 1) if provider != "amp" else f"/amp{call.path}"
        kept = {n: v for n, v in call.headers.items() if n.lower() not in (*DROPPED, *HOP_BY_HOP)}
        upstream = http.client.HTTPConnection(self.observer, timeout=20)
        try:
            upstream.request(call.method, target, call.body, {**kept, OWN[provider][0]: OWN[provider][1]})
            answer = upstream.getresponse()
            lines = [(n, v) for n, v in answer.getheaders() if n.lower() not in (*DROPPED, *HOP_BY_HOP)]
            return Answer(answer.status, answer.read(), lines)
        finally:
            upstream.close()

    def error(self, status: int, words: str) -> Answer:
        """An error of the proxy's own."""
        body = b'{"type":"error","error":{"type":"api_error","message":"%b"}}' % words.encode()
        return Answer(status, body, [("Content-Type", "application/json")])


@contextmanager
def serving(
    folder: Path, kind: type[Handmade], *, listen: str = "127.0.0.1", at: str = "127.0.0.1", **file: str
) -> Iterator[Path]:
    """The target file of a proxy of a kind that runs; `file` are further lines of it. The key is in HANDMADE_KEY.

    The proxy listens at the address `listen`, and is called at `at`.
    """
    with reserved_address() as observer, _running(kind(observer), listen) as port:
        target = folder / "handmade.yaml"
        more = "".join(f"{name}: {value}\n" for name, value in file.items())
        target.write_text(
            f"name: handmade\nbase_url: http://{at}:{port}\n"
            f"credentials: {{client: {{env: HANDMADE_KEY}}}}\nobserver: {{advertise: 'http://{observer}'}}\n{more}",
            encoding="utf-8",
        )
        yield target


@contextmanager
def _running(proxy: Handmade, listen: str) -> Iterator[int]:
    """The port at which a proxy listens."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            proxy.calls += 1
            answer = proxy.answer(Call(self.command, self.path, self.headers, body, self.connection.getsockname()[0]))
            if answer is None:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for line in (*answer.lines, ("Content-Length", str(len(answer.body)))):
                self.send_header(*line)
            with contextlib.suppress(ConnectionError):  # the client left
                self.end_headers()
                self.wfile.write(answer.body)
            if answer.hangs_up:
                self.close_connection = True

        do_GET = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_POST  # noqa: N815 - named by the base class

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer((listen, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
