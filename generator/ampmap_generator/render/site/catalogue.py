"""Pages of the routing map, models, agent modes and tools."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from ...query.scope import builds_in_words, freshness_in_words, is_proxied
from ...vendored.base import Json
from ...vendored.catalogue import AgentMode, Model, Tool
from ...vendored.editions import NEWEST_PROXIED, KnownEdition, edition_meant
from ...vendored.lookups import lookups
from ...vendored.names import find_model
from ...vendored.reference import Reference
from ...vendored.routing import MODEL_SLOT, Call, find_call
from ...vendored.wire import Provider
from ..addresses import anchor
from ..markdown import NONE, UNKNOWN, Table, code, codes, prose
from ..pictures.routing_map import map_picture
from .editions import switch
from .facts import FactSection, Field, Page, Shelf, code_value, source_path
from .wire import base_of, client_call, full_address, passage


def catalogue_pages(reference: Reference, editions: Mapping[str, Reference]) -> Iterator[Page]:
    """The front page, and the pages of models, agent modes and tools."""
    yield _routing_map(reference, editions)
    yield _models_index(reference)
    for provider in reference.providers.values():
        yield _models(reference, provider)
    yield _agent_modes(reference)
    yield _tools(reference)


# --- the routing map


def _routing_map(reference: Reference, editions: Mapping[str, Reference]) -> Page:
    shelf = Shelf(reference, "index.md")
    values: dict[str, object] = {
        "switch": switch(shelf, editions, reference.edition.id) if len(editions) > 1 else "",
        "picture": map_picture(reference),
        "scope": prose(builds_in_words(editions.values())),
        "fresh": prose(freshness_in_words(reference)),
        "edition": _asked_first(editions),
        "shown": f"{code(reference.edition.id)} ({reference.edition.built})",
        "rules": len(reference.requirements),
        "editions": json.dumps([[name, each.edition.built] for name, each in editions.items()]),
        "routes": Table(
            ("Model", "Provider", "Full path on the proxy", "Operation", "Id on the wire", "Sources"),
            tuple(_route_row(shelf, key, model) for key, model in reference.models.items()),
        ),
        "summary": Table(("Provider", "Models", "Passes `amp.url`", "Base", "Sources"), summary(shelf)),
        "modes": _modes_table(shelf),
        "bypassing": ", ".join(
            shelf.to("models", key, code(m.id))
            for key, m in reference.models.items()
            if not _provider_of(shelf, m).via_proxy
        ),
    }
    folders = ("spec/models/", "spec/providers/", "spec/agent_modes/")
    title = "Where the Amp coding agent sends each model"
    return Page(shelf.here, "index", title, folders, values, scripts=_FINDER)


_FINDER: Final = tuple(
    f"finder{name}" for name in ("-read", "-core", "-answer", "-code", "-parts", "-cards", "-causes", "")
)


def _asked_first(editions: Mapping[str, Reference]) -> str:
    """The edition that the finder answers for, unless the reader chooses: the newest that sends calls to a proxy."""
    known = [KnownEdition(name, each.edition.built, is_proxied(each)) for name, each in editions.items()]
    return edition_meant(NEWEST_PROXIED, known) or list(editions)[-1]


def _provider_of(shelf: Shelf, model: Model) -> Provider:
    return shelf.reference.providers[model.provider]


def _route_row(shelf: Shelf, key: str, model: Model) -> tuple[str, ...]:
    provider = _provider_of(shelf, model)
    wire = model.wire_id or model.id
    call = find_call(provider, reference=shelf.reference)
    return (
        shelf.to("models", key, code(model.id)),
        shelf.to("providers", provider.id, prose(provider.display_name)),
        f"{call.operation.method} {code(call.path(wire))}{'' if provider.via_proxy else ' (**bypasses the proxy**)'}",
        shelf.link(code(call.id), f"endpoints/{call.dialect}.md#{anchor(call.id)}"),
        code(wire) if model.wire_id else "",
        shelf.marks(model),
    )


def summary(shelf: Shelf) -> tuple[tuple[str, ...], ...]:
    """Models per provider that takes the calls: a provider served through another counts as that one."""
    reference = shelf.reference
    takers = {p.id: p.served_through or p.id for p in reference.providers.values()}
    counts = Counter(takers[model.provider] for model in reference.models.values())
    serving = [p for p in reference.providers.values() if takers[p.id] == p.id]
    return tuple(
        (
            shelf.to("providers", p.id, prose(p.display_name)),
            str(counts[p.id]),
            passage(p),
            code(base_of(p)),
            shelf.marks(p),
        )
        for p in sorted(serving, key=lambda p: (not p.via_proxy, -counts[p.id], p.id))
    )


# --- models


_MODEL_FIELDS: tuple[Field, ...] = (
    ("id", "Id", code_value),
    ("wire_id", "Id on the wire", code_value),
    ("aliases", "Aliases", code_value),
    ("default_for", "Default for", code_value),
    ("used_in", "Used in", code_value),
)


def _models_index(reference: Reference) -> Page:
    shelf = Shelf(reference, "models/index.md")
    rows = tuple(
        (
            shelf.to("models", key, code(m.id)),
            prose(m.display_name),
            shelf.to("providers", m.provider),
            codes(m.default_for) if m.default_for else "",
            ", ".join(shelf.to("agent_modes", mode.id, code(mode.name)) for mode in _modes_led_by(shelf, m)),
            shelf.marks(m),
        )
        for key, m in reference.models.items()
    )
    table = Table(("Model", "Name", "Provider", "Default for", "Primary model of agent mode", "Sources"), rows)
    return Page(shelf.here, "models_index", "Models", ("spec/models/",), {"table": table, "count": len(rows)})


def _modes_led_by(shelf: Shelf, model: Model) -> tuple[AgentMode, ...]:
    modes = shelf.reference.agent_modes.values()
    return tuple(m for m in modes if find_model(m.model, m.provider, reference=shelf.reference) is model)


def _models(reference: Reference, provider: Provider) -> Page:
    shelf = Shelf(reference, f"models/{provider.id}.md")
    entries = tuple(_model(shelf, f"{m.provider}/{m.id}", m) for m in lookups(reference).models_of(provider.id))
    values: dict[str, object] = {
        "entries": entries,
        "provider": shelf.to("providers", provider.id, prose(provider.display_name)),
        "bypasses": not provider.via_proxy,
    }
    title = f"{provider.display_name} models"
    return Page(shelf.here, "models", title, (f"spec/models/{provider.id}.yaml",), values)


def _model(shelf: Shelf, key: str, model: Model) -> FactSection:
    provider = _provider_of(shelf, model)
    call = find_call(provider, reference=shelf.reference)
    rows = [
        ("Route", f"{call.operation.method} {code(full_address(provider, call.path(model.wire_id or model.id)))}"),
        ("Operation", shelf.link(code(call.id), f"endpoints/{call.dialect}.md#{anchor(call.id)}")),
        ("Headers, curl and duties", shelf.finder(key)),
        (
            "Primary model of agent mode",
            ", ".join(shelf.to("agent_modes", m.id, code(m.name)) for m in _modes_led_by(shelf, model)),
        ),
        ("Called by tool", ", ".join(shelf.to("tools", t.id, prose(t.display_name)) for t in _callers(shelf, model))),
        *((f"At {prose(_platform_name(shelf, name))}", _offer(shelf, name, model)) for name in model.platforms),
    ]
    if model.limits:
        rows.append(("Limits", prose(model.limits.in_words)))
    return shelf.entry(
        f"models/{key}",
        model,
        _MODEL_FIELDS,
        title=prose(model.display_name),
        rows=tuple((label, value) for label, value in rows if value),
    )


def _callers(shelf: Shelf, model: Model) -> tuple[Tool, ...]:
    tools = shelf.reference.tools.values()
    return tuple(tool for tool in tools if (tool.default_model, tool.provider) == (model.id, model.provider))


def _platform_name(shelf: Shelf, platform: str) -> str:
    known = shelf.reference.platforms.get(platform)
    return known.about.display_name if known else platform


def _offer(shelf: Shelf, platform: str, model: Model) -> str:
    offer = model.platforms[platform]
    text = f"{code(offer.id)} of provider {code(offer.provider)}"
    known = shelf.reference.platforms.get(platform)
    return shelf.link(text, f"platforms/{platform}/models.md") if known and known.models else text


# --- agent modes and tools


def _modes_table(shelf: Shelf) -> Table:
    rows = []
    for mode in shelf.reference.agent_modes.values():
        provider = shelf.reference.providers[mode.provider]
        model = find_model(mode.model, mode.provider, reference=shelf.reference)
        call = find_call(provider, mode.operation, reference=shelf.reference)
        rows.append(
            (
                shelf.to("agent_modes", mode.id, code(mode.name)),
                shelf.to("models", f"{model.provider}/{model.id}", code(mode.model)),
                shelf.to("providers", provider.id),
                code(mode.endpoint),
                code(call.id),
                passage(provider),
                shelf.marks(mode),
            )
        )
    head = ("Agent mode", "Primary model", "Provider", "Endpoint", "Operation", "Passes the proxy", "Sources")
    return Table(head, tuple(rows))


def _agent_modes(reference: Reference) -> Page:
    shelf = Shelf(reference, "agent-modes.md")
    entries = tuple(_agent_mode(shelf, mode) for mode in reference.agent_modes.values())
    values: dict[str, object] = {"table": _modes_table(shelf), "entries": entries}
    return Page(shelf.here, "agent_modes", "Agent modes", ("spec/agent_modes/",), values, weight=3)


def _agent_mode(shelf: Shelf, mode: AgentMode) -> FactSection:
    provider = shelf.reference.providers[mode.provider]
    model = find_model(mode.model, mode.provider, reference=shelf.reference)
    call = find_call(provider, mode.operation, reference=shelf.reference)
    rows = (
        ("Primary model", shelf.to("models", f"{model.provider}/{model.id}", code(mode.model))),
        ("Provider", shelf.to("providers", provider.id, prose(provider.display_name))),
        ("Endpoint", code(mode.endpoint)),
        ("Call", f"{call.operation.method} {code(full_address(provider, call.path(model.wire_id or model.id)))}"),
        ("Headers, curl and duties", shelf.finder(mode.name)),
    )
    return shelf.entry(f"agent_modes/{mode.id}", mode, (), title=code(mode.name), rows=rows)


_TOOL_FIELDS: tuple[Field, ...] = (("endpoint", "Endpoint", code_value),)


def _tools(reference: Reference) -> Page:
    shelf = Shelf(reference, "tools.md")
    entries = tuple(_tool(shelf, tool) for tool in reference.tools.values())
    return Page(shelf.here, "entries", "Tools", ("spec/tools/",), {"intro": "tools", "entries": entries})


def _tool(shelf: Shelf, tool: Tool) -> FactSection:
    provider = shelf.reference.providers[tool.provider]
    call = find_call(provider, tool.operation, reference=shelf.reference)
    rows: list[tuple[str, str]] = [
        ("Default model", _tool_model(shelf, tool)),
        ("Provider", shelf.to("providers", provider.id, prose(provider.display_name))),
        ("Operation", shelf.link(code(tool.operation), f"endpoints/{tool.dialect}.md#{anchor(tool.operation)}")),
        ("Call", f"{call.operation.method} {_tool_url(provider, call, tool)}"),
        *client_call(tool.client_call),
        *((code(name), _parameter(value)) for name, value in tool.parameters.items()),
        ("Stated in", code(source_path("tools", tool.id))),
    ]
    if "setting" in tool.model_fields_set:
        rows.insert(0, ("Setting", shelf.to_name("settings", tool.setting) if tool.setting else NONE))
    lists = (("The call", tuple(prose(note) for note in tool.client_call.notes)),) if tool.client_call else ()
    title = prose(tool.display_name)
    return shelf.entry(f"tools/{tool.id}", tool, _TOOL_FIELDS, title=title, rows=tuple(rows), lists=lists)


def _tool_model(shelf: Shelf, tool: Tool) -> str:
    if tool.default_model is None:
        return "that of the agent mode"
    if tool.default_model == "unknown":
        return UNKNOWN
    return shelf.to_name("models", f"{tool.provider}/{tool.default_model}", code(tool.default_model))


def _tool_url(provider: Provider, call: Call, tool: Tool) -> str:
    model = tool.default_model if tool.default_model != "unknown" else None
    return code(full_address(provider, call.path(model or MODEL_SLOT)).replace(MODEL_SLOT, "{model}"))


def _parameter(value: Json) -> str:
    return " or ".join(code(str(item)) for item in value) if isinstance(value, list | tuple) else code_value(value)
