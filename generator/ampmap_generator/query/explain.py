"""What the spec says of one fact or field: its value, who says so, where they disagree, and which line states it."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..load.findings import Location
from ..load.pointer import covers, pointer_to, value_at
from ..load.releases import first_releases, since
from ..load.spec import Spec, SpecEntry
from ..load.yaml_nodes import Pointer
from ..vendored.base import Claim, Fact, Source, SourceRef
from ..vendored.catalogue import NOT_RELEASED, Requirement
from .lookup import FactOrField, data_of, find


class State(enum.Enum):
    """The three states of a field, and the two ways to have a value."""

    STATED = "stated"
    GIVEN = "given by the file's path"
    NONE = "known to be none"
    UNKNOWN = "not stated by the sources that were searched"
    ABSENT = "not stated by any source"


@dataclass(frozen=True)
class Part:
    """A field below what is explained."""

    name: str
    value: Any
    location: Location


@dataclass(frozen=True)
class ExplainedClaim:
    """A disagreement on what is explained, or on something around or below it."""

    claim: Claim
    location: Location


@dataclass(frozen=True)
class ExplainedSource:
    """A reference to a source, with the source itself; that is None where the id is unknown."""

    ref: SourceRef
    source: Source | None
    location: Location


@dataclass(frozen=True)
class Explanation:
    """All that the spec says of one fact or field. `edition` is the one it was looked up in.

    `formerly` is the earlier id under which a requirement was asked for, else empty. `since` is the first release that
    had the requirement; empty for other facts.
    """

    path: str
    edition: str
    state: State
    value: Any
    location: Location
    parts: tuple[Part, ...]
    claims: tuple[ExplainedClaim, ...]
    sources: tuple[ExplainedSource, ...]
    formerly: str = ""
    since: str = ""


def explain(spec: Spec, path: str, edition: str) -> Explanation:
    """Explains a fact (`models/anthropic/claude-opus-4-1-20250805`) or a field of one (`providers/groq/base_path`).

    `spec` is that of `edition`, with its layers. Raises lookup.UnknownPathError.
    """
    found = find(spec, path)
    entry, pointer = found.entry, found.pointer
    state, value = _state(found)
    return Explanation(
        path=found.path,
        edition=edition,
        state=state,
        value=value,
        location=entry.locate(pointer or ()) if found.field else entry.location,
        parts=tuple(_parts(entry, pointer, value)),
        claims=tuple(_claims(entry, found)),
        sources=tuple(_sources(spec, entry, found)),
        formerly=found.formerly,
        since=_since(spec, entry),
    )


def _since(spec: Spec, entry: SpecEntry) -> str:
    fact = spec.facts["requirements"].get(entry.key) if entry.scope == "requirements" else None
    if fact is None or not isinstance(fact.value, Requirement):
        return ""
    return since(fact.value.id, fact.value.formerly, first_releases(spec.facts["releases"].values())) or NOT_RELEASED


def _state(found: FactOrField) -> tuple[State, Any]:
    if found.pointer is None:
        return State.ABSENT, None
    value = value_at(data_of(found.entry), found.pointer)
    if found.pointer and found.pointer[0] in found.entry.injected:
        return State.GIVEN, value
    if value is None:
        return State.NONE, None
    return (State.UNKNOWN if value == "unknown" else State.STATED), value


def _parts(entry: SpecEntry, pointer: Pointer | None, value: Any) -> Iterator[Part]:
    if pointer is None or not isinstance(value, dict):
        return
    for name, below in value.items():
        if not pointer and name in ("sources", "claims"):
            continue
        yield Part(str(name), below, entry.locate((*pointer, name)))


# --- claims


def _claims(entry: SpecEntry, found: FactOrField) -> Iterator[ExplainedClaim]:
    for number, claim in enumerate(_validated(entry, "claims", Claim)):
        if _concerns(entry, claim.field, found):
            yield ExplainedClaim(claim, entry.locate(("claims", number, "field")))


def _concerns(entry: SpecEntry, field: str, found: FactOrField) -> bool:
    """Whether a field that a claim or source names is the one that was asked for, lies around it or below it."""
    if not found.field:
        return True
    data = data_of(entry)
    named = pointer_to(data, field)
    if named is not None and found.pointer is not None:
        shorter = min(len(named), len(found.pointer))
        return named[:shorter] == found.pointer[:shorter]
    asked = found.field.replace("/", ".")
    if found.pointer is not None:  # `roots.path` speaks of all items of a list together
        asked = ".".join(str(step) for step in found.pointer if not isinstance(step, int))
    return covers(field, asked) or covers(asked, field)


# --- sources


def _sources(spec: Spec, entry: SpecEntry, found: FactOrField) -> Iterator[ExplainedSource]:
    """The references that state a fact or field, and those in the claims on it.

    A part of the fact that has its own sources, such as one header of a set, is stated by these. An absent field has no
    references.
    """
    if found.pointer is None:
        return
    within = tuple(_own_sources(entry, found.pointer))
    refs = within or tuple(_stating_location(entry, found))
    claimed = {source for claim in _claims(entry, found) for source in claim.claim.says} if found.field else set()
    own = [(ref, place) for ref, place in _references(entry, ()) if ref.id in claimed and not ref.states]
    for ref, place in dict.fromkeys([*refs, *own]):
        fact = spec.facts["sources"].get(ref.id)
        source = fact.value if fact is not None and isinstance(fact.value, Source) else None
        yield ExplainedSource(ref, source, place)


def _own_sources(entry: SpecEntry, pointer: Pointer) -> Iterator[tuple[SourceRef, Location]]:
    for length in range(len(pointer), 0, -1):
        if found := tuple(_references(entry, pointer[:length])):
            yield from found
            return


def _stating_location(entry: SpecEntry, found: FactOrField) -> Iterator[tuple[SourceRef, Location]]:
    """References that name the field; where none does, those that name no field: they state all others."""
    refs = list(_references(entry, ()))
    if not found.field:
        yield from refs
        return
    named = [ref for ref in refs if any(_concerns(entry, field, found) for field in ref[0].states)]
    yield from named or [ref for ref in refs if not ref[0].states]


def _references(entry: SpecEntry, pointer: Pointer) -> Iterator[tuple[SourceRef, Location]]:
    node = entry.node.at((*pointer, "sources"))
    if node is None or not isinstance(node.value, list):
        return
    for item in node.value:
        yield SourceRef.model_validate_json(json.dumps(item.plain()), strict=True), item.location


def _validated(entry: SpecEntry, field: str, shape: type[Claim]) -> Iterator[Claim]:
    for item in entry.data.get(field) or () if issubclass(entry.kind.shape, Fact) else ():
        yield shape.model_validate_json(json.dumps(item), strict=True)


# --- formats


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as one JSON object."""
    return {
        "path": explanation.path,
        "edition": explanation.edition,
        "state": explanation.state.name.lower(),
        "value": explanation.value,
        "stated_at": _place(explanation.location),
        **({"since": explanation.since} if explanation.since else {}),
        "fields": [
            {"name": part.name, "value": part.value, "stated_at": _place(part.location)} for part in explanation.parts
        ],
        "claims": [
            {**found.claim.model_dump(mode="json"), "stated_at": _place(found.location)} for found in explanation.claims
        ],
        "sources": [
            {
                **found.ref.model_dump(mode="json"),
                "source": found.source and found.source.model_dump(mode="json", exclude={"id"}),
                "stated_at": _place(found.location),
            }
            for found in explanation.sources
        ],
    }


def _place(location: Location) -> dict[str, Any]:
    return {"file": location.file, "line": location.line, "column": location.column}


def as_text(explanation: Explanation) -> str:
    """The explanation for a terminal."""
    lines = [f"{explanation.path}  (edition {explanation.edition})"]
    if not explanation.parts:
        stated = _compact(explanation.value) if explanation.state in (State.STATED, State.GIVEN) else ""
        lines.append(f"  value      {stated or explanation.state.value}")
    lines.append(f"  stated at  {explanation.location}")
    if explanation.since:
        lines.append(f"  since      {explanation.since}")
    if explanation.parts:
        width = max(len(part.name) for part in explanation.parts)
        lines += ["", "fields"]
        lines += [f"  {part.name:{width}}  {_compact(part.value)}  ({part.location})" for part in explanation.parts]
    lines += ["", "claims"] if explanation.claims else ["", "no conflicting sources"]
    for found in explanation.claims:
        lines += [f"  {line}" for line in _claim_lines(found)]
    lines += ["", "sources"] if explanation.sources else ["", "no sources"]
    for cited in explanation.sources:
        lines += [f"  {line}" for line in _source_lines(cited)]
    return "\n".join(lines) + "\n"


def _claim_lines(found: ExplainedClaim) -> Iterator[str]:
    claim = found.claim
    yield f"{claim.field}: {claim.status}  ({found.location})"
    width = max(len(source) for source in claim.says) if claim.says else 0
    for source, value in claim.says.items():
        yield f"  {source:{width}}  says {_compact(value)}"
    yield f"  chosen   {_compact(claim.chosen)}"
    yield f"  because  {claim.because}"


def _source_lines(found: ExplainedSource) -> Iterator[str]:
    source, ref = found.source, found.ref
    about = [source.title, source.version, source.date, source.url] if source else ["no source has this id"]
    yield f"{ref.id}  {', '.join(text for text in about if text)}"
    details = {
        "at": ref.at,
        "quote": ref.quote and f'"{ref.quote}"',
        "for": ", ".join(ref.states),
        "evidence": ref.evidence,
    }
    for label, text in details.items():
        if text:
            yield f"  {label:9}{text}"
    yield f"  {'named in':9}{found.location}"


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
