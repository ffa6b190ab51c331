"""The shapes of platforms around the client: proxies that serve it, services that resolve for it."""

from __future__ import annotations

from typing import Literal

from .base import Fact, Json, Shape, Unknown
from .catalogue import Example


class PlatformAbout(Fact):
    """What the platform is."""

    display_name: str
    summary: str
    features: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class AuthMode(Fact):
    """A way in which a platform pays for and authenticates a model call."""

    display_name: str
    rank: int
    """Place in the preference order, 1 first."""
    credential_source: str
    payer: str
    set_up_by: str
    environments: tuple[Literal["cloud", "local"], ...]
    cost_pool: str | Unknown
    limits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Setup(Shape):
    """Steps that make one auth mode of a platform provider work."""

    steps: tuple[str, ...]
    billing: str | None = None
    note: str | None = None


class PlatformProvider(Fact):
    """A provider as a platform describes it."""

    display_name: str
    config_namespace: str
    auth_modes: tuple[str, ...]
    requires_endpoint: bool
    default_endpoint: str | None = None
    category: str
    description: str | None = None
    use_when: tuple[str, ...] = ()
    setup: dict[str, Setup] = {}
    examples: tuple[Example, ...] = ()
    options: dict[str, str] = {}
    pricing: str | None = None
    notes: tuple[str, ...] = ()


class PlatformModel(Fact):
    """A model as a platform lists it."""

    provider: str
    model_id: str | Unknown
    display_name: str
    context_window: int | Unknown | None = None
    strengths: str | None = None
    pricing: dict[str, Json] | None = None
    notes: tuple[str, ...] = ()


class PlatformError(Fact):
    """An error that a platform documents by code or by message."""

    code: str | Unknown | None
    message: str | Unknown | None = None
    raised_when: str
    remedy: str
    http_status: int | Unknown
    body: Json = None
    providers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Flag(Shape):
    """A flag of a command."""

    name: str
    value: str | None = None
    note: str | None = None


class Command(Fact):
    """A command of a platform's CLI."""

    command: str
    purpose: str
    flags: tuple[Flag, ...] = ()
    examples: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()


class Option(Fact):
    """A configuration key of a platform."""

    key: str
    type: str
    default: Json = None
    meaning: str
    live_reload: bool | Unknown | None = None
    examples: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()


class Troubleshooting(Fact):
    """A symptom, what it means, and what to do."""

    symptom: str
    meaning: str
    remedies: tuple[str, ...]
    error: str | None = None
    """Id of the platform error that it belongs to."""
    provider: str | None = None
    """Id of the platform provider on whose page it stands."""


class CatalogField(Fact):
    """A field of a platform's catalog entry."""

    type: str
    meaning: str


class Rule(Fact):
    """A sentence about how a platform behaves, under a topic."""

    topic: str
    statement: str
    status: Literal["stated", "inferred", "unknown"] = "stated"
    values: dict[str, Json] = {}


class ResolutionStep(Fact):
    """One step between a profile and the start of a run; `id` is what a resolution names as the step that decided."""

    title: str
    tier: Literal["platform", "daemon"]
    looks_at: str
    does: str
    after: tuple[str, ...] = ()
    """Steps that are known to come before it. Between two steps that this does not order, the order is not known."""
    errors: tuple[str, ...] = ()
    """Ids of the platform errors in which it can end."""
    rules: tuple[str, ...]
    """Ids of the platform rules that say what it does."""
    notes: tuple[str, ...] = ()


class Platform(Shape):
    """Everything that the spec knows of one platform."""

    id: str
    about: PlatformAbout
    auth_modes: dict[str, AuthMode] = {}
    providers: dict[str, PlatformProvider] = {}
    models: dict[str, PlatformModel] = {}
    errors: dict[str, PlatformError] = {}
    commands: dict[str, Command] = {}
    options: dict[str, Option] = {}
    troubleshooting: dict[str, Troubleshooting] = {}
    catalog_fields: dict[str, CatalogField] = {}
    steps: dict[str, ResolutionStep] = {}
    rules: dict[str, Rule] = {}
