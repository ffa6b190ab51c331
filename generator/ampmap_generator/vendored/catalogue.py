"""Models, agent modes and tools; headers, settings, management routes, fallback and requirements."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from pydantic import Field

from .base import DialectId, Fact, Json, Lifecycle, Method, OperationId, ProviderId, Shape, SourceRef, Unknown
from .conditions import ROUTE_CLAIMS, Basis, Condition, Severity, Tier, condition_text
from .wire import ClientCall


class PlatformOffer(Shape):
    """A model as a platform lists it."""

    id: str
    provider: str


class Limits(Shape):
    """How many tokens a model takes and writes, as the client reckons with them."""

    context: int = Field(gt=0)
    """Tokens of the context window."""
    output: int | None = Field(default=None, gt=0)
    """Most tokens of one answer."""

    @property
    def in_words(self) -> str:
        """E.g. `200,000 tokens of context, at most 32,000 of output`."""
        most = f", at most {self.output:,} of output" if self.output else ""
        return f"{self.context:,} tokens of context{most}"


class Model(Fact):
    """A model as the client names it; `id` is what the client's catalogue says."""

    provider: ProviderId
    """From the file's name."""
    display_name: str
    wire_id: str | None = None
    """The id sent to the provider, where it differs."""
    default_for: tuple[str, ...] = ()
    used_in: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    limits: Limits | None = None
    listed_as: str | None = None
    """The name of the provider under which the client's catalogue has it, where that is not the provider it goes to."""
    platforms: dict[str, PlatformOffer] = {}
    lifecycle: Lifecycle | None = None
    notes: tuple[str, ...] = ()


class AgentMode(Fact):
    """A mode of the Amp agent and the model that leads it."""

    name: str
    """As the setting spells it, e.g. `bolt:main`."""
    model: str
    provider: ProviderId
    endpoint: str
    """The endpoint cell of the routing map: a base path, or a full URL."""
    operation: OperationId | None = None
    """Where it differs from the provider's default operation."""
    lifecycle: Lifecycle | None = None
    warning: str | None = None
    notes: tuple[str, ...] = ()


class HostedMode(Fact):
    """A mode of the Amp agent whose model Amp's own servers call: no model call of it leaves the client."""

    name: str
    """As the client's option spells it."""
    models: tuple[str, ...]
    """The models that lead it, as the client names them: the usual one first, then those that take its place."""
    hidden: bool = False
    """Whether the client's help leaves it out."""
    notes: tuple[str, ...] = ()


class Tool(Fact):
    """A tool of the agent that calls a model of its own."""

    display_name: str
    setting: str | None = None
    default_model: str | Unknown | None
    """None where the tool takes the model of the agent mode."""
    provider: ProviderId
    endpoint: str
    dialect: DialectId
    operation: OperationId
    client_call: ClientCall | None = None
    parameters: dict[str, Json] = {}
    notes: tuple[str, ...] = ()


# --- headers, settings, management, fallback


class Header(Shape):
    """One header of a set. `value` may hold `{api_key}`, `{thread_id}`, `{message_id}`."""

    name: str
    value: str | None = None
    example: str | None = None
    """A value of the form that it has, where it is not the same on every call and every machine."""
    presence: Literal["always", "when-available", "conditional"] = "always"
    condition: str | None = None
    absent_on: tuple[str, ...] = ()
    """Ids of tools whose calls do not carry it, though those of the agent's main loop do."""
    providers: tuple[ProviderId, ...] = ()
    """Providers that it concerns; empty means all that the set applies to."""
    renamed_from: str | None = None
    """The name of the same header in the edition that this one is laid over."""
    note: str | None = None
    sources: tuple[SourceRef, ...] = ()

    @property
    def form(self) -> str | None:
        """A value that a call may have: the fixed one, else the example."""
        return self.value or self.example


class HeaderSet(Fact):
    """Headers that share a role."""

    display_name: str
    role: Literal[
        "client-sends", "relay-to-client", "hop-by-hop", "client-credential", "sdk-telemetry", "client-address"
    ]
    applies_to: Literal["via-proxy", "direct", "management", "all"]
    """Model calls through the proxy, model calls past it, calls of management routes, or all of them."""
    providers: tuple[ProviderId, ...] = ()
    """Providers that the set concerns; empty means all."""
    headers: tuple[Header, ...]
    notes: tuple[str, ...] = ()


class Example(Shape):
    """A titled piece of configuration."""

    title: str
    language: str
    text: str


class Setting(Fact):
    """A setting of the Amp client, or an environment variable that it reads."""

    kind: Literal["setting", "environment"]
    meaning: str
    type: str
    default: Json | Unknown = None
    values: tuple[Json, ...] = ()
    lifecycle: Lifecycle | None = None
    examples: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()


class Flow(Fact):
    """Ordered steps, with their exceptions."""

    display_name: str
    steps: tuple[str, ...]
    exceptions: tuple[str, ...] = ()


class ManagementCall(Shape):
    """One call that the client makes below a family of management paths."""

    method: Method
    path: str
    """With its query; `{...}` stands for what differs from call to call."""
    when: str
    request: Json = None
    answer: Json = None
    """The smallest JSON, with status 200, with which the client continues; None if it continues with any answer."""
    without: str | None = None
    """What the client does where that answer is missing."""
    notes: tuple[str, ...] = ()
    sources: tuple[SourceRef, ...] = ()


class ManagementAnswer(Shape):
    """An answer that clients accept for one call, with status 200. What Amp's own servers answer is not told by it."""

    method: Method = "POST"
    path: str
    """With its query; `{...}` stands for what differs from call to call."""
    body: Json = None
    """JSON; None where the answer is `text`."""
    text: str | None = None
    content_type: str = "application/json"
    notes: tuple[str, ...] = ()
    sources: tuple[SourceRef, ...] = ()


class ManagementRoute(Fact):
    """A family of paths that a proxy forwards to Amp's own servers."""

    paths: tuple[str, ...]
    """`/x/*` means everything below `/x/`."""
    level: Literal["api", "root"]
    purpose: str
    methods: tuple[Method, ...] | Unknown
    authentication: Literal["client-key", "open", "unknown"]
    documented: bool
    """Whether the documentation page lists it."""
    calls: dict[str, ManagementCall] = {}
    """Single calls of the client that were seen or read, by name."""
    answers: dict[str, ManagementAnswer] = {}
    """What stands in for Amp's servers may answer to calls of any edition, by name of the call."""
    notes: tuple[str, ...] = ()


class Decision(Shape):
    """One row of a decision table: conditions (`any` where it does not matter) and the outcome."""

    when: dict[str, str]
    outcome: str
    answers: str


class Fallback(Fact):
    """How a proxy chooses between local providers, a mapping and the Amp upstream."""

    display_name: str
    steps: tuple[str, ...]
    decisions: tuple[Decision, ...]
    rewrites: dict[str, str] = {}
    notes: tuple[str, ...] = ()


# --- what a proxy must do

# What the conformance kit can expand a requirement over.
AxisName: TypeAlias = Literal[
    "provider",
    "provider_operation",
    "alternate_root",
    "credential_carrier",
    "stream",
    "agent_mode",
    "edition",
    "management_route",
    "model",
    "status",
    "sse_form",
    "stream_break",
    "body_break",
    "bad_json",
    "upstream_refusal",
    "upstream_failure",
    "odd_error",
    "optional_parts",
    "upstream_refused_count",
    "answer_kind",
    "malformed_credential",
    "request_coding",
    "upstream_choice",
    "climb",
    "conflicting_framing",
    "no_answer",
    "dropped_call",
    "failed_call",
    "call_difference",
    "body_size",
    "event_size",
    "own_error",
    "way_to_write",
    "mapping_change",
    "broken_address",
    "array_form",
    "interim_status",
    "hidden_request",
    "sdk_status",
    "sdk_retries",
    "retry_hint",
    "client",
    "first_provider",
    "dialect",
    "dialect_operation",
    "model_route",
    "any_way",
    "management_family",
    "management_method",
    "any_method",
    "any_root",
    "answer_form",
    "rare_sse_form",
    "finish",
    "stream_end",
    "pause",
]


class Requirement(Fact):
    """A normative row; `id` is `<profile>.<name>` and never carries the outcome."""

    formerly: tuple[str, ...] = ()
    """Ids that the rule had before, the latest first. Each of them still names the rule, and never another one."""
    since: str | None = None
    """The first release of ampmap that had it, under any of its ids; None for a rule that no release has had yet. It is
    read from the lists of the releases, and no row states it."""
    level: Literal["must", "should", "may"]
    basis: Basis
    """What obliges a proxy. `standard`: a published standard. `provider-contract`: what a provider, Amp or an SDK
    documents, or was seen to need. `security`: keys, accounts and the operator's machine. `product`: a use of Amp that
    is lost otherwise, where no source obliges. `one-implementation`: one proxy's behaviour."""
    severity: Severity
    """What it costs the user when broken. `critical`: keys, accounts or money. `high`: calls fail, or the answer
    is wrong. `medium`: errors mislead, or a feature is missing. `low`: an inconvenience."""
    tier: Tier | None = None
    """What it is part of, where that does not follow from its claim and profile (`tier_of`)."""
    statement: str
    why: str
    remedy: str | None = None
    """What to change in any proxy that breaks it."""
    profile: str
    needs: tuple[
        Literal["client", "second-client", "upstream", "foreign-peer", "reload", "sdk", "resolver", "load"], ...
    ]
    """What the check sees or drives. A rule that needs `resolver` is checked by `resolve-auth`, not on a proxy, and one
    that needs `load` by `soak`; one that needs `sdk` lets an installed SDK make the call, and is checked when it is
    asked for."""
    for_each: tuple[str, ...] = ()
    """Axes over which the check expands."""
    control: str | None = None
    """For negative checks: the requirement whose passing shows that the precondition holds."""
    negative: bool = False
    claim: str | None = None
    """The target's claim without which the requirement does not apply."""
    when: tuple[Condition, ...] = ()
    """What must hold for the requirement to apply, beside the claim: all of these."""
    unless: tuple[Condition, ...] = ()
    """What frees a target from the requirement: any of these."""
    excluded: str | None = None
    """Why no check exists, for a row that has none."""


# In place of the release that had a rule first, where none did.
NOT_RELEASED: Final = "not released yet"

# The claim of what a client calls when it starts, which is core.
CORE_CLAIM: Final = "management"

# Profiles whose requirements are hardening, where nothing else is said.
HARDENING_PROFILES: Final = ("security", "fuzz")


def tier_of(requirement: Requirement) -> Tier:
    """What a requirement is part of: what its row states, else by its claim and its profile."""
    if requirement.tier is not None:
        return requirement.tier
    if requirement.claim not in (None, CORE_CLAIM):
        return "extended"
    return "hardening" if requirement.profile in HARDENING_PROFILES else "core"


def conditions_in_words(requirement: Requirement) -> tuple[str, ...]:
    """Each condition of a requirement as a sentence without its subject, e.g. `applies where the target ...`."""
    texts = [f"applies where the target claims `{requirement.claim}`"] if requirement.claim else []
    if "model_route" in requirement.for_each:
        claims = ", ".join(f"`{claim}` ({way})" for way, claim in ROUTE_CLAIMS.items())
        texts.append(f"applies on each route of a model that the target claims: {claims}")
    texts += [f"applies where {condition_text(condition)}" for condition in requirement.when]
    texts += [f"does not apply where {condition_text(condition)}" for condition in requirement.unless]
    return tuple(texts)
