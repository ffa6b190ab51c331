"""A page for each provider of a platform: what it offers, its set-up, its commands, and what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...vendored.platforms import Platform, PlatformError, PlatformProvider, Setup
from ...vendored.reference import Reference
from ..addresses import platform_target
from ..markdown import Table, code, codes, prose, value_text
from .facts import FactSection, Field, Page, Shelf, code_value, yes_or_no

_FIELDS: tuple[Field, ...] = (
    ("id", "Provider id", code_value),
    ("config_namespace", "Configuration namespace", code_value),
    ("requires_endpoint", "Needs an endpoint", yes_or_no),
    ("default_endpoint", "Default endpoint", code_value),
    ("category", "Category"),
    ("pricing", "Pricing"),
)
Procedure = tuple[str, tuple[str, ...], tuple[str, ...]]


def provider_pages(reference: Reference, name: str, platform: Platform) -> Iterator[Page]:
    """The list of a platform's providers, and a page for each."""
    shelf = Shelf(reference, f"platforms/{name}/providers/index.md")
    rows = tuple(
        (
            shelf.link(prose(p.display_name), platform_target(name, "providers", key)),
            code(key),
            codes(p.auth_modes),
            prose(p.category),
            shelf.marks(p),
        )
        for key, p in platform.providers.items()
    )
    files = (f"spec/platforms/{name}/providers.yaml",)
    title = f"{platform.about.display_name}: providers"
    table = Table(("Provider", "Id", "Auth modes", "Category", "Sources"), rows)
    yield Page(shelf.here, "platforms/providers", title, files, {"intro": "providers", "table": table})
    for provider in platform.providers.values():
        yield _page(reference, name, platform, provider)


def _page(reference: Reference, name: str, platform: Platform, provider: PlatformProvider) -> Page:
    shelf = Shelf(reference, platform_target(name, "providers", provider.id))
    modes = ", ".join(shelf.link(code(mode), platform_target(name, "auth_modes", mode)) for mode in provider.auth_modes)
    options = tuple((code(key), prose(text)) for key, text in provider.options.items())
    entry = shelf.entry(
        f"platforms/{name}/providers/{provider.id}",
        provider,
        _FIELDS,
        title=prose(provider.display_name),
        lead=prose(provider.description or ""),
        rows=(("Auth modes", modes),),
        lists=(("Use it for", tuple(prose(text) for text in provider.use_when)),),
    )
    commands = tuple(example for example in entry.code if example.language == "bash")
    values: dict[str, object] = {
        "entry": entry,
        "rest": replace(entry, code=(), lists=()),
        "resolver": shelf.link("how one of them is chosen", f"auth-modes.md#{name}"),
        "setup": tuple((code(mode), _setup(setup)) for mode, setup in provider.setup.items()),
        "without_setup": tuple(code(mode) for mode in provider.auth_modes if mode not in provider.setup),
        "options": Table(("Option", "Meaning"), options),
        "settings": tuple(example for example in entry.code if example not in commands),
        "commands": commands,
        "all_commands": shelf.link("all commands", f"platforms/{name}/commands.md"),
        "models": _models(shelf, name, platform, provider.id),
        "errors": _errors(shelf, name, platform, provider.id),
        "troubles": tuple(_troubles(shelf, name, platform, provider.id)),
    }
    files = tuple(f"spec/platforms/{name}/{kind}.yaml" for kind in ("providers", "models", "errors", "troubleshooting"))
    title = f"{platform.about.display_name}: {provider.display_name}"
    return Page(shelf.here, "platforms/provider", title, files, values)


def _setup(setup: Setup) -> Procedure:
    remarks = [f"*Billing:* {prose(setup.billing)}"] if setup.billing else []
    remarks += [f"*Note:* {prose(setup.note)}"] if setup.note else []
    return "Steps", tuple(prose(step) for step in setup.steps), tuple(remarks)


def _models(shelf: Shelf, name: str, platform: Platform, provider: str) -> Table:
    rows = tuple(
        (
            shelf.link(prose(model.display_name), platform_target(name, "models", key)),
            code_value(model.model_id),
            value_text(model.context_window) if "context_window" in model.model_fields_set else "",
            shelf.marks(model),
        )
        for key, model in platform.models.items()
        if model.provider == provider
    )
    return Table(("Model", "Model id", "Context window", "Sources"), rows)


def _errors(shelf: Shelf, name: str, platform: Platform, provider: str) -> Table:
    rows = tuple(
        (
            shelf.link(_label(error), platform_target(name, "errors", key)),
            prose(error.raised_when),
            prose(error.remedy),
            shelf.marks(error),
        )
        for key, error in platform.errors.items()
        if provider in error.providers or not error.providers
    )
    return Table(("Error", "Raised when", "What to do", "Sources"), rows)


def _label(error: PlatformError) -> str:
    known = error.code if error.code not in (None, "unknown") else error.id
    return code(known or error.id)


def _troubles(shelf: Shelf, name: str, platform: Platform, provider: str) -> Iterator[FactSection]:
    for key, trouble in platform.troubleshooting.items():
        if trouble.provider == provider:
            target = platform_target(name, "troubleshooting", key)
            yield FactSection(
                anchor=f"trouble-{key}",
                title=prose(trouble.symptom),
                lead=prose(trouble.meaning),
                facts=Table(("", ""), (("Entry", shelf.link(code(key), target)),)),
                lists=(("What to do", tuple(prose(remedy) for remedy in trouble.remedies)),),
            )
