"""An nginx that runs with an exported configuration, and calls to it as they stand, for tests."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ampmap_tests_support.programs import need_program

MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/amp.conf;
}}
"""


def keys(names: Iterable[str]) -> dict[str, str]:
    """A value for every variable."""
    return {name: f"value-of-{name.lower().replace('_', '-')}" for name in names}


def with_keys(text: str, keys: Mapping[str, str]) -> str:
    """What `envsubst` makes of a template when these variables are set and listed."""
    for name, value in keys.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def offline(text: str) -> str:
    """The configuration with loopback in place of names, which nginx looks up when it reads them."""
    return re.sub(r"^(\s+server )[a-z0-9.-]+\.[a-z]+:443;", r"\g<1>127.0.0.1:443;", text, flags=re.MULTILINE)


def write(folder: Path, config: str) -> list[str]:
    """Writes the configuration into `folder`; the command that runs nginx with it."""
    (folder / "amp.conf").write_text(config, encoding="utf-8")
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder), encoding="utf-8")
    return [need_program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def complaints(folder: Path, config: str) -> str:
    """What `nginx -t` says of a configuration; empty when it is sound."""
    result = subprocess.run([*write(folder, config), "-t", "-q"], capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stderr


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that listens on a port that the system chose; nginx inherits it."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        server.setblocking(False)
        yield server


@contextmanager
def running(folder: Path, config: str, server: socket.socket) -> Iterator[None]:
    """Runs nginx on `server`. The socket takes connections before nginx does, so nobody has to wait for it."""
    # nginx takes over the sockets that this variable lists, as after an upgrade of its binary.
    environment = {**os.environ, "NGINX": f"{server.fileno()};"}
    command = write(folder, config)
    process = subprocess.Popen(command, env=environment, pass_fds=(server.fileno(),), stderr=subprocess.PIPE)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
        assert process.stderr is not None
        process.stderr.close()


@dataclass(frozen=True)
class Response:
    """A whole answer; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, response: http.client.HTTPResponse) -> Response:
        """Reads it to its end. Raises http.client.IncompleteRead when it breaks off."""
        lines = tuple((name.lower(), value) for name, value in response.getheaders())
        return cls(response.status, lines, response.read())

    def header(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@contextmanager
def opened(
    address: tuple[str, int], method: str, target: str, headers: Mapping[str, str | None], body: bytes
) -> Iterator[http.client.HTTPResponse]:
    """A call whose target and headers go out as they stand; a header without a value does not go out."""
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name, value)
        if body:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body or None)
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()
