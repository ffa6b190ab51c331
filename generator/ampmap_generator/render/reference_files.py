"""`reference.json` and the references of the other editions, as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..compile import plain
from ..vendored.reference import Reference
from .json_text import data_lines, indent_file


def render_reference(reference: Reference, editions: Mapping[str, Reference]) -> dict[str, bytes]:
    """`reference.json`: the whole reference as data; and in `editions/` those of the others, one fact a line."""
    others = {name: other for name, other in editions.items() if name != reference.edition.id}
    files = {f"editions/{name}.json": data_lines(plain(other)) for name, other in others.items()}
    return {
        "reference.json": indent_file(plain(reference)),
        **{name: f"{text}\n".encode() for name, text in files.items()},
    }
