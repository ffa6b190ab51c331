"""How fast the kit's servers answer: the observer beside a bare server, the reference proxy beside nginx."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bars import Figure
from timing import KIT, PYTHON, BenchError, by_turns

REQUESTS = 300
BODY = b'{"model":"openai/gpt-oss-120b","messages":[{"role":"user","content":"Hello."}]}'
KEY = "bench-client-key"
ENDING = 10
"""Seconds for a server to end."""

BARE = """
import asyncio, signal
BODY = b'{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."}}]}'
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
ANSWER = HEAD % len(BODY) + BODY
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            length = next((l for l in head.lower().split(b"\\r\\n") if l.startswith(b"content-length:")), b":0")
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.close)
    try:
        await server.serve_forever()
    except asyncio.CancelledError:
        pass
asyncio.run(main())
"""
"""A server of asyncio alone, which reads a request and answers, and does nothing else."""

NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream observer {{ server {upstream}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        location /api/provider/groq/ {{
            proxy_pass http://observer/groq/openai/v1/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


def measure(folder: Path, rounds: int) -> Iterator[Figure]:
    """The observer, and where nginx is installed the reference proxy."""
    with (
        _server((*KIT, "observe")) as observer,
        _server((PYTHON, "-c", BARE)) as bare,
    ):
        sides = {"ours": (observer, "/groq/openai/v1/chat/completions"), "theirs": (bare, "/")}
        found = by_turns({name: lambda at=at: 1 / _latency(*at) for name, at in sides.items()}, rounds)
        note = f"added latency {1e6 * (1 / found['ours'] - 1 / found['theirs']):.0f} microseconds"
        yield Figure.ratio("serve.observer", found["ours"], found["theirs"], note)
        if shutil.which("nginx", path=_path()) is None:
            return
        with (
            _server((*KIT, "serve"), AMPMAP_CLIENT_KEY=KEY) as proxy,
            _nginx(folder, observer) as nginx,
        ):
            path = "/api/provider/groq/chat/completions"
            sides = {"ours": (proxy, path), "theirs": (nginx, path)}
            found = by_turns({name: lambda at=at: _latency(*at) for name, at in sides.items()}, rounds)
            note = "both in front of an observer, which is part of both figures"
            yield Figure.ratio("serve.proxy", found["ours"], found["theirs"], note)


def _latency(url: str, path: str) -> float:
    """The median of the seconds that a request takes, one after the other on one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ENDING)
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    took = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        connection.request("POST", path, BODY, headers)
        response = connection.getresponse()
        told = response.read()
        took.append(time.perf_counter() - begun)
        if response.status != 200:
            raise BenchError(f"{url}{path} answers {response.status}: {told[:200]!r}")
    connection.close()
    return statistics.median(took)


@contextlib.contextmanager
def _server(words: Sequence[str], **environment: str) -> Iterator[str]:
    """A server whose first line of output is its URL."""
    with _process(words, **environment) as process:
        assert process.stdout is not None
        if not (url := process.stdout.readline().decode().strip()):
            raise BenchError(f"{' '.join(words[:4])} did not start")
        yield url


@contextlib.contextmanager
def _nginx(folder: Path, upstream: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, upstream=urlsplit(upstream).netloc, port=port), encoding="utf-8")
    with _process(("nginx", "-c", str(file), "-p", str(folder))) as process:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                yield f"http://127.0.0.1:{port}"
                return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise BenchError(f"nginx did not start; see {folder}/error.log")


@contextlib.contextmanager
def _process(words: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    own = {**os.environ, "PATH": _path(), **environment}
    process = subprocess.Popen(words, env=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
