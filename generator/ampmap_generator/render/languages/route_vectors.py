"""Questions to `route` with their answers, by which modules of every language and other ports are tested. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from ...query.timelines import names_of
from ...vendored.base import Shape
from ...vendored.catalogue import Limits
from ...vendored.names import (
    AmbiguousNameError,
    HostedModeError,
    NameKind,
    UnknownNameError,
    UnknownOperationError,
)
from ...vendored.reference import Reference
from ...vendored.routing import DEFAULT_AMP_URL, Route, route
from ..json_text import DRAFT, compact, indent_file

FILE = "route-vectors.json"
SCHEMA = "route-vectors.schema.json"

AMP_URLS = (
    "https://proxy.example",
    "http://127.0.0.1:8317/",
    "https://proxy.example:443/below/this?x=1#y",
    "http://[::1]:8080",
    " https://user:word@Proxy.Example:8443 ",
    "ftp://proxy.example",
    "proxy.example",
    "",
)
"""Values of `amp.url`, of which the last three are not URLs of a proxy."""


class RouteQuestion(Shape):
    """What `route` is asked."""

    query: str
    amp_url: str = DEFAULT_AMP_URL
    operation: str | None = None
    """None for the usual one."""
    provider: str | None = None
    """None for any."""
    stream: bool = False


class RouteAnswer(Shape):
    """What `route` answers, as far as it depends on the question and not on the provider alone."""

    kind: NameKind
    provider: str
    model: str
    wire_model: str
    operation: str
    dialect: str
    method: str
    url: str
    base_url: str
    via_proxy: bool
    limits: Limits | None
    """Those of the model; None where the edition states none."""


class RouteRefusal(Shape):
    """Why `route` has no answer."""

    code: Literal["unknown-name", "ambiguous-name", "hosted-mode", "unknown-operation", "invalid-argument"]
    suggestions: tuple[str, ...] = ()
    """What to write instead. Near names of an unknown one are not compared: how near they are is each port's choice."""


class RouteVector(Shape):
    """A question to `route` of one edition; it has either an answer or an error."""

    edition: str
    question: RouteQuestion
    answer: RouteAnswer | None = None
    error: RouteRefusal | None = None


class RouteVectors(Shape):
    """`route-vectors.json`."""

    schema_version: Literal[1] = 1
    vectors: tuple[RouteVector, ...]


def route_vectors(editions: Mapping[str, Reference]) -> RouteVectors:
    """The vectors of all editions."""
    return RouteVectors(
        vectors=tuple(
            _vector(reference, question) for reference in editions.values() for question in _questions(reference)
        )
    )


def render_route_vectors(editions: Mapping[str, Reference]) -> dict[str, bytes]:
    """`route-vectors.json`, one vector a line, and its JSON Schema, by file name."""
    made = route_vectors(editions)
    lines = ",\n".join(compact(vector.model_dump(mode="json", exclude_unset=True)) for vector in made.vectors)
    return {
        FILE: f'{{"schema_version":1,"vectors":[\n{lines}\n]}}\n'.encode(),
        SCHEMA: indent_file({"$schema": DRAFT, **RouteVectors.model_json_schema()}),
    }


def _questions(reference: Reference) -> Iterator[RouteQuestion]:
    """Every name as it is and written otherwise; then what differs for a provider: streams, operations, free models."""
    names = list(dict.fromkeys(names_of(reference)))
    for name in names:
        yield RouteQuestion(query=name)
        yield RouteQuestion(query=f" {name.upper().replace('-', ' ')}.")
        yield RouteQuestion(query=name, stream=True)
    for provider in reference.providers.values():
        yield RouteQuestion(query="a model/that is new", provider=provider.id)
        yield RouteQuestion(query=f"{provider.display_name}: it's (new)*!")
        yield RouteQuestion(query="x", provider=provider.id, operation="no-such-operation")
        for name in names[:1]:
            yield RouteQuestion(query=name, provider=provider.display_name.upper())
        for dialect, operations in provider.operations.items():
            for operation in operations:
                aliases = reference.endpoints[dialect].operations[operation].aliases
                for asked in (operation, *aliases):
                    yield RouteQuestion(query="x", provider=provider.id, operation=asked)
                yield RouteQuestion(query="x", provider=provider.id, operation=operation, stream=True)
        if provider.setting is not None and (setting := reference.settings.get(provider.setting)) is not None:
            for value in (*setting.values, "another value"):
                yield RouteQuestion(query=f"{provider.setting} = '{value}'")
    for mode in reference.hosted_modes.values():
        yield RouteQuestion(query=mode.name.upper())
    for amp_url in AMP_URLS:
        yield RouteQuestion(query=names[0] if names else "any", amp_url=amp_url)
    for query in ("no-such-name", "", "-", ":", "no-such-provider:x", "toString"):
        yield RouteQuestion(query=query)
    yield RouteQuestion(query="x", provider="no-such-provider")


def _vector(reference: Reference, question: RouteQuestion) -> RouteVector:
    try:
        found = route(**dict(question), reference=reference)
    except (LookupError, ValueError) as error:
        return RouteVector(edition=reference.edition.id, question=question, error=_refusal(error))
    return RouteVector(edition=reference.edition.id, question=question, answer=_answer(found))


def _answer(found: Route) -> RouteAnswer:
    return RouteAnswer(**{name: getattr(found, name) for name in RouteAnswer.model_fields})


def _refusal(error: Exception) -> RouteRefusal:
    match error:
        case AmbiguousNameError():
            return RouteRefusal(code="ambiguous-name", suggestions=error.suggestions)
        case UnknownOperationError():
            return RouteRefusal(code="unknown-operation", suggestions=error.suggestions)
        case UnknownNameError():
            return RouteRefusal(code="unknown-name")
        case HostedModeError():
            return RouteRefusal(code="hosted-mode")
        case _:
            return RouteRefusal(code="invalid-argument")
