"""Readers of what others write, on generated data: each gives a value or its own error, in linear time.

`nox -s fuzz_inputs` tries many more examples than the tests do (`AMPMAP_FUZZ_EXAMPLES`).
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from ampmap_conformance.baseline import file as baselines
from ampmap_conformance.errors import UsageError
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.write import read_report
from ampmap_conformance.target import target as targets
from ampmap_conformance.wire.address import Address, absolute_url
from ampmap_conformance.wire.json_text import loads
from ampmap_conformance.wire.limits import TooMuchError, gunzip, inflated, unpacked
from ampmap_conformance.wire.messages import Chunk
from ampmap_conformance.wire.raw import AnswerReader, Ending
from ampmap_conformance.wire.sse import events
from ampmap_conformance.wire.visible import ACTING, in_one_line, visible
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("AMPMAP_FUZZ_EXAMPLES", "40"))
FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HEADS = [b"HTTP/1.1 ", b"200", b"103", b" OK", b"Content-Length: ", b"Transfer-Encoding: chunked", b"Connection: close"]
BITS = [b"-5", b"9" * 30, b"3", b"0", b"abc", b";x=1", b"X: y", b":", b" ", b"\r\n", b"\n", b"\r\n\r\n", b"\xff", b"\0"]
PARTS = st.sampled_from([*HEADS, *BITS])
WIRE = st.lists(st.one_of(PARTS, st.binary(max_size=8)), max_size=40).map(b"".join)
KEYS = [
    "name: ",
    "base_url: ",
    "http://x",
    "credentials: {client: {env: K}}",
    "claims: [mapping]",
    "mounts: ",
    "policy: ",
]
SIGNS = ["- ", "[", "]", "{", "}", "&a ", "*a", "\n", "  ", '"', "'", "!!int ", ": ", "---", "\\ud800", "#", "|\n"]
YAML = st.lists(st.one_of(st.sampled_from([*KEYS, *SIGNS]), st.text(max_size=4)), max_size=30).map("".join)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3))


@FEW
@given(st.one_of(st.text(max_size=40), st.text("htps:/@[].?#%\\ \r\n", max_size=30).map("http://{}".format)))
def test_a_url_has_a_server_or_is_refused(text: str) -> None:
    with suppress(ValueError):
        url = absolute_url(text)
        address = Address.of(url)
        assert (bool(address.host), 0 <= address.port < 65_536, url.isascii()) == (True, True, True)
        assert not {"\r", "\n", " ", "@", "?", "#"} & set(url)


@FEW
@given(WIRE, st.lists(st.integers(1, 50), max_size=5))
def test_answers_are_read_alike_however_they_are_cut(wire: bytes, sizes: list[int]) -> None:
    def read(pieces: list[bytes]) -> tuple[object, ...]:
        reader = AnswerReader("GET")
        try:
            valid = all(reader.take(Chunk(0.0, piece)) for piece in pieces if piece)
        except TooMuchError:
            return ("too much",)
        found = reader.ended(Ending.CLOSED if valid else Ending.MALFORMED)
        return valid, tuple((one.status, one.headers, one.body, one.broken) for one in found)

    cuts = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    pieces = [wire[start:end] for start, end in zip(cuts, [*cuts[1:], len(wire)], strict=True)]
    whole, cut = read([wire]), read(pieces)
    assert whole[0] == cut[0]


@FEW
@given(st.one_of(st.binary(max_size=60), st.text("data:event\r\n x", max_size=60).map(str.encode)))
def test_events_are_read_from_anything(body: bytes) -> None:
    for event in events(body):
        event.json()
    assert events(body + b"\n\ndata: last\n\n")[-1].data == "last"


@FEW
@given(st.one_of(st.binary(max_size=60), JSON.map(json.dumps).map(str.encode)))
def test_json_is_a_value_or_invalid(data: bytes) -> None:
    with suppress(json.JSONDecodeError):
        json.dumps(loads(data), ensure_ascii=False).encode()


@FEW
@given(st.binary(max_size=80), st.sampled_from([b"", b"\x1f\x8b\x08\0\0\0\0\0\0\3", b"x\x9c"]))
def test_packed_bytes_unpack_or_do_not(data: bytes, head: bytes) -> None:
    unpacked(head + data)
    inflated(data)
    with suppress(ValueError):
        gunzip(head + data)


@FEW
@given(st.text(max_size=60))
def test_no_text_acts_once_it_is_shown(text: str) -> None:
    assert not ACTING.search(visible(text))
    assert len(in_one_line(text).splitlines()) <= 1


@pytest.mark.parametrize("kind", ["target", "baseline", "report"])
def test_files_of_users_are_read_or_refused_in_words(kind: str, reference: Reference) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "f"

        @FEW
        @given(st.one_of(YAML, JSON.map(json.dumps), st.text(max_size=30)))
        def read(text: str) -> None:
            file.write_bytes(text.encode("utf-8", "surrogatepass"))
            with suppress(UsageError):
                if kind == "target":
                    targets.load(file, reference, {"K": "k"})
                elif kind == "baseline":
                    baselines.load(file)
                else:
                    read_report(file)

        read()
