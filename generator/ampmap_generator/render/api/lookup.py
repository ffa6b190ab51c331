"""What the site's field looks up beside routes: statuses, errors, headers, methods and rules. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from ...vendored.base import Shape
from ...vendored.reference import Reference
from ..addresses import address, platform_target, status_page, target_of
from ..header_words import concerned, when_sent
from ..statuses import METHODS, StatusFacts, mentions, status_facts
from .page_links import PageLinks


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
    remedy: str | None
    """What to change so that a proxy keeps it, in general; its page has the change for each known server."""
    page: str


class Lookup(Shape):
    """`lookup.json`: all that the site's field knows beside the routes of an edition."""

    schema_version: Literal[1] = 1
    edition: str
    statuses: dict[str, LookupStatus]
    errors: tuple[LookupPlatformError, ...]
    mentions: dict[str, tuple[str, ...]]
    """Per method and header, the requirements whose statement names it; headers in lower case."""
    rules: dict[str, LookupRule]


class EditionLookup(Shape):
    """`lookup/<edition>.json`: what of it differs from edition to edition."""

    schema_version: Literal[1] = 1
    edition: str
    headers: tuple[LookupHeader, ...]
    meanings: dict[str, tuple[LookupMeaning, ...]]
    """By status, what it means in the errors of each provider."""


def edition_lookup(reference: Reference, shown: Reference) -> EditionLookup:
    """What the field knows beside the routes of `reference`; links lead to the pages of `shown`."""
    pages = PageLinks(reference, shown)
    return EditionLookup(
        schema_version=1,
        edition=reference.edition.id,
        headers=tuple(_headers(reference, pages)),
        meanings={str(facts.status): _meanings(facts, pages) for facts in status_facts(reference) if facts.meanings},
    )


def lookup(reference: Reference, editions: Mapping[str, Reference]) -> Lookup:
    """What the field of the site that shows `reference` knows beside routes, whichever of `editions` is asked."""
    sets = (header_set for each in editions.values() for header_set in each.headers.values())
    names = dict.fromkeys(header.name.lower() for header_set in sets for header in header_set.headers)
    return Lookup(
        schema_version=1,
        edition=reference.edition.id,
        statuses={str(facts.status): _status(facts) for facts in status_facts(reference)},
        errors=tuple(_errors(reference)),
        mentions=mentions(reference, (*METHODS, *names)),
        rules={
            key: LookupRule(
                level=each.level,
                statement=each.statement,
                remedy=each.remedy,
                page=address(target_of("requirements", key)),
            )
            for key, each in reference.requirements.items()
        },
    )


def _meanings(facts: StatusFacts, pages: PageLinks) -> tuple[LookupMeaning, ...]:
    return tuple(
        LookupMeaning(
            shape=shape.display_name,
            providers=providers,
            type=row.type,
            code=row.code,
            meaning=row.meaning,
            page=pages.status(shape.id, facts.status),
        )
        for shape, providers, row in facts.meanings
    )


def _status(facts: StatusFacts) -> LookupStatus:
    return LookupStatus(
        phrase=facts.phrase,
        page=address(status_page(facts.status)),
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


def _headers(reference: Reference, pages: PageLinks) -> Iterator[LookupHeader]:
    for key, header_set in reference.headers.items():
        for header in header_set.headers:
            yield LookupHeader(
                name=header.name,
                role=header_set.role,
                title=header_set.display_name,
                value=header.value,
                when=when_sent(header),
                note=header.note,
                providers=concerned(header_set, header),
                page=pages.of("headers", key),
            )


def _known(text: str | None) -> str | None:
    return None if text in (None, "unknown") else text
