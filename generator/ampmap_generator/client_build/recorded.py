"""What a run of the client showed on the wire: the file that `ampmap-conformance record` writes.

It is the only thing that passes from the kit to the generator, and only facts are in it: no body, and no value of a
header.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

_BUILD = re.compile(r"0\.0\.\d{10}(?:-g[0-9a-f]{6,12})?")
LARGEST: Final = 8 << 20
"""Bytes of such a file."""


class UnreadableRecordError(Exception):
    """The file is not what `record` writes; the message says why."""


class _Recorded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RecordedCall(_Recorded):
    """Calls of one kind: of the same method, path, model and form."""

    method: str
    path: str
    """The path as the reference has it; `{}` stands for what differs from call to call."""
    provider: str | None = None
    operation: str | None = None
    model: str | None = None
    """As it was sent."""
    management: str | None = None
    """The method of a management call."""
    tool: str | None = None
    """The tool whose call it may be; None for the main loop's."""
    streamed: bool = False
    times: int
    headers: tuple[str, ...] = ()
    """Names in lower case that every such call carried."""
    other_headers: tuple[str, ...] = ()
    """Names that some of them carried."""
    unstated_headers: tuple[str, ...] = ()
    """Those of them that the edition does not state."""
    body: tuple[str, ...] = ()
    """Top-level keys of every body."""


class Recording(_Recorded):
    """One recorded run."""

    recorded: Literal[1]
    """The version of this form."""
    edition: str
    """The edition whose reference proxy answered."""
    client: str | None = None
    """The build, as the client itself said in a header."""
    calls: tuple[RecordedCall, ...]

    @property
    def build(self) -> str | None:
        """The build; None where what the client said does not name a build."""
        return self.client if self.client and _BUILD.fullmatch(self.client) else None


def read_recording(file: Path) -> Recording:
    """The recording in a file. Raises UnreadableRecordError."""
    try:
        if not file.is_file():
            raise UnreadableRecordError("it is not a file; name the `recorded.json` that `record` wrote")
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise UnreadableRecordError(error.strerror or str(error)) from None
    if len(data) > LARGEST:
        raise UnreadableRecordError(f"it is larger than {LARGEST >> 20} MiB")
    try:
        return Recording.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        said = f"{place}: {first['msg']}" if place else first["msg"]
        raise UnreadableRecordError(f"it is not what `record` writes: {said}") from None
