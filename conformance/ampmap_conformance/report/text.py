"""Turns values into the text of Markdown and HTML reports. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..wire.visible import visible
from .model import HeaderLine, Message, Result

BRIEF = 120
"""Characters of what was seen that a closed row shows."""
BACKTICKS = re.compile("`+")
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!@])")


def code(text: str) -> str:
    """Inline code of Markdown, also within a table; line ends become spaces."""
    line = " ".join(visible(text).split())
    if not line:
        return "nothing"
    fence = "`" * (max((len(run) for run in BACKTICKS.findall(line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def prose(text: str) -> str:
    """Plain words in Markdown, whatever characters they are made of; line ends become spaces."""
    return SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))


def shortened(text: str, most: int = BRIEF) -> str:
    """The text on one line, of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def is_http(address: str) -> bool:
    """Whether an address may stand in a link: reports are read from files, which may say anything."""
    return re.fullmatch(r"https?://[^\s()<>\"']+", address) is not None


def ms(milliseconds: float) -> str:
    """A time as people read it: `12.3 ms`, `4.2 s`."""
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"


def is_stream(headers: Iterable[HeaderLine]) -> bool:
    """Whether a message holds a stream of events."""
    return any(name.lower() == "content-type" and "event-stream" in value.lower() for name, value in headers)


def plain(message: Message) -> str:
    """A message as it went over the wire, as far as the report has it."""
    lines = [message.start or "no answer", *(f"{name}: {value}" for name, value in message.headers), "", message.body]
    if message.encoding != "utf-8":
        lines[-1:] = [f"({'unpacked' if message.encoding == 'gzip' else 'in base64'})", message.body]
    if message.left_out:
        lines.append(f"({message.left_out} more bytes)")
    if message.broken:
        lines.append(f"({message.broken})")
    return visible("\n".join(lines)).rstrip()


def facts(result: Result) -> list[tuple[str, str]]:
    """What is said of a case, label by label; what is empty is left out."""
    known = result.known
    parts = [
        ("reason", result.reason),
        ("expected", result.expected),
        ("actual", result.actual),
        *(("also", f"{one.reason}: {one.actual}") for one in result.observations[1:]),
        ("whose fault", result.attribution.value if result.attribution else ""),
        ("judged", "by what the client sees, as no observer saw the upstreams" if result.half else ""),
        ("held", f"in {result.held} of {result.attempts} attempts" if result.attempts > 1 else ""),
        ("score", "" if result.scored else "it does not count in this release"),
        ("baseline", f"{known.pattern}: {known.reason}" if known else ""),
        ("issue", (known and known.issue) or ""),
        ("owner", (known and known.owner) or ""),
        ("expires", (known and known.expires) or ""),
    ]
    return [(label, visible(text)) for label, text in parts if text]
