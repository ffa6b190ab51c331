"""Streams as an upstream may send them: the dialect's own events in every form that the standard allows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType

from ...cases.cases import CallCase, VariedCase
from ...dialects import bodies
from ...dialects.bodies import frame, framing, stream_data
from ...meanings import Completion, Text, Usage
from ...observer import Form, Framing, Reply
from ...probe.probe import Probe
from ...reference.types import StreamEvent
from ...wire.json_text import loads

ODD_TEXT = "Zoë pays €5 for 日本 \U0001f600"
"""Characters of two, three and four bytes."""
BEGINNING = ODD_TEXT[:3].encode()
SEPARATORS = "a\u2028b\u2029c\u0085d"
LONG = 300_000
"""Letters of a line that is longer than the buffers of line readers."""
LINES = MappingProxyType({"64-kb": 1 << 16, "1-mb": 1 << 20, "16-mb": 16 << 20})
"""Letters of a line, by the words of the axis `event_size`."""
PIECE = 7
"""Bytes of a piece that cuts everything apart."""
PAUSE = 0.002
"""Seconds that keep two writes apart."""

Frames = list[bytes]
Pieces = tuple[tuple[float, bytes], ...]


def served_model(case: CallCase, probe: Probe) -> str:
    """The model that the upstream is asked for: the mapping's target for a mapped one."""
    return (
        probe.target.mapped(case.model) if isinstance(case, VariedCase) and case.way == "mapped" else None
    ) or case.model


def client_model(case: CallCase, probe: Probe) -> str | None:
    """The model that an answer must name where it is not the upstream's: for a mapped call of a target that renames."""
    mapped = isinstance(case, VariedCase) and case.way == "mapped"
    return case.model if mapped and probe.target.policy.response_model == "requested" else None


def stream_events(case: CallCase, probe: Probe) -> list[StreamEvent]:
    """The events of a complete stream; each JSON object among them has a text of odd characters too."""
    return [
        StreamEvent(
            event=event.event, data={**event.data, "x_text": ODD_TEXT} if isinstance(event.data, dict) else event.data
        )
        for event in stream_data(case.call, served_model(case, probe))
    ]


def frames_of(events: list[StreamEvent], case: CallCase, probe: Probe) -> Frames:
    """Events as the dialect frames them, one each."""
    how = framing(probe.reference, case.call)
    return [frame(event, how) for event in events]


def stream_frames(case: CallCase, probe: Probe) -> Frames:
    """A complete stream, one event each, in the dialect in which the upstream is called."""
    called = probe.called(case)
    if called is None:
        return frames_of(stream_events(case, probe), case, probe)
    return called.render_stream(spoken_answer(case, probe, ODD_TEXT))


def spoken_answer(case: CallCase, probe: Probe, text: str) -> Completion:
    """A plain answer of the model that is asked for."""
    return Completion(served_model(case, probe), (Text(text),), usage=Usage(9, 4))


def several_frames(case: CallCase, probe: Probe, *, fewest: int = 5) -> Frames:
    """A complete stream of some events: in short ones the event in the middle comes again and again."""
    frames = stream_frames(case, probe)
    middle = len(frames) // 2 - 1
    return [*frames[:middle], *frames[middle : middle + 1] * max(1, fewest + 1 - len(frames)), *frames[middle + 1 :]]


WORDS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
"""Words of which none is within another one."""


def in_words(words: Iterable[str] = WORDS) -> Reply:
    """An answer of several words, of which each comes in a piece of its own whatever dialect is asked for."""
    said = Completion(model="", parts=(Text(" ".join(words)),), usage=Usage(input=9, output=4))
    return Reply(says=said, by_word=True)


def in_pieces(frames: Frames, *, gap: float = 0.0) -> Pieces:
    """Each event a piece, with a gap before each but the first."""
    return tuple((gap if number else 0.0, data) for number, data in enumerate(frames))


def stream_reply(case: CallCase, probe: Probe, pieces: Pieces) -> Reply:
    """An answer of pieces of a stream in the dialect in which the upstream is called."""
    called = probe.called(case)
    return Reply(pieces=pieces, form=None if called is None else Form(called.dialect, stream=True))


def whole_answer(case: CallCase, probe: Probe) -> dict[str, object]:
    """A whole answer of the asked model in the dialect in which the upstream is called."""
    called = probe.called(case)
    return json_answer(case, probe) if called is None else called.render_answer(spoken_answer(case, probe, ODD_TEXT))


def answer_reply(case: CallCase, probe: Probe, body: bytes) -> Reply:
    """A whole answer of these bytes, which are of the dialect in which the upstream is called."""
    called = probe.called(case)
    return Reply(body=body, form=None if called is None else Form(called.dialect, stream=False))


def formed(word: str, case: CallCase, probe: Probe) -> Reply:
    """The stream of a case in the form that `word` (of the axis `sse_form` or `rare_sse_form`) names."""
    if word in _FRAMINGS:
        return replace(stream_reply(case, probe, in_pieces(stream_frames(case, probe))), framing=_FRAMINGS[word])
    return stream_reply(case, probe, _FORMS[word](stream_frames(case, probe)))


def _each(change: Callable[[bytes], bytes]) -> Callable[[Frames], Pieces]:
    return lambda frames: in_pieces([change(data) for data in frames])


def _other_newlines(newline: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", newline)


def _no_space(data: bytes) -> bytes:
    return re.sub(rb"(?m)^(data|event): ", rb"\1:", data)


def _several_lines(data: bytes) -> bytes:
    def spread(found: re.Match[bytes]) -> bytes:
        lines = json.dumps(loads(found[1]), indent=1, ensure_ascii=False).encode().split(b"\n")
        return b"".join(b"data: " + line + found[2] for line in lines)

    return re.sub(rb"data: (\{.*\})(\r?\n)", spread, data)


def _odd_separators(data: bytes) -> bytes:
    """Characters at which some line readers end a line, and the standard does not."""
    return data.replace(b'"' + BEGINNING, b'"' + SEPARATORS.encode() + BEGINNING)


def _commented(data: bytes) -> bytes:
    return b": a comment\n\n" + data.replace(b"data:", b": another one\ndata:", 1)


def _with_ids(data: bytes) -> bytes:
    return b"id: 7\nretry: 3000\n" + data


def _pings(frames: Frames) -> Pieces:
    ping = b'event: ping\ndata: {"type":"ping"}\n\n'
    return in_pieces([frames[0], *(part for data in frames[1:] for part in (ping, data))])


def _unknown_event(frames: Frames) -> Pieces:
    return in_pieces([frames[0], b'event: ampmap.unknown\ndata: {"type":"ampmap.unknown"}\n\n', *frames[1:]])


def _text_data(frames: Frames) -> Pieces:
    """With an event whose data is not JSON, behind the first one: gateways tell of their queues in such events."""
    return in_pieces([frames[0], b"event: ampmap.text\ndata: still {waiting, not JSON\n\n", *frames[1:]])


def _long_line(frames: Frames, letters: int = LONG) -> Pieces:
    place = next(place for place, data in enumerate(frames) if BEGINNING in data)
    grown = frames[place].replace(b'"' + BEGINNING, b'"' + b"p" * letters + BEGINNING)
    return in_pieces([*frames[:place], grown, *frames[place + 1 :]])


def _line_by_line(frames: Frames) -> Pieces:
    return tuple(
        (PAUSE if place else 0.0, line) for place, line in enumerate(b"".join(frames).splitlines(keepends=True))
    )


def _tiny(frames: Frames) -> Pieces:
    whole = b"".join(frames)
    return tuple((0.0, whole[at : at + PIECE]) for at in range(0, len(whole), PIECE))


def _split_characters(frames: Frames) -> Pieces:
    """Cut inside each character of several bytes, after each of its bytes."""
    whole = b"".join(frames)
    cuts = [at for at, byte in enumerate(whole) if 0x80 <= byte < 0xC0]
    parts = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    return tuple((PAUSE if place % 8 == 1 else 0.0, part) for place, part in enumerate(parts))


_FORMS: dict[str, Callable[[Frames], Pieces]] = {
    "crlf": _each(_other_newlines(b"\r\n")),
    "carriage-returns": _each(_other_newlines(b"\r")),
    "no-space": _each(_no_space),
    "several-lines": _each(_several_lines),
    "odd-separators": _each(_odd_separators),
    "comments": _each(_commented),
    "pings": _pings,
    "ids-and-retry": _each(_with_ids),
    "byte-order-mark": lambda frames: in_pieces([b"\xef\xbb\xbf" + frames[0], *frames[1:]]),
    "unknown-event": _unknown_event,
    "text-data": _text_data,
    "bare-lines": _each(lambda data: b":\n\n:\nid\nevent:\n" + data),
    "long-line": _long_line,
    "line-by-line": _line_by_line,
    "in-pieces": _tiny,
    "all-at-once": lambda frames: ((0.0, b"".join(frames)),),
    "split-characters": _split_characters,
}
_FRAMINGS = {"known-length": Framing.CONTENT_LENGTH, "until-close": Framing.CLOSE}


def has_form(case: VariedCase, _target: object) -> bool:
    """Streams of a dialect that has the case's form: only some have pings. What Amp's servers send is not read."""
    if not case.stream or case.way == "elsewhere":
        return False
    return case.variation != "pings" or any(event.event == "ping" for event in case.call.operation.events)


def has_event_of_size(case: VariedCase, _target: object) -> bool:
    """Streams on every route with an event of the case's size; the largest comes on the usual route alone."""
    return case.stream and (case.way == "local" or LINES[case.variation] < max(LINES.values()))


def with_long_line(case: VariedCase, probe: Probe) -> Pieces:
    """A stream with one event of the size that the case's word (of the axis `event_size`) names."""
    return _long_line(stream_frames(case, probe), LINES[case.variation])


_LETTERS = ODD_TEXT * (65_536 // len(ODD_TEXT.encode()))


def big_frames(case: CallCase, probe: Probe, *, size: int) -> Frames:
    """A stream of about `size` bytes in events of 64 KiB."""
    if (called := probe.called(case)) is not None:
        text = "".join(f"{number}{_LETTERS}" for number in range(size // 65_536))
        return called.render_stream(spoken_answer(case, probe, text), pieces=_big)
    events = stream_events(case, probe)
    middle = next(event for event in events[len(events) // 2 :] if isinstance(event.data, dict))
    grown = StreamEvent(
        event=middle.event, data={**middle.data, "x_text": ODD_TEXT * (65_536 // len(ODD_TEXT.encode()))}
    )
    many = frames_of([grown], case, probe) * (size // 65_536)
    whole = stream_frames(case, probe)
    return [*whole[:1], *many, *whole[1:]]


def _big(text: str) -> tuple[str, ...]:
    """A text in pieces of about 64 KiB. No two are the same: some proxies break off what repeats itself."""
    return tuple(text[at : at + len(_LETTERS)] for at in range(0, len(text), len(_LETTERS)))


def json_answer(case: CallCase, probe: Probe) -> dict[str, object]:
    """The minimal answer of a call without a stream, as JSON."""
    answer: dict[str, object] = loads(bodies.response_body(case.call, served_model(case, probe)))
    return answer


def asking_for_array(case: VariedCase) -> str:
    """The target of a call for a stream as one JSON array, in the form that the case names."""
    path = case.target.partition("?")[0]
    return f"{path}?alt=json" if case.variation == "alt-json" else path
