"""Many calls at once, and the servers as processes of their own."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.observer import End, Reply
from ampmap_conformance.refproxy import ReferenceProxy
from ampmap_conformance.wire.messages import Headers, Request

from .bench import BEARER, CHAT, GROQ, NONCE, STREAM, Bench, names_of_models


def test_64_concurrent_calls_do_not_mix(bench: Bench) -> None:
    nonces = [f"ampmap-{number:016x}" for number in range(64)]
    start = threading.Barrier(len(nonces))

    def probe(nonce: str) -> bytes:
        start.wait(10)
        headers = Headers((BEARER, ("User-Agent", nonce)))
        return bench.client.send(Request("POST", GROQ, headers, STREAM.replace(b'"m"', b'"%b"' % nonce.encode()))).body

    with ThreadPoolExecutor(len(nonces)) as pool:
        for nonce, body in zip(nonces, pool.map(probe, nonces), strict=True):
            assert names_of_models(body) == {nonce}
            assert [request.json()["model"] for request in bench.observer.requests(nonce)] == [nonce]
            bench.observer.forget(nonce)


def test_a_connection_to_the_upstream_is_used_again_until_the_upstream_closes_it(bench: Bench) -> None:
    assert bench.send().status == 200
    first = bench.seen().connection
    for body in (STREAM, CHAT):
        assert bench.send(GROQ, body).status == 200
    bench.observer.script(NONCE, [Reply(end=End.CUT, stop_after=1, more_headers=(("Connection", "keep-alive"),))])
    assert bench.send().status == 200
    assert {request.connection for request in bench.observer.requests(NONCE)} == {first}
    assert bench.send().status == 200
    assert bench.observer.requests(NONCE)[-1].connection != first


def test_an_answer_that_breaks_off_or_is_not_read_costs_its_connection_alone(bench: Bench) -> None:
    bench.observer.script(NONCE, [Reply(end=End.RESET), Reply(status=503, end=End.RESET_BEFORE_HEAD)])
    assert bench.send(GROQ, STREAM).broken
    assert bench.send().status == 502
    assert bench.send().status == 200
    assert len({request.connection for request in bench.observer.requests(NONCE)}) == 3


@pytest.mark.parametrize(
    "serve",
    [
        "observer import serve_observer; serve_observer('127.0.0.1', 0)",
        "refproxy.serve import serve_proxy; serve_proxy('127.0.0.1', 0, ['query-dropped'])",
    ],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_servers_print_their_url_first_and_end_cleanly(serve: str, number: int) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-W", "error", "-c", f"from ampmap_conformance.{serve}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = urlsplit(server.stdout.readline().decode().strip())
        socket.create_connection((url.hostname, url.port), timeout=5).close()
        server.send_signal(number)
        assert server.wait(10) == 0
        assert server.stderr.read() == b""


def test_a_proxy_that_was_closed_is_gone(make: Callable[..., Bench]) -> None:
    with ReferenceProxy(make().config) as proxy:
        at = urlsplit(proxy.url)
        socket.create_connection((at.hostname, at.port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((at.hostname, at.port), timeout=5)
    gc.collect()  # a connection that was left open would be told in some later test
