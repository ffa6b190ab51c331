"""Requests that schemathesis makes from OpenAPI documents, in a process of its own (`test_requests`).

The same document, seed and number give the same requests in the same order, whatever else is generated or loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Hashable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import KitFaultError
from .document import Document
from .rules import Wrong

PROGRAM = Path(__file__).with_name("test_requests.py")
JOBS, ERRORS = "jobs.json", "stderr.txt"
"""What the process reads, and what it says of its own failure."""
CONFIGURING = ("HYPOTHESIS_", "PYTEST_", "SCHEMATHESIS_")
"""How environment variables begin that would change what is generated."""
SHOWN = 2000
"""Most characters of what the process says of its own failure."""
MOST_KEPT = 64
"""Parts whose requests this process keeps: runs one after another ask for the same ones."""
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?")


@dataclass(frozen=True)
class GenerationJob:
    """What to generate requests of."""

    document: Document
    model: str
    """Stands in every valid request for the model, so that no proxy has a reason to reject it."""


@dataclass(frozen=True)
class GeneratedRequest:
    """One request, less the credentials and what marks it as the kit's."""

    method: str
    target: str
    lines: tuple[tuple[str, str], ...]
    body: bytes
    wrong: Wrong
    what: str
    """What is special about it, in schemathesis' words."""

    @property
    def is_http(self) -> bool:
        """Whether every header line can be written; what is not valid HTTP is not this profile's matter."""
        return all(TOKEN.fullmatch(name) and VALUE.fullmatch(value) for name, value in self.lines)


_KEPT: dict[str, tuple[GeneratedRequest, ...]] = {}
"""The requests of the latest jobs, by the digest of all that they depend on."""


class Generator:
    """Makes the requests of several parts: every case of the coverage phase, and `max_examples` random ones each.

    Its process starts with the first question about a part of which this process keeps no requests, and waits when its
    results are not fetched. One thread at a time may ask. Closing it ends the process.
    """

    def __init__(self, parts: Mapping[Hashable, GenerationJob], *, seed: int, max_examples: int) -> None:
        jobs = {
            key: {"document": part.document, "model": part.model, "seed": seed, "max_examples": max_examples}
            for key, part in parts.items()
            if part.document["paths"]
        }
        self._digests = {key: hashlib.sha256(json.dumps(job).encode()).hexdigest() for key, job in jobs.items()}
        self._made: dict[Hashable, tuple[GeneratedRequest, ...] | KitFaultError] = {
            key: _KEPT[digest] for key, digest in self._digests.items() if digest in _KEPT
        }
        self._jobs = {key: job for key, job in jobs.items() if key not in self._made}
        self._process: subprocess.Popen[str] | None = None
        self._stack = ExitStack()

    def close(self) -> None:
        """Ends the process and removes what it wrote."""
        self._stack.close()

    def requests(self, key: Hashable) -> tuple[GeneratedRequest, ...]:
        """The requests of a part; none when its document has no operation. Raises KitFaultError when that fails."""
        if key not in self._digests:
            return ()
        while key not in self._made:
            self._read()
        made = self._made[key]
        if isinstance(made, KitFaultError):
            raise made
        return made

    def _read(self) -> None:
        """Waits until the process is done with another part."""
        self._process = process = self._process or self._start()
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            said = (Path(self._folder) / ERRORS).read_text(encoding="utf-8", errors="replace")
            raise KitFaultError(f"the process that generates data ended with code {process.wait()}: {said[-SHOWN:]}")
        done = json.loads(line)
        key = tuple(self._jobs)[done["job"]]
        if done["error"] is not None:
            self._made[key] = KitFaultError(f"schemathesis cannot generate data: {done['error'][-SHOWN:]}")
            return
        requests = dict.fromkeys(_generated(request) for request in done["requests"])
        self._made[key] = _KEPT[self._digests[key]] = tuple(request for request in requests if request.is_http)
        if len(_KEPT) > MOST_KEPT:
            del _KEPT[next(iter(_KEPT))]

    def _start(self) -> subprocess.Popen[str]:
        self._folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="ampmap-"))
        (Path(self._folder) / JOBS).write_text(json.dumps([*self._jobs.values()]), encoding="utf-8")
        with (Path(self._folder) / JOBS).open("rb") as stdin, (Path(self._folder) / ERRORS).open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603 - the kit's own program
                [sys.executable, "-P", str(PROGRAM)],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=self._folder,
                env=_environment(self._folder),
                encoding="utf-8",
            )
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process


def _environment(folder: str) -> dict[str, str]:
    """The environment of the process: this one's, less what would change the data or load more than schemathesis."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CONFIGURING)}
    return {
        **kept,
        "HYPOTHESIS_STORAGE_DIRECTORY": folder,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONHASHSEED": "0",
    }


def _generated(request: dict[str, Any]) -> GeneratedRequest:
    return GeneratedRequest(
        request["method"],
        request["target"],
        tuple((name, value) for name, value in request["lines"]),
        request["body"].encode("latin-1"),
        Wrong(request["wrong"]),
        request["what"],
    )
