"""What the route finder of the site looks up: every name and every path of an edition, with its answer. Pure.

The answers are those of `routing.route`; the script on the page matches what is typed and joins paths to `amp.url`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from ...query.timelines import other_names
from ...vendored.base import Json, Shape
from ...vendored.catalogue import Header, HeaderSet
from ...vendored.names import NameKind
from ...vendored.reference import Reference
from ...vendored.routing import CREDENTIAL_HEADERS, MODEL_SLOT, Call, calls, find_call, route
from ...vendored.wire import Provider
from ..addresses import address
from .finder_names import names_elsewhere
from .page_links import PageLinks

RULES: Final = (
    "routing.reaches-upstream",
    "routing.method-and-path",
    "auth.accepts-credential",
    "auth.missing-credential-rejected",
    "headers.client-credential-replaced",
    "headers.upstream-credential-set",
    "routing.body-kept",
    "routing.answer-relayed",
    "errors.upstream-status-relayed",
)
"""Requirements that hold for every model call, in the order in which a proxy meets them."""

STREAM_RULES: Final = ("routing.stream-relayed", "streaming.flushed")
"""Requirements that hold where the operation has a stream."""

MANAGEMENT_RULES: Final = {
    "client-key": (
        "management.forwarded",
        "management.refuses-without-credential",
        "management.credential-replaced",
        "management.amp-key-set",
    ),
    "open": ("management.forwarded", "management.open-pages-carry-no-key"),
    "unknown": ("management.forwarded", "management.credential-replaced"),
}
"""Requirements that hold for a management path, by what it asks for."""


class FinderHeader(Shape):
    """A header that the client sends. `value` may hold `{api_key}`, `{thread_id}`, `{message_id}`."""

    name: str
    value: str | None
    presence: Literal["always", "when-available", "conditional"]
    condition: str | None


class FinderProvider(Shape):
    """A provider, and what is the same for all of its calls."""

    title: str
    via_proxy: bool
    base: str
    """Path below `amp.url`, or full URL where calls bypass it."""
    warning: str | None
    client_carriers: tuple[str, ...]
    """Headers in which the client's key arrives."""
    placeholder_carriers: tuple[str, ...]
    upstream_carrier: str
    """Header in which the provider takes its key."""
    key_variable: str
    """Environment variable that holds the client's key."""
    requires: tuple[str, ...]
    headers: tuple[FinderHeader, ...]
    page: str


class FinderCall(Shape):
    """An operation of a provider in one of its forms, with `{model}` where the path names the model."""

    provider: str
    operation: str
    dialect: str
    method: str
    path: str
    upstream: str | None
    """URL at the provider; None if no source states its address."""
    stream: Literal["never", "body", "path"]
    """Whether the form is a stream: `body` may be asked to be one by a field, `path` is always one."""
    used_by: str | None


class FinderOperation(Shape):
    """An operation of a dialect, with the smallest body that it takes."""

    summary: str
    body: Json
    """`{model}` and `{text}` stand for the model's id and the message; None where there is no body."""
    stream_field: str | None
    headers: dict[str, str]
    rules: tuple[str, ...]
    page: str


class FinderAnswer(Shape):
    """Where a model, an agent mode or a tool goes, as `ampmap route` says."""

    kind: NameKind
    name: str
    title: str
    tiers: tuple[tuple[str, ...], ...]
    """What it may be called: names of an earlier tier win over those of a later one."""
    provider: str
    model: str
    wire_model: str
    operation: str
    dialect: str
    method: str
    path: str
    """Below `amp.url`, or the full URL where the call bypasses it."""
    stream_path: str | None
    """The same for a stream, where it has a path of its own."""
    upstream: str | None
    """URL at the provider; None if no source states its address."""
    stream_upstream: str | None
    """The same for a stream, where it has a path of its own."""
    sdk: str
    limits: str | None
    """Those of the model in words, where the edition states them."""
    page: str
    warning: str | None


class FinderManagement(Shape):
    """A family of paths that a proxy forwards to Amp's own servers."""

    patterns: tuple[str, ...]
    """`/x/*` means everything below `/x/`."""
    purpose: str
    authentication: Literal["client-key", "open", "unknown"]
    rules: tuple[str, ...]
    page: str


class FinderRule(Shape):
    """A requirement."""

    level: str
    statement: str
    page: str


class FinderHosted(Shape):
    """A mode of which Amp's own servers call the model."""

    models: tuple[str, ...]
    """The usual one first, then those that take its place."""
    page: str


class Finder(Shape):
    """`finder/<edition>.json`: all that the route finder knows of an edition."""

    schema_version: Literal[1] = 1
    edition: str
    built: str
    amp_url: str
    """What `amp.url` is by default."""
    answers: tuple[FinderAnswer, ...]
    calls: tuple[FinderCall, ...]
    providers: dict[str, FinderProvider]
    operations: dict[str, FinderOperation]
    """By `<dialect>/<operation>`."""
    management: dict[str, FinderManagement]
    rules: dict[str, FinderRule]
    hosted: dict[str, FinderHosted]
    """Agent modes of which Amp's own servers call the model, by name."""
    elsewhere: dict[str, str]
    """Per name that this edition does not have, in lower case, the newest edition that has it."""


def finder(reference: Reference, shown: Reference, newest: Mapping[str, str]) -> Finder:
    """The finder's knowledge of `reference`; its links lead to the pages of `shown`, the edition of the site.

    `newest` is what `finder_names.newest_with_name` says of all editions.

    What only another edition has is linked to that edition's page.
    """
    pages = PageLinks(reference, shown)
    rules = {*RULES, *STREAM_RULES, *(rule for known in MANAGEMENT_RULES.values() for rule in known)}
    return Finder(
        schema_version=1,
        edition=reference.edition.id,
        built=reference.edition.built,
        amp_url=_default_amp_url(reference),
        answers=tuple(_answers(reference, pages)),
        calls=tuple(call for provider in reference.providers.values() for call in _calls(reference, provider)),
        providers={key: _provider(reference, provider, pages) for key, provider in reference.providers.items()},
        operations=dict(_operations(reference, pages)),
        management={
            key: FinderManagement(
                patterns=each.paths,
                purpose=each.purpose,
                authentication=each.authentication,
                rules=_rules_in(reference, MANAGEMENT_RULES[each.authentication]),
                page=pages.of("management", key),
            )
            for key, each in reference.management.items()
        },
        rules={
            key: FinderRule(level=each.level, statement=each.statement, page=pages.of("requirements", key))
            for key, each in reference.requirements.items()
            if key in rules
        },
        hosted={
            mode.name: FinderHosted(models=mode.models, page=address(f"editions/{reference.edition.id}.md"))
            for mode in reference.hosted_modes.values()
        },
        elsewhere=names_elsewhere(reference, newest),
    )


def _default_amp_url(reference: Reference) -> str:
    setting = reference.settings.get("amp.url")
    return str(setting.default) if setting is not None and setting.default not in (None, "unknown") else ""


def _rules_in(reference: Reference, rules: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(rule for rule in rules if rule in reference.requirements)


# --- names


def _answers(reference: Reference, pages: PageLinks) -> Iterator[FinderAnswer]:
    for key, mode in reference.agent_modes.items():
        tiers: tuple[tuple[str, ...], ...] = ((mode.name, mode.id), (), (), ())
        yield _answer(reference, mode.name, mode.name, tiers, pages.of("agent_modes", key), mode.warning)
    for key, model in reference.models.items():
        tiers = ((), (key,), (model.id,), other_names(model))
        yield _answer(reference, key, model.display_name, tiers, pages.of("models", key), None)
    for key, tool in reference.tools.items():
        tiers = ((), (), (), (key, tool.display_name))
        yield _answer(reference, key, tool.display_name, tiers, pages.of("tools", key), None)


def _answer(
    reference: Reference, query: str, title: str, tiers: tuple[tuple[str, ...], ...], page: str, warning: str | None
) -> FinderAnswer:
    found = route(query, reference=reference)
    provider = reference.providers[found.provider]
    call = find_call(provider, found.operation, reference=reference)
    switch = call.operation.stream
    has_path = switch is not None and switch.by == "path"
    known = provider.upstream != "unknown"
    return FinderAnswer(
        kind=found.kind,
        name=found.model if found.kind == "model" else query,
        title=title,
        tiers=tiers,
        provider=found.provider,
        model=found.model,
        wire_model=found.wire_model,
        operation=found.operation,
        dialect=found.dialect,
        method=found.method,
        path=call.path(found.wire_model),
        stream_path=call.path(found.wire_model, stream=True) if has_path else None,
        upstream=call.upstream_url(found.wire_model) if known else None,
        stream_upstream=call.upstream_url(found.wire_model, stream=True) if known and has_path else None,
        sdk=found.sdk,
        limits=found.limits.in_words if found.limits else None,
        page=page,
        warning=warning,
    )


# --- calls


def _provider(reference: Reference, provider: Provider, pages: PageLinks) -> FinderProvider:
    return FinderProvider(
        title=provider.display_name,
        via_proxy=provider.via_proxy,
        base=(provider.base_path if provider.via_proxy else provider.base_url) or "",
        warning=provider.warning,
        client_carriers=tuple(CREDENTIAL_HEADERS[carrier] for carrier in provider.client_credentials),
        placeholder_carriers=tuple(CREDENTIAL_HEADERS[carrier] for carrier in provider.placeholder_credentials),
        upstream_carrier=CREDENTIAL_HEADERS[provider.upstream_credential],
        key_variable=_key_variable(reference, provider),
        requires=provider.requires,
        headers=tuple(_headers(reference, provider)),
        page=pages.of("providers", provider.id),
    )


def _key_variable(reference: Reference, provider: Provider) -> str:
    """The environment variable that a provider's calls need, by default the one that holds Amp's own key."""
    for name in provider.requires:
        if name in reference.settings and reference.settings[name].kind == "environment":
            return name
    return "AMP_API_KEY"


def _headers(reference: Reference, provider: Provider) -> Iterator[FinderHeader]:
    """What the client's own headers are on this provider's calls; credentials are listed separately."""
    carriers = {header.lower() for header in CREDENTIAL_HEADERS.values()}
    seen = set[str]()
    for header_set in reference.headers.values():
        if header_set.role != "client-sends" or not concerns(header_set, provider):
            continue
        for header in header_set.headers:
            name = header.name.lower()
            if name in carriers or name in seen or not _is_of(header, provider):
                continue
            seen.add(name)
            yield FinderHeader(
                name=header.name, value=header.value, presence=header.presence, condition=header.condition
            )


def concerns(header_set: HeaderSet, provider: Provider) -> bool:
    """Whether a set of headers is about the model calls of a provider."""
    passed = header_set.applies_to in ("all", "via-proxy" if provider.via_proxy else "direct")
    return passed and (not header_set.providers or provider.id in header_set.providers)


def _is_of(header: Header, provider: Provider) -> bool:
    return not header.providers or provider.id in header.providers


def _calls(reference: Reference, provider: Provider) -> Iterator[FinderCall]:
    for call in calls(provider, reference=reference):
        for root in provider.roots:
            for stream in _forms(call):
                upstream = call.upstream_url(MODEL_SLOT, stream=stream == "path", root=root)
                yield FinderCall(
                    provider=provider.id,
                    operation=call.id,
                    dialect=call.dialect,
                    method=call.operation.method,
                    path=call.path(MODEL_SLOT, stream=stream == "path", root=root).replace(MODEL_SLOT, "{model}"),
                    upstream=None if provider.upstream == "unknown" else upstream.replace(MODEL_SLOT, "{model}"),
                    stream=stream,
                    used_by=root.used_by,
                )


def _forms(call: Call) -> tuple[Literal["never", "body", "path"], ...]:
    switch = call.operation.stream
    if switch is None:
        return ("never",)
    return ("body",) if switch.by == "body" else ("never", "path")


def _operations(reference: Reference, pages: PageLinks) -> Iterator[tuple[str, FinderOperation]]:
    for dialect, endpoint in reference.endpoints.items():
        for name, operation in endpoint.operations.items():
            switch = operation.stream
            yield (
                f"{dialect}/{name}",
                FinderOperation(
                    summary=operation.summary,
                    body=operation.request,
                    stream_field=switch.field if switch is not None and switch.by == "body" else None,
                    headers=endpoint.request_headers,
                    rules=_rules_in(reference, RULES + (STREAM_RULES if switch is not None else ())),
                    page=pages.operation(dialect, name),
                ),
            )
