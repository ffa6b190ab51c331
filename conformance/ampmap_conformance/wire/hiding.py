"""Finds secrets in a text in every form in which they can be read again, also in codings of codings. Pure.

Codings of single characters (escapes of JSON, percent, entities of HTML, UTF-16) keep the place of each character, so
that only the secret is masked. Of a coding of whole runs (base64, hexadecimal) the run is masked in which it is found.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TypeAlias

from .limits import unpacked

DEEPEST = 5
"""Codings in codings that are looked through."""
SHORTEST = 6
"""Characters of a secret that is looked for in codings: a shorter one would be found by chance."""
LONGEST_FORM = 8192
"""Characters that a secret may take in a coding: what is cut is looked through so much further on both sides."""

Span: TypeAlias = tuple[int, int, str]
"""From, to (exclusive), and what to put there."""


@dataclass(frozen=True)
class _Coding:
    """A coding of single characters: what it looks like, and what stands for it."""

    mark: str
    """Where this does not occur, nothing is coded."""
    token: re.Pattern[str]
    plain: Callable[[re.Match[str]], str]


def _json(found: re.Match[str]) -> str:
    letters = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
    digits = found[1] or found[2]
    return chr(int(digits, 16)) if digits else letters.get(found[3], found[3])


def _entity(found: re.Match[str]) -> str:
    plain = html.unescape(found[0])
    return plain if plain != found[0] else found[0]


CODINGS = (
    _Coding("\\", re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\"'\\/bfnrt]))"), _json),
    _Coding("%", re.compile(r"%([0-9a-fA-F]{2})"), lambda found: chr(int(found[1], 16))),
    _Coding("&", re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?"), _entity),
    _Coding("\0", re.compile("\0"), lambda _found: ""),
    _Coding("\ufffd", re.compile("\ufffd"), lambda _found: ""),  # what HTML reads for a zero
)
_PACKED = re.compile(rb"\x1f\x8b\x08|x[\x01\x5e\x9c\xda]")
"""How gzip and deflate begin."""
MOST_PACKED = 4
"""Such beginnings that are looked at in the bytes of one run."""
_URL_SAFE = str.maketrans("-_", "+/", "\r\n=")


@dataclass(frozen=True)
class Needles:
    """What to look for."""

    every: tuple[tuple[str, str], ...]
    """Secrets, each with its mask, the longest first."""
    coded: tuple[tuple[str, str], ...]
    """Those that are looked for in codings, too."""
    base64: re.Pattern[str]
    """Runs that are long enough to be one of them."""
    hexadecimal: re.Pattern[str]

    @classmethod
    def of(cls, secrets: Iterable[tuple[str, str]]) -> Needles:
        """Each secret with its mask; it is looked for as text and as its bytes in UTF-8."""
        forms = {form: mask for secret, mask in secrets for form in (secret, secret.encode().decode("latin-1"))}
        every = tuple(sorted(forms.items(), key=lambda item: -len(item[0])))
        coded = tuple(needle for needle in every if len(needle[0]) >= SHORTEST)
        least = min((len(form) for form, _ in coded), default=SHORTEST)
        letters = f"[A-Za-z0-9+/_-]{{{least * 4 // 3}}}[A-Za-z0-9+/_-]*(?:\r?\n[A-Za-z0-9+/_-]+)*={{0,2}}"
        return cls(every, coded, re.compile(letters), re.compile(f"[0-9a-fA-F]{{{2 * least},}}"))


def hidden(text: str, needles: Needles) -> str:
    """`text` with every secret masked."""
    spans = _merged([*_direct(text, needles.every), *_coded_spans(text, needles, DEEPEST)])
    out, at = [], 0
    for start, end, mask in spans:
        out += [text[at:start], mask]
        at = end
    return "".join([*out, text[at:]]) if out else text


def hidden_piece(text: str, start: int, length: int, hide: Callable[[str], str]) -> str:
    """So many characters of `text` from `start` on, masked before they are cut, so that no part of a secret is left."""
    first = max(0, start - LONGEST_FORM)
    window = text[first : start + length + LONGEST_FORM]
    masked = hide(window)
    if masked == window:
        return text[start : start + length]
    shown = zip(masked, hide(window[: start - first]), strict=False)
    before = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], shown))
    return masked[before : before + length]


def _direct(text: str, needles: tuple[tuple[str, str], ...]) -> Iterator[Span]:
    for needle, mask in needles:
        at = text.find(needle)
        while at >= 0:
            yield at, at + len(needle), mask
            at = text.find(needle, at + len(needle))


def _spans(text: str, needles: Needles, depth: int) -> Iterator[Span]:
    yield from _direct(text, needles.coded)
    if depth:
        yield from _coded_spans(text, needles, depth)


def _coded_spans(text: str, needles: Needles, depth: int) -> Iterator[Span]:
    if not needles.coded:
        return
    for coding in CODINGS:
        if coding.mark in text:
            yield from _coded(text, coding, needles, depth - 1)
    for run, decoders in ((needles.base64, _FROM_BASE64), (needles.hexadecimal, _FROM_HEX)):
        for found in run.finditer(text):
            for decode in decoders:
                inner = next(_spans(decode(found[0]), needles, depth - 1), None)
                if inner is not None:
                    yield found.start(), found.end(), inner[2]
                    break


def _coded(text: str, coding: _Coding, needles: Needles, depth: int) -> Iterator[Span]:
    """Spans in what `text` stands for, at their places in `text`."""
    plain: list[str] = []
    in_plain, in_text = [0], [0]
    at = size = 0
    for found in coding.token.finditer(text):
        piece = coding.plain(found)
        if piece == found[0]:
            continue
        size += found.start() - at
        plain += [text[at : found.start()], piece]
        # a character of the coding and the text behind it each begin a stretch of their own
        in_plain += [size, size + len(piece)]
        in_text += [found.start(), found.end()]
        size += len(piece)
        at = found.end()
    if at == 0:
        return

    def place(index: int) -> int:
        stretch = bisect_right(in_plain, index) - 1
        return in_text[stretch] + index - in_plain[stretch]

    for start, end, mask in _spans("".join([*plain, text[at:]]), needles, depth):
        yield place(start), _end(in_plain, in_text, end, len(text)), mask


def _end(in_plain: list[int], in_text: list[int], end: int, length: int) -> int:
    """The place in the text behind the character before `end`: behind the whole of its coding."""
    stretch = bisect_right(in_plain, end - 1) - 1
    following = in_text[stretch + 1] if stretch + 1 < len(in_text) else length
    is_coded = stretch % 2 == 1
    return following if is_coded else in_text[stretch] + end - in_plain[stretch]


def _from_base64(offset: int) -> Callable[[str], str]:
    def decode(run: str) -> str:
        letters = run.translate(_URL_SAFE)[offset:]
        whole = letters[: len(letters) // 4 * 4 + (len(letters) % 4 if len(letters) % 4 > 1 else 0)]
        try:
            return _of_bytes(base64.b64decode(whole + "=" * (-len(whole) % 4)))
        except (ValueError, binascii.Error):
            return ""

    return decode


def _from_hex(offset: int) -> Callable[[str], str]:
    def decode(run: str) -> str:
        digits = run[offset:]
        return _of_bytes(bytes.fromhex(digits[: len(digits) // 2 * 2]))

    return decode


_FROM_BASE64 = tuple(_from_base64(offset) for offset in range(4))
_FROM_HEX = tuple(_from_hex(offset) for offset in range(2))


def _of_bytes(data: bytes) -> str:
    """Bytes as text with one character each, and what is packed in them, from wherever it begins."""
    every = [data]
    for found in islice(_PACKED.finditer(data), MOST_PACKED):
        inner = plain_bytes(data[found.start() :])
        if inner != data[found.start() :]:
            every.append(inner)
    return b"\n".join(every).decode("latin-1")


def plain_bytes(data: bytes) -> bytes:
    """What bytes in gzip or deflate unpack to, also where they were cut or are packed several times; else the bytes."""
    for _ in range(DEEPEST):
        inner = unpacked(data)
        if inner is None:
            return data
        data = inner
    return data


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in their order, of which those that overlap are one."""
    found: list[Span] = []
    for start, end, mask in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]), found[-1][2])
        else:
            found.append((start, end, mask))
    return found
