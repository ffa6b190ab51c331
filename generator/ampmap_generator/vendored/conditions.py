"""When a requirement binds a target: conditions as data, and what they say in words."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from .base import Shape

# A feature that a target may claim, without which some requirements do not apply; everything else is core.
ClaimName: TypeAlias = Literal[
    "mapping",
    "upstream-fallback",
    "per-client-upstream",
    "management",
    "localhost-only",
    "hot-reload",
]

# How a proxy forwards the bodies of model calls.
BodyPolicy: TypeAlias = Literal["verbatim", "rewritten", "translated"]

# Who answers calls that count tokens: the provider, the proxy itself, or nobody.
CountPolicy: TypeAlias = Literal["relayed", "own", "none"]

# What obliges a proxy to keep a requirement.
Basis: TypeAlias = Literal["standard", "provider-contract", "security", "product", "one-implementation"]

# What it costs the user when a proxy breaks a requirement.
Severity: TypeAlias = Literal["critical", "high", "medium", "low"]

# What a requirement is part of. `core`: a client of the edition starts and works. `extended`: a feature that a target
# may claim. `hardening`: hostile input and limits.
Tier: TypeAlias = Literal["core", "extended", "hardening"]

# The claim that a target makes of each way of the axis `model_route`; the way `local` needs none.
ROUTE_CLAIMS: Final[dict[str, str]] = {"mapped": "mapping", "elsewhere": "upstream-fallback"}


class Bound(Shape):
    """A range of a figure that a target's policy states."""

    below: float | None = None
    """The figure is smaller than this."""
    at_most: float | None = None
    """The figure is not larger than this."""


class PolicyCondition(Shape):
    """Words of a target's policy. All that are given must hold; of a list, one value."""

    body: tuple[BodyPolicy, ...] = ()
    lists: Literal["relayed", "own", "amp"] | None = None
    """It speaks of calls that list or describe models only."""
    counts: tuple[CountPolicy, ...] = ()
    """It speaks of calls that count tokens only, and of those that a provider's own upstream would get."""
    response_model: Literal["requested", "upstream"] | None = None
    amp_headers: Literal["forwarded", "stripped"] | None = None
    routing: Literal["path", "model"] | None = None
    client_key: Literal["proxy", "amp"] | None = None
    browser_pages: Literal["forwarded", "redirected"] | None = None
    """It speaks of the management path that is called."""
    body_limit: Literal["stated"] | Bound | None = None
    answer_timeout: Literal["stated"] | Bound | None = None


class Condition(Shape):
    """What is true of a target, or of a call to it. All parts that are given must hold."""

    claim: ClaimName | None = None
    policy: PolicyCondition | None = None
    has: (
        Literal[
            "unavailable-models",
            "provider-models",
            "local-model",
            "provider-at-amp",
            "pattern-mappings",
            "orphaned-mappings",
            "no-model-answer",
        ]
        | None
    ) = None
    """What the target file names: a model that the proxy does not have; a model of the called provider that the proxy
    serves itself; the call's model as one of these; the called provider as one that Amp serves; a mapping by pattern; a
    mapping to a model that is not there. Of the call: one that no model answers, as lists and counts."""


_TEXTS: Final[dict[tuple[str, str], str]] = {
    ("body", "verbatim"): "forwards bodies byte for byte",
    ("body", "rewritten"): "writes bodies anew in the same dialect",
    ("body", "translated"): "calls another dialect upstream",
    ("lists", "relayed"): "relays lists of models",
    ("lists", "own"): "answers lists of models itself",
    ("lists", "amp"): "has lists of models answered by Amp",
    ("counts", "relayed"): "relays calls that count tokens",
    ("counts", "own"): "counts tokens itself",
    ("counts", "none"): "does not serve calls that count tokens",
    ("response_model", "requested"): "names the client's model in answers to mapped calls",
    ("response_model", "upstream"): "names the upstream's model in answers to mapped calls",
    ("amp_headers", "forwarded"): "promises to forward Amp's headers",
    ("amp_headers", "stripped"): "strips Amp's headers",
    ("routing", "path"): "chooses the provider by the path",
    ("routing", "model"): "chooses the provider by the model",
    ("client_key", "proxy"): "has client keys of its own",
    ("client_key", "amp"): "takes the client's Amp key as its key",
    ("browser_pages", "forwarded"): "forwards the page to Amp's servers",
    ("browser_pages", "redirected"): "redirects browsers to Amp's own host",
    ("body_limit", "stated"): "states a limit for bodies",
    ("body_limit", "below"): "limits bodies to fewer than {} bytes",
    ("body_limit", "at_most"): "limits bodies to at most {} bytes",
    ("answer_timeout", "stated"): "states how long it waits for an upstream",
    ("answer_timeout", "below"): "waits less than {} s for an upstream",
    ("answer_timeout", "at_most"): "waits at most {} s for an upstream",
    ("has", "unavailable-models"): "has a model that it does not serve, by its file",
    ("has", "provider-models"): "serves a model of the called provider itself",
    ("has", "local-model"): "serves the call's model itself",
    ("has", "provider-at-amp"): "lets Amp serve the called provider, by its file",
    ("has", "pattern-mappings"): "has a mapping by pattern",
    ("has", "orphaned-mappings"): "maps a model to one that is not available",
    ("has", "no-model-answer"): "is asked for something other than a model's answer",
}


def condition_text(condition: Condition) -> str:
    """A condition as the end of a sentence: `the target calls another dialect upstream (...)`, with the keys meant."""
    parts = [f"claims `{condition.claim}`"] if condition.claim else []
    if condition.policy is not None:
        parts += _policy_texts(condition.policy)
    if condition.has:
        parts.append(_TEXTS["has", condition.has])
    return "the target " + " and ".join(parts)


def _policy_texts(policy: PolicyCondition) -> list[str]:
    texts: list[str] = []
    if policy.body:
        told = " or ".join(_TEXTS["body", each] for each in policy.body)
        texts.append(f"{told} (`policy.body: {' or '.join(policy.body)}`)")
    if policy.counts:
        told = " or ".join(_TEXTS["counts", each] for each in policy.counts)
        texts.append(f"{told} (`policy.counts: {' or '.join(policy.counts)}`)")
    names = ("lists", "response_model", "amp_headers", "routing", "client_key", "browser_pages")
    words = {name: getattr(policy, name) for name in names}
    texts += [f"{_TEXTS[name, word]} (`policy.{name}: {word}`)" for name, word in words.items() if word]
    return (
        texts + _figure_texts("body_limit", policy.body_limit) + _figure_texts("answer_timeout", policy.answer_timeout)
    )


def _figure_texts(name: str, range_: Literal["stated"] | Bound | None) -> list[str]:
    if range_ is None:
        return []
    if not isinstance(range_, Bound):
        return [f"{_TEXTS[name, range_]} (`policy.{name}`)"]
    bounds = {"below": range_.below, "at_most": range_.at_most}
    given = [(bound, figure) for bound, figure in bounds.items() if figure is not None]
    return [f"{_TEXTS[name, bound].format(f'{figure:,.15g}')} (`policy.{name}`)" for bound, figure in given]
