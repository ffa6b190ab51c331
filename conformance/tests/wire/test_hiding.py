"""No secret can be read again from what was masked, whatever codings it was written in; nothing acts on a terminal."""

from __future__ import annotations

import base64
import gzip
import html
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from ampmap_conformance.checks.expect import assert_equal
from ampmap_conformance.errors import Violation
from ampmap_conformance.report.exchanges import BODY_LIMIT, report_exchange
from ampmap_conformance.wire.messages import Chunk, Exchange, Headers, Request, Response
from ampmap_conformance.wire.redaction import LONGEST_TEXT, Scrubber, SecretBook, masking
from ampmap_conformance.wire.visible import in_one_line, visible
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = "sk-Zq9/secret+KEY-7f3a2b1c9d"
BOOK = SecretBook(KEY, "another-key-of-the-run")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


CODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "PHP's JSON": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON": json.dumps,
    "escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "percent": lambda text: quote(text, safe=""),
    "lower-case percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "base64": _base64,
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64 of Bearer": lambda text: _base64(f"Bearer {text}"),
    "base64 of JSON": lambda text: _base64(json.dumps({"ab": text})),
    "inside base64": lambda text: f"abc{_base64(f'x{text}yyy')}",
    "hexadecimal": lambda text: text.encode().hex(),
    "HEXADECIMAL": lambda text: text.encode().hex().upper(),
    "entities": html.escape,
    "number entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "gzip": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "deflate": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "gzip, cut": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)[:-6]).decode(),
}


@given(
    chain=st.lists(st.sampled_from(sorted(CODINGS)), min_size=1, max_size=3),
    around=st.tuples(st.text("ab c:", max_size=9), st.text("xy z;", max_size=9)),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_secret_is_masked_in_any_chain_of_codings(chain: list[str], around: tuple[str, str]) -> None:
    text = KEY
    for name in chain:
        text = CODINGS[name](text)
    before, after = around
    shown = BOOK.hide(f"{before} {text} {after}")
    assert text not in shown
    assert "***" in shown
    assert shown.startswith(before)
    assert shown.endswith(after)


@pytest.mark.parametrize("name", CODINGS)
def test_what_holds_no_secret_is_left_alone(name: str) -> None:
    text = CODINGS[name]("nothing that any client or upstream knows of: 12345678 %41 &amp; \\u0041")
    assert BOOK.hide(text) == text


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


SAID = f'{{"k":"{KEY}"}}'.encode()
BROTLI = base64.b64decode("CxMAgHsiayI6InNrLVpxOS9zZWNyZXQrS0VZLTdmM2EyYjFjOWQifQM=")
"""What no reader of the kit's unpacks, and yet holds the key in one piece."""


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(SAID)),
        ("gzip", gzip.compress(SAID + b"\xff")),
        ("gzip", gzip.compress(SAID)[:-4]),
        ("gzip", gzip.compress(gzip.compress(SAID))),
        ("gzip", gzip.compress(SAID)[:-8] + b"12345678"),
        ("deflate", zlib.compress(SAID)),
        ("deflate", raw_deflate(SAID)),
        ("deflate", raw_deflate(SAID)[:-3]),
        ("br", BROTLI),
        ("br", bytes(range(128, 256)) + raw_deflate(SAID)),
        ("", SAID.decode().encode("utf-16")),
        ("", b"\xff\xfe\x01" + SAID),
        ("", b"x" * (BODY_LIMIT - 40) + SAID),
    ],
    ids=range(13),
)
def test_no_body_of_a_report_holds_a_secret(coding: str, body: bytes) -> None:
    lines = Headers((("Content-Encoding", coding), ("X-Key", f"Basic {_base64(KEY)}"), ("Cookie", "any")))
    answer = Response(200, lines, (Chunk(0, body),), 0)
    shown = report_exchange(Exchange(Request("GET", f"/?k={quote(KEY)}"), answer, ()), Scrubber(BOOK)).response
    raw = base64.b64decode(shown.body) if shown.encoding == "base64" else shown.body.encode()
    for size in range(len(KEY) // 2, len(KEY)):
        assert KEY[:size].encode() not in raw.replace(b"\0", b"")
    for wbits in (31, 15, -15):
        try:
            unpacked = zlib.decompressobj(wbits=wbits).decompress(raw)
        except zlib.error:
            continue
        assert KEY[:9].encode() not in unpacked
    assert dict(shown.headers)["X-Key"] == "Basic sk-***9d"
    assert dict(shown.headers)["Cookie"] == "***"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br"])
def test_a_body_in_a_coding_that_the_kit_does_not_read_is_left_out(coding: str) -> None:
    body = b"literals of a packed text " * 9 + b"\xff"
    answer = Response(200, Headers((("Content-Encoding", coding),)), (Chunk(0, body),), 0)
    shown = report_exchange(Exchange(Request("GET", "/"), answer, ()), Scrubber(BOOK)).response

    assert (shown.body, shown.left_out) == ("", len(body))


@pytest.mark.parametrize("start", range(LONGEST_TEXT - 30, LONGEST_TEXT + 2))
def test_a_text_is_masked_before_it_is_cut(start: int) -> None:
    shown = Scrubber(BOOK).clean(f"{'z' * start}{KEY}{'z' * 9000}")
    assert "Zq9" not in shown
    assert len(shown) < LONGEST_TEXT + 60
    assert shown.endswith(" more characters)")


def test_a_piece_from_the_middle_holds_no_end_of_a_secret() -> None:
    text = f"{'a' * 500}{KEY}{'b' * 500}"
    for start in range(480, 540):
        assert "c9d" not in BOOK.hide_piece(text, 100, start).replace("***9d", "")


def test_characters_that_act_are_shown_as_escapes() -> None:
    text = "a\x1b[2J\x07\r\x9b\u202eb\ud800\u2028\tc\nd\u00e9\u65e5"
    assert visible(text) == "a\\x1b[2J\\x07\\x0d\\x9b\\u202eb\\ud800\\u2028\tc\nd\u00e9\u65e5"
    assert in_one_line("a\tb\nc") == "a\\tb\\nc"
    assert Scrubber(BOOK).clean(text) == visible(text)


def test_what_differs_is_masked_before_it_is_cut() -> None:
    for at in range(150, 200):
        beginning = f"{'z' * at}{KEY}{'-' * 25}"
        with masking(BOOK), pytest.raises(Violation) as caught:
            assert_equal(f"{beginning}A{'z' * 5_000_000}", f"{beginning}B{'z' * 5_000_000}", "x")
        assert "c9d" not in caught.value.actual.replace("***9d", "")
        assert "A" in caught.value.actual
        assert len(caught.value.actual) < 220
