"""The words between kit and resolver: JSON objects, one a line, or one a POST.

The kit sends `start`, then one `resolve` after the other, then `stop`; the resolver answers the first two. It may put
further fields into an answer, which are left alone.
"""

from __future__ import annotations

import json
from enum import StrEnum, unique
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, ValidationError, model_validator

from ..reference.types import AuthVector
from ..version import version
from ..wire.json_text import loads

VERSION = 1
LONGEST = 1 << 20
"""Bytes that an answer has at most."""
SHOWN = 80
"""Characters of an unusable answer that are shown."""
Message = TypeVar("Message", bound=BaseModel)


@unique
class Fault(StrEnum):
    """Why there is no usable answer."""

    TIMEOUT = "no answer in time"
    PARTIAL = "an incomplete line"
    ENDED = "the resolver ended"
    NO_JSON = "an answer that is not valid JSON"
    SHAPE = "JSON that is not an answer of the protocol"
    WRONG_SEQ = "an answer to another request"
    TOO_LONG = "an answer of more than 1 MiB"
    NO_CONNECTION = "no answer over HTTP"


class NoUsableAnswerError(Exception):
    """The resolver gave no usable answer; `detail` says more and is the same in every run."""

    def __init__(self, fault: Fault, detail: str = "", received: bytes = b"") -> None:
        super().__init__(f"{fault.value}: {detail}" if detail else fault.value)
        self.fault = fault
        self.received = received


class _Part(BaseModel):
    """A part of an answer. Unknown fields are the resolver's own business."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ResolverImplementation(_Part):
    """Who answers."""

    name: StrictStr
    version: StrictStr | None = None
    language: StrictStr | None = None


class Ready(_Part):
    """The answer to `start`."""

    version: StrictInt
    implementation: ResolverImplementation


class Found(_Part):
    """A mode."""

    mode: StrictStr
    runtime_provider: StrictStr | None = None


class Failed(_Part):
    """An error."""

    code: StrictStr | None = None
    message: StrictStr | None = None


class ResolverAnswer(_Part):
    """The answer to `resolve`: a resolution or an error."""

    seq: StrictInt | None = None
    resolution: Found | None = None
    error: Failed | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ResolverAnswer:
        if (self.resolution is None) == (self.error is None):
            raise ValueError("expected either `resolution` or `error`")
        return self

    def __str__(self) -> str:
        if self.resolution is not None:
            return f"resolved to {self.resolution.mode}"
        return refusal(self.error.code if self.error else None)


def refusal(code: str | None) -> str:
    """A refusal in words."""
    return f"rejected with {code}" if code else "rejected without a code"


def start(platform: str) -> bytes:
    """The first message."""
    return _dumped({"cmd": "start", "version": VERSION, "kit": version(), "platform": platform})


def resolve(seq: int, vector: AuthVector) -> bytes:
    """The question of a vector; nothing of its answer is in it."""
    asked = vector.model_dump(mode="json", exclude_unset=True, include={"profile", "policy", "provider", "environment"})
    return _dumped({"cmd": "resolve", "seq": seq, **asked})


def stop() -> bytes:
    """The last message; it has no answer."""
    return _dumped({"cmd": "stop"})


def read_ready(data: bytes) -> Ready:
    """The answer to `start`. Raises NoUsableAnswerError, also for another version of this protocol."""
    ready = _read(Ready, data)
    if ready.version != VERSION:
        wanted = f"the resolver uses version {ready.version} of the protocol; expected version {VERSION}"
        raise NoUsableAnswerError(Fault.SHAPE, wanted, data)
    return ready


def read_answer(data: bytes, seq: int, *, seq_needed: bool = True) -> ResolverAnswer:
    """The answer to the request `seq`. Raises NoUsableAnswerError."""
    answer = _read(ResolverAnswer, data)
    if answer.seq is None and seq_needed:
        raise NoUsableAnswerError(Fault.SHAPE, "`seq` is missing", data)
    if answer.seq is not None and answer.seq != seq:
        raise NoUsableAnswerError(Fault.WRONG_SEQ, f"`seq` is {answer.seq}; expected {seq}", data)
    return answer


def printable(data: bytes) -> str:
    """The beginning of an unusable answer."""
    text = data.decode("utf-8", "replace").strip()
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")


def _read(shape: type[Message], data: bytes) -> Message:
    try:
        value: Any = loads(data)
    except ValueError:
        raise NoUsableAnswerError(Fault.NO_JSON, printable(data), data) from None
    if not isinstance(value, dict):
        raise NoUsableAnswerError(Fault.SHAPE, f"{printable(data)} is not an object", data)
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise NoUsableAnswerError(Fault.SHAPE, f"{place}: {first['msg']}".removeprefix(": "), data) from None


def _dumped(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
