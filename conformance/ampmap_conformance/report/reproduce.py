"""Lines that show a case again: a curl call, and this kit's own command. Keys stand as the name of their variable."""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import quote

from ..engine.options import RunOptions
from ..fuzz.options import DEFAULT_SEED, PROFILE
from ..target.target import Target
from ..verdicts import Verdict
from ..wire.address import Address
from ..wire.messages import Request
from ..wire.redaction import NONCE, Scrubber

SAMPLE_NONCE = "ampmap-0000000000000000"
SERVED_AT = "127.0.0.1:8317"
"""Where the line that starts the reference proxy has it listen."""
LONGEST_BODY = 8192
"""Bytes of a body that a line still holds."""
UNSENT = ("host", "content-length")
"""Headers that curl adds itself."""
USUAL = ("accept", "user-agent", "content-type")
"""Headers that curl adds unless told not to; the last one only to a body."""


def curl_line(request: Request, target: Target, scrubber: Scrubber) -> str:
    """The request as a command for a POSIX shell; empty where its body is too long for a line."""
    if len(request.body) > LONGEST_BODY:
        return ""
    base = Address.of(target.file.base_url if target.source else f"http://{SERVED_AT}")
    parts = ["curl -sgN --path-as-is"]
    if base.scheme == "https":
        parts.append("--http1.1")
    if request.method == "HEAD":
        parts.append("--head")
    elif request.method != ("POST" if request.body else "GET"):
        parts.append(f"-X {request.method}")
    parts.append(_quoted(f"{base.origin}{base.placed(request.target)}", target, scrubber))
    for name, value in request.headers:
        if name.lower() not in UNSENT:
            parts.append(f"-H {_quoted(f'{name}: {value}' if value else f'{name};', target, scrubber)}")
    parts += [f"-H '{name}:'" for name in USUAL[: 3 if request.body else 2] if name not in request.headers]
    piped = ""
    if request.body:
        try:
            parts.append(f"--data-raw {_quoted(request.body.decode(), target, scrubber)}")
        except UnicodeDecodeError:
            piped = f"printf '{''.join(f'{chr(92)}{byte:03o}' for byte in request.body)}' | "
            parts.append("--data-binary @-")
    return f"{piped}{' '.join(parts)}"


def serve_line(target: Target, options: RunOptions) -> str:
    """What starts the embedded target as a server for `curl_line`; empty for any other target."""
    if target.source:
        return ""
    keys = [secret.label.removeprefix("$") for secret in (target.client, target.second_client) if secret]
    exported = " ".join(f"{name}=example-key-{number}" for number, name in enumerate(keys, 1))
    words = [f"ampmap-conformance serve --listen {SERVED_AT}", *_known(options), *_defects(options)]
    return f"export {exported}; {' '.join(words)} &"


def command_line(case: str, target: Target, options: RunOptions, verdict: Verdict) -> str:
    """The run of this one case, which leads to the same verdict."""
    words = ["ampmap-conformance run", *([target.source] if target.source else []), *_known(options)]
    if options.observer:
        words.append(f"--observer {shlex.quote(options.observer)}")
    words += _defects(options)
    if case.startswith(f"{PROFILE}."):
        words += _generation(options)
    if options.strict:
        words.append("--strict")
    if options.repeat > 1:
        words.append(f"--repeat {options.repeat}")
    if options.baseline and verdict in (Verdict.KNOWN_FAILURE, Verdict.UNEXPECTED_PASS):
        words.append(_option("--baseline", options.baseline))
    return " ".join([*words, "--select", shlex.quote(case)])


def _known(options: RunOptions) -> list[str]:
    given = (("--reference", options.reference), ("--edition", options.edition))
    return [_option(name, value) for name, value in given if value]


def _generation(options: RunOptions) -> list[str]:
    """What the generated data depends on, where it is not the usual."""
    words = [f"--seed {options.seed}"] if options.seed != DEFAULT_SEED else []
    words += [f"--max-examples {options.max_examples}"] if options.max_examples else []
    return words + ([_option("--openapi", options.openapi)] if options.openapi else [])


def _defects(options: RunOptions) -> list[str]:
    return [_option("--defect", defect) for defect in options.defects]


def _option(name: str, value: str | Path) -> str:
    return f"{name} {shlex.quote(str(value))}"


def _quoted(text: str, target: Target, scrubber: Scrubber) -> str:
    marks: dict[str, str] = {}
    for number, secret in enumerate(s for s in (target.client, target.second_client) if s):
        for form in (secret.value, quote(secret.value, safe="")):
            mark = f"\x00{number}\x00"
            marks[mark] = secret.label
            text = text.replace(form, mark)
    text = scrubber.secrets.hide(NONCE.sub(SAMPLE_NONCE, text))
    for address, name in scrubber.addresses:
        text = text.replace(address, name)
    if not any(mark in text for mark in marks):
        return shlex.quote(text)
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`").replace("$", "\\$")
    for mark, label in marks.items():
        text = text.replace(mark, label)
    return f'"{text}"'
