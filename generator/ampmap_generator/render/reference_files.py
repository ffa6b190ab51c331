"""`reference.json`, its JSON Schema, and what the references of the other editions change of it, as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..compile import plain
from ..vendored.base import Json
from ..vendored.reference import Reference
from .json_text import DRAFT, data_lines, indent_file

OVER = "over"
"""The key that names the edition which the changes lie over."""
NOT_COMPARED = (OVER, "digest")


def render_reference(reference: Reference, editions: Mapping[str, Reference]) -> dict[str, bytes]:
    """`reference.json`: the whole reference as data, with its JSON Schema.

    In `editions/` stands what the other editions change of it, one fact a line.

    So a fact that all editions share stands in one file.
    """
    whole = plain(reference)
    others = {name: plain(other) for name, other in editions.items() if name != reference.edition.id}
    files = {f"editions/{name}.json": data_lines(changes_over(whole, other)) for name, other in others.items()}
    return {
        "reference.json": indent_file(whole),
        "reference.schema.json": indent_file({"$schema": DRAFT, **Reference.model_json_schema()}),
        **{name: f"{text}\n".encode() for name, text in files.items()},
    }


def changes_over(base: Mapping[str, Json], other: Mapping[str, Json]) -> dict[str, Json]:
    """What `other` states that `base` does not, both whole references as JSON.

    Facts stand by kind and id, each of them whole, and null stands for a fact, a key, or all facts of a kind that
    `other` does not have. The digest is left out, since it changes with every fact of the base; the conformance kit
    counts it again.
    """
    changes: dict[str, Json] = {OVER: base["edition"]["id"]}
    for key in (*other, *(key for key in base if key not in other)):
        below, value = base.get(key), other.get(key)
        if below == value or key in NOT_COMPARED:
            continue
        is_facts = key != "edition" and isinstance(below, dict) and isinstance(value, dict)
        changes[key] = _changed_facts(below, value) if is_facts and value else value or None
    return changes


def _changed_facts(below: Json, facts: Json) -> dict[str, Json]:
    changed = {id_: facts.get(id_) for id_ in {**below, **facts} if below.get(id_) != facts.get(id_)}
    return dict(sorted(changed.items()))
