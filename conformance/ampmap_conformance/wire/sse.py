"""Reads server-sent events and compares two streams by what they say, not by how they are cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .json_text import loads
from .limits import TooMuchError, gunzip, too_much_unpacked
from .messages import Headers

NUMBERS = (int, float)
"""What a number of JSON may be read as."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name (empty for none) and its data, lines joined by a newline."""

    name: str
    data: str

    def json(self) -> Any:
        """The data as JSON, or as text if it is not valid JSON."""
        try:
            return loads(self.data)
        except ValueError:
            return self.data


def events(body: bytes) -> tuple[Event, ...]:
    """The complete events of a stream, in order, comments left out (WHATWG rules of interpretation)."""
    return tuple(each_event(body))


def each_event(body: bytes) -> Iterator[Event]:
    """The same one by one, for who needs the first: a target may send any number."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    name, data = "", list[str]()
    start = 0
    while (end := text.find("\n", start)) >= 0:
        line, start = text[start:end], end + 1
        if not line:
            if data:
                yield Event(name, "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value


def covers(sent: Any, received: Any) -> bool:
    """Whether `received` has everything of `sent`: objects may have further fields, all else is equal.

    Numbers are equal by value: `1.0` and `1` are one number in JSON, and JavaScript writes it as `1`.
    """
    if isinstance(sent, dict):
        return isinstance(received, dict) and all(
            key in received and covers(value, received[key]) for key, value in sent.items()
        )
    if isinstance(sent, list):
        return (
            isinstance(received, list)
            and len(sent) == len(received)
            and all(covers(a, b) for a, b in zip(sent, received, strict=True))
        )
    same_kind = type(sent) is type(received) or (type(sent) in NUMBERS and type(received) in NUMBERS)
    return same_kind and bool(sent == received)


def decode_body(headers: Headers, body: bytes) -> bytes:
    """The uncompressed body if the headers declare gzip; unchanged if it is not valid gzip.

    Raises Violation where it unpacks to more than the kit reads.
    """
    if (headers.get("content-encoding") or "").strip().lower() != "gzip":
        return body
    try:
        return gunzip(body)
    except ValueError:
        return body
    except TooMuchError:
        raise too_much_unpacked() from None
