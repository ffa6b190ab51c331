"""The shapes of the reference: one class per kind of thing, never one per model.

A file under `spec/` is one of these shapes without its `id`, which is the file's path; the
compiled reference is the same shapes, put together and resolved. The generated module that
users vendor contains this text, with the id aliases below narrowed to literals.

Three states are kept apart wherever a field allows them: *absent* (the sources say nothing; the
name is not in `model_fields_set`), `None` (known to be none) and `"unknown"` (looked for, and the
sources do not tell).
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler

# ids: narrowed to literals in the generated module
SourceId: TypeAlias = str
ProviderId: TypeAlias = str
DialectId: TypeAlias = str
OperationId: TypeAlias = str
ModelId: TypeAlias = str
AgentModeId: TypeAlias = str
ErrorShapeId: TypeAlias = str
# end of ids

Unknown: TypeAlias = Literal["unknown"]
Json: TypeAlias = Any
Method: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Shape(BaseModel):
    """Frozen, closed, and built on first use, so that importing stays cheap."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        """The JSON Schema, in which a field has the text below it as `description`.

        Pydantic's `use_attribute_docstrings` would read the source of every class whenever it is imported.
        """
        schema = handler(core_schema)
        described = handler.resolve_ref_schema(schema).get("properties", {})
        documented = [_docs_in(each.__module__, each.__name__) for each in cls.__mro__ if issubclass(each, Shape)]
        for name, field in cls.model_fields.items():
            shown = described.get(name, described.get(field.alias or name))
            text = next((docs[name] for docs in documented if name in docs), None)
            if shown is not None and text is not None:
                shown.setdefault("description", text)
        return schema


@cache
def _docs_in(module: str, shape: str) -> dict[str, str]:
    """By field, the texts that stand below the fields of a class; none where its module has no source."""
    try:
        body = _classes_in(module)[shape].body
    except (OSError, TypeError, KeyError):
        return {}
    found: dict[str, str] = {}
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found


@cache
def _classes_in(module: str) -> dict[str, ast.ClassDef]:
    source = inspect.getsource(sys.modules[module])
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


# --- where facts come from


class SourceRef(Shape):
    """One source's word for (some fields of) the fact that carries it."""

    id: SourceId
    at: str | None = None
    """Locator in the source: a heading, a table row, a section number."""
    states: tuple[str, ...] = ()
    """Fields that this source states; empty means every field no other reference names."""
    evidence: Literal["stated", "seen", "read", "help", "inferred"] = "stated"
    """How the source knows: `stated` in a document, `seen` on the wire, `read` in code, `help` text."""
    quote: str | None = None
    """An identifier or a few words, never a copied sentence."""


class Claim(Shape):
    """A field on which sources disagree: every value stays, one is chosen, with the reason."""

    field: str
    says: dict[SourceId, Json]
    chosen: Json
    because: str
    status: Literal["settled", "open"] = "settled"


class Fact(Shape):
    """Anything that the spec states."""

    id: str
    sources: tuple[SourceRef, ...] = ()
    claims: tuple[Claim, ...] = ()


class Lifecycle(Shape):
    """What becomes of a thing from one edition to the next; a thing without it is in use and kept its id."""

    status: Literal["active", "deprecated", "retired"] = "active"
    since: str | None = None
    """ISO date from which the status holds."""
    successor: str | Unknown | None = None
    """Id of what takes its place, where its status is not `active`; None where nothing does."""
    renamed_from: str | None = None
    """The id of the same thing in the edition that this one is laid over."""
    replaces: tuple[str, ...] = ()
    """Ids of other things in the edition that this one is laid over, whose place it took."""


class Source(Shape):
    """A document, a measurement or a piece of code that facts were read from."""

    id: SourceId
    title: str
    kind: Literal["document", "measurement", "vendor-docs", "source-code", "issue-thread"]
    version: str | None = None
    date: str | None = None
    """ISO date of publication or, for measurements, of the measuring."""
    read: str | None = None
    """ISO date on which what the facts cite of it was last read."""
    headings: tuple[str, ...] = ()
    """The headings of the document, in their order, where its text was at hand; locators name one of them."""
    url: str | None = None
    note: str | None = None


class Edition(Fact):
    """The spec as it holds for one build of the Amp client."""

    title: str
    client_build: str
    built: str
    base: str | None = None
    """The edition that this one is laid over; None for the base."""
    without: tuple[Literal["providers", "models", "agent_modes", "tools"], ...] = ()
    """Kinds of facts that this edition does not have, neither from its base nor from a company's layer."""
    summary: str
    names: dict[Literal["models", "modes", "headers", "methods", "paths"], tuple[str, ...]] = {}
    """What stands in the text of the build beside the facts, by kind; no more is known of it.

    Models are `provider/id`, methods those of `POST /api/internal?METHOD`; in paths, `{}` stands for what differs."""
    notes: tuple[str, ...] = ()
