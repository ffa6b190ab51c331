"""What the observer can be told to answer: replies as values, also as JSON for the control API."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, unique
from typing import Any

from ..meanings import Completion, Failure, from_plain, to_plain

Lines = tuple[tuple[str, str], ...]
"""Header lines, sent with this case and in this order."""
Pieces = tuple[tuple[float, bytes], ...]
"""Parts of a body, each with the seconds to wait before it; each is one write and, if chunked, one chunk."""


HUNDRED = 100
FOR_EVER = 86_400.0
"""Seconds that no wait of a script takes."""


@unique
class Framing(StrEnum):
    """How the length of a body is declared."""

    CONTENT_LENGTH = "content-length"
    CHUNKED = "chunked"
    CLOSE = "close"


@unique
class End(StrEnum):
    """How an answer ends."""

    CLEAN = "clean"
    CUT = "cut"
    """The connection is closed in the body, before its promised end."""
    RESET = "reset"
    """The connection is reset in the body."""
    CUT_BEFORE_HEAD = "cut-before-head"
    """The connection is closed before any byte of an answer."""
    RESET_BEFORE_HEAD = "reset-before-head"
    """The connection is reset before any byte of an answer."""
    RESET_IN_REQUEST = "reset-in-request"
    """The connection is reset when the head of the request is read, where that tells whose it is; else behind it."""

    EARLY = "early"
    """The answer is sent whole when the head of the request is read, where that tells whose it is; else behind it.
    The body stays unread, and the connection is closed when the peer has closed it, or some seconds later."""


UNANSWERED = frozenset({End.CUT_BEFORE_HEAD, End.RESET_BEFORE_HEAD, End.RESET_IN_REQUEST})
"""Ends before any byte of an answer."""
BODY_UNREAD = frozenset({End.RESET_IN_REQUEST, End.EARLY})
"""Ends that do not wait for the body of the request."""


@unique
class Gzip(StrEnum):
    """Whether the body is compressed, and whether the head says so."""

    NONE = "none"
    DECLARED = "declared"
    UNDECLARED = "undeclared"


@unique
class StreamFault(StrEnum):
    """What is wrong with the persona's own stream."""

    NONE = "none"
    NO_TERMINATOR = "no-terminator"
    """All the content and a clean end of body, but the closing event is missing."""
    IN_BAND_ERROR = "in-band-error"
    """The dialect's error event after the first content, then a clean end of body."""
    IN_BAND_ERROR_OTHER = "in-band-error-other"
    """The same error in the other form that servers of the dialect were seen to send, where there is one."""
    IN_BAND_ERROR_BARE = "in-band-error-bare"
    """The same error as JSON without event framing, as Gemini was seen to send it."""


@dataclass(frozen=True, slots=True)
class Switch:
    """What the observer does with a WebSocket that it accepts, beside answering each message."""

    greeting: str = ""
    """A message that is sent at once, in the same write as the head of the answer."""
    closes: int | None = None
    """The code with which it closes the WebSocket when a message has been answered."""


@dataclass(frozen=True, slots=True)
class Form:
    """The dialect of an answer, and whether it is a stream."""

    dialect: str
    stream: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer. Whatever is not said is as in the persona's normal answer.

    `says` is what it means; it is written in the form of the request that arrives. `body` and `pieces` are bytes of one
    `form`: where a request of another form arrives, their meaning is read and written in that form.
    """

    status: int | None = None
    headers: Lines | None = None
    """In place of the normal ones. The header with the length is added unless it is among them."""
    more_headers: Lines = ()
    """After the normal (or given) ones."""
    body: bytes | None = None
    pieces: Pieces | None = None
    """In place of `body`."""
    says: Completion | None = None
    """In place of `body`; without a model it names the one that is asked for."""
    by_word: bool = False
    """Send each word of the text that `says` has in a piece of its own, with all that goes before it; then the rest."""
    failure: Failure | None = None
    """An error in the shape of the provider that is asked, in place of `says`."""
    form: Form | None = None
    """Whose bytes `body` and `pieces` are; None for bytes that are the same whatever is asked."""
    delay: float = 0.0
    """Seconds before the first byte of the answer."""
    gap: float = 0.0
    """Seconds before each piece but the first, where `pieces` does not say it."""
    split: int | None = None
    """Send the body in pieces of so many bytes, whatever they cut apart."""
    framing: Framing | None = None
    interim: tuple[int, ...] = ()
    """Statuses of interim answers, each sent before the answer."""
    trailers: Lines = ()
    """Header lines behind the body, which is then sent in chunks."""
    end: End = End.CLEAN
    stop_after: int | None = None
    """With `cut` and `reset`: how many pieces are sent; half of them, or half of a single one, by default."""
    gzip: Gzip = Gzip.NONE
    held: bool = False
    """Each piece but the first is sent when it is released (`Observing.release`), or much later."""
    stream: StreamFault = StreamFault.NONE
    switch: Switch | None = None
    """How an offer to open a WebSocket is accepted; one that is answered with a status of its own is not."""

    @classmethod
    def normal(cls) -> Reply:
        """The persona's normal answer; a place-holder in a list such as "fail twice, then succeed"."""
        return cls()

    @classmethod
    def error(cls, status: int, message: str = "Scripted error.", more_headers: Lines = ()) -> Reply:
        """An error of the provider that is asked."""
        headers = (("Content-Type", "application/json"),)
        return cls(status=status, headers=headers, more_headers=more_headers, failure=Failure(message, status))

    @classmethod
    def silent(cls, seconds: float = 3600.0) -> Reply:
        """No answer at all: the peer waits until it gives up."""
        return cls(delay=seconds, end=End.CUT_BEFORE_HEAD)

    @property
    def is_usual(self) -> bool:
        """Whether the answer has the content that the persona itself gives."""
        own = (self.status, self.body, self.pieces, self.says, self.failure)
        return all(each is None for each in own) and self.stream is StreamFault.NONE

    @property
    def size(self) -> int:
        """Bytes of the body that it states."""
        return len(self.body or b"") + sum(len(data) for _, data in self.pieces or ())

    @property
    def breaks_off(self) -> bool:
        """Whether the answer begins, and breaks off in its body."""
        return self.end in (End.CUT, End.RESET)

    @property
    def hangs_up(self) -> bool:
        """Whether not a byte of an answer comes."""
        return self.end in UNANSWERED

    def to_json(self) -> dict[str, Any]:
        """As plain data; bytes are base64. What has its default value is left out."""
        plain: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                plain[field.name] = _ENCODE.get(field.name, _as_is)(value)
        return plain

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reply:
        """The reverse of `to_json`. Raises ValueError for an unknown field or value."""
        unknown = set(data) - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise ValueError(f"unknown field of a reply: {', '.join(sorted(unknown))}")
        made = cls(**{name: _DECODE.get(name, _as_is)(value) for name, value in data.items()})
        for name, is_valid in _VALID.items():
            if name in data and not is_valid(data[name]):
                raise ValueError(f"`{name}` of a reply is invalid")
        for lines in (made.headers or (), made.more_headers, made.trailers):
            if any(not text.isascii() and not _is_latin(text) for line in lines for text in line):
                raise ValueError("a header of a reply has a character beyond Latin-1")
        return made


def fail_then_succeed(failure: Reply, times: int) -> tuple[Reply, ...]:
    """`failure` so many times; the observer answers normally after the last scripted reply."""
    return (failure,) * times


def _as_is(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _encode_pieces(pieces: Pieces) -> list[list[Any]]:
    return [[delay, base64.b64encode(data).decode()] for delay, data in pieces]


def _decode_pieces(pieces: Iterable[Any]) -> Pieces:
    return tuple((float(delay), base64.b64decode(data)) for delay, data in pieces)


def _decode_lines(lines: Iterable[Any]) -> Lines:
    return tuple((str(name), str(value)) for name, value in lines)


def _is_latin(text: str) -> bool:
    return all(letter <= "\xff" for letter in text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < FOR_EVER


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_status(value: Any) -> bool:
    return _is_count(value) and HUNDRED <= value < 10 * HUNDRED


_VALID: dict[str, Callable[[Any], bool]] = {
    "status": _is_status,
    "delay": _is_number,
    "gap": _is_number,
    "split": _is_count,
    "stop_after": _is_count,
    "by_word": lambda value: isinstance(value, bool),
    "held": lambda value: isinstance(value, bool),
    "interim": lambda value: all(_is_status(status) for status in value),
    "pieces": lambda value: all(_is_number(delay) for delay, _ in value),
}
"""What a value may be that travels as it is."""
_ENCODE: dict[str, Callable[[Any], Any]] = {
    "body": lambda body: base64.b64encode(body).decode(),
    "pieces": _encode_pieces,
    "headers": lambda lines: [list(line) for line in lines],
    "trailers": lambda lines: [list(line) for line in lines],
    "interim": list,
    "more_headers": lambda lines: [list(line) for line in lines],
    "says": to_plain,
    "failure": dataclasses.asdict,
    "form": dataclasses.asdict,
    "switch": dataclasses.asdict,
}
_DECODE: dict[str, Callable[[Any], Any]] = {
    "body": base64.b64decode,
    "pieces": _decode_pieces,
    "headers": _decode_lines,
    "trailers": _decode_lines,
    "interim": tuple,
    "more_headers": _decode_lines,
    "says": from_plain,
    "failure": lambda failure: Failure(**failure),
    "form": lambda form: Form(**form),
    "switch": lambda switch: Switch(**switch),
    "framing": Framing,
    "end": End,
    "gzip": Gzip,
    "stream": StreamFault,
}
