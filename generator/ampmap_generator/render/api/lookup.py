"""What the site's field looks up beside routes: statuses, errors, headers, methods and rules. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from ...vendored.base import Shape
from ...vendored.catalogue import Header, HeaderSet
from ...vendored.reference import Reference
from ..addresses import address, platform_target, status_page, target_of
from ..statuses import StatusFacts, mentions, status_facts

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class LookupMeaning(Shape):
    """What a provider means by a status."""

    shape: str
    """Name of the error's shape."""
    providers: tuple[str, ...]
    type: str | None
    code: str | None
    meaning: str | None
    page: str


class LookupStatus(Shape):
    """A status of an error."""

    phrase: str
    page: str
    meanings: tuple[LookupMeaning, ...]
    suspects: tuple[str, ...]
    """Requirements that a proxy may break when it answers a right call so."""
    answers: tuple[str, ...]
    """Requirements by which a proxy itself answers so, or must not."""
    relays: tuple[str, ...]
    """Requirements on any status that an upstream answers with."""


class LookupPlatformError(Shape):
    """An error that a platform documents by code or by message."""

    platform: str
    code: str | None
    message: str | None
    """`{name}` stands for what differs."""
    meaning: str
    remedy: str
    status: int | None
    page: str


class LookupHeader(Shape):
    """A header, in one of the sets that have it."""

    name: str
    role: str
    title: str
    value: str | None
    when: str
    note: str | None
    providers: tuple[str, ...]
    """Those that it concerns; none for all."""
    page: str


class LookupRule(Shape):
    """A requirement."""

    level: str
    statement: str
    page: str


class Lookup(Shape):
    """`lookup.json`: all that the site's field knows beside the routes of an edition."""

    schema_version: Literal[1] = 1
    edition: str
    statuses: dict[str, LookupStatus]
    errors: tuple[LookupPlatformError, ...]
    headers: tuple[LookupHeader, ...]
    mentions: dict[str, tuple[str, ...]]
    """Per method and header, the requirements whose statement names it; headers in lower case."""
    rules: dict[str, LookupRule]


def lookup(reference: Reference) -> Lookup:
    """What the field of the site that shows `reference` knows beside routes."""
    headers = tuple(_headers(reference))
    names = dict.fromkeys(header.name.lower() for header in headers)
    return Lookup(
        schema_version=1,
        edition=reference.edition.id,
        statuses={str(facts.status): _status(facts) for facts in status_facts(reference)},
        errors=tuple(_errors(reference)),
        headers=headers,
        mentions=mentions(reference, (*METHODS, *names)),
        rules={
            key: LookupRule(level=each.level, statement=each.statement, page=address(target_of("requirements", key)))
            for key, each in reference.requirements.items()
        },
    )


def _status(facts: StatusFacts) -> LookupStatus:
    return LookupStatus(
        phrase=facts.phrase,
        page=address(status_page(facts.status)),
        meanings=tuple(
            LookupMeaning(
                shape=shape.display_name,
                providers=providers,
                type=row.type,
                code=row.code,
                meaning=row.meaning,
                page=address(f"{target_of('error_shapes', shape.id)}#{facts.status}"),
            )
            for shape, providers, row in facts.meanings
        ),
        suspects=facts.suspects,
        answers=facts.answers,
        relays=facts.relays,
    )


def _errors(reference: Reference) -> Iterator[LookupPlatformError]:
    for name, platform in reference.platforms.items():
        for key, error in platform.errors.items():
            yield LookupPlatformError(
                platform=platform.about.display_name,
                code=_known(error.code),
                message=_known(error.message),
                meaning=error.raised_when,
                remedy=error.remedy,
                status=error.http_status if isinstance(error.http_status, int) else None,
                page=address(platform_target(name, "errors", key)),
            )


def _headers(reference: Reference) -> Iterator[LookupHeader]:
    for key, header_set in reference.headers.items():
        for header in header_set.headers:
            yield LookupHeader(
                name=header.name,
                role=header_set.role,
                title=header_set.display_name,
                value=header.value,
                when=_when(header),
                note=header.note,
                providers=_concerned(header_set, header),
                page=address(target_of("headers", key)),
            )


def _concerned(header_set: HeaderSet, header: Header) -> tuple[str, ...]:
    return tuple(header.providers or header_set.providers)


def _when(header: Header) -> str:
    return header.condition or header.presence.replace("-", " ")


def _known(text: str | None) -> str | None:
    return None if text in (None, "unknown") else text
