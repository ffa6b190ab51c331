"""A client of our own that makes calls as it is told: `fake_client.py JSON`, with the results on standard output.

JSON is a list of steps: `["call", METHOD, TARGET, HEADERS, BODY]`, `["connect", PORT]`, `["stop-kit"]`, `["wait"]`,
`["variables"]`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request


def call(method: str, target: str, headers: dict[str, str], body: object) -> object:
    """Status and body of an answer."""
    key = os.environ["AMP_API_KEY"]
    lines = {name: value.replace("{key}", key) for name, value in headers.items()}
    data = None if body is None else json.dumps(body).replace("{key}", key).encode()
    request = urllib.request.Request(os.environ["AMP_URL"] + target, data, lines, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]


def connect(port: int) -> bool:
    """Whether a port of the machine's loopback address can be reached."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


def say(text: str) -> None:
    """One line of output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


for step, *given in json.loads(sys.argv[1]):
    if step == "call":
        say(json.dumps(call(*given)))
    elif step == "connect":
        say(json.dumps(connect(*given)))
    elif step == "variables":
        say(json.dumps(dict(os.environ)))
    elif step == "stop-kit":
        os.kill(os.getppid(), signal.SIGTERM)
    elif step == "wait":
        time.sleep(600)
