"""A proxy whose certificate is of a private authority, in every client of the kit."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ampmap_conformance.errors import Failure, NoAnswerError
from ampmap_conformance.wire.client import ProxyClient
from ampmap_conformance.wire.messages import Headers, Request
from ampmap_conformance.wire.raw import send_raw, whole
from ampmap_conformance.wire.tls import context_for
from ampmap_tests_support.programs import need_program

GET = Request("GET", "/", Headers((("Host", "localhost"),)))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that signs itself, with its key, in one file."""
    file = tmp_path_factory.mktemp("tls") / "c.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", f"{file}.key", "-out", f"{file}.crt"]
    subprocess.run([need_program("openssl"), *words], check=True, capture_output=True)
    file.write_bytes(Path(f"{file}.key").read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


@pytest.fixture(scope="module")
def url(certificate: Path) -> Iterator[str]:
    """A server that has this certificate, and asks for one of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_address[1]}"
    with suppress(OSError):
        server.shutdown()
        server.server_close()


def statuses(url: str, tls: ssl.SSLContext | None) -> list[int]:
    with ProxyClient(url, tls=tls) as client:
        return [client.send(GET).status, send_raw(url, whole(GET), tls=tls).response().status]


def test_every_client_trusts_the_authorities_of_the_target_file(url: str, certificate: Path) -> None:
    assert statuses(url, context_for(certificate, certificate)) == [200, 200]


def test_every_client_trusts_the_authorities_of_the_environment(
    url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert statuses(url, None) == [200, 200]


def test_a_failed_handshake_says_why(url: str) -> None:
    with ProxyClient(url) as client, pytest.raises(NoAnswerError) as by_client:
        client.send(GET)
    with pytest.raises(NoAnswerError) as by_hand:
        send_raw(url, whole(GET))
    for caught in (by_client, by_hand):
        assert caught.value.failure is Failure.TLS
        assert "self-signed certificate" in caught.value.why
