"""Faults of authentication: which callers are accepted or rejected, and which answers they get."""

from __future__ import annotations

from dataclasses import replace

from ...reference.types import Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..credentials import PLACEHOLDER, given_keys
from ..exchange import Incoming, OwnAnswer, Place, Refusal
from .registry import defect


def _accepting_only(right: Behaviour, *carriers: str) -> Behaviour:
    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        headers = tuple(line for line in incoming.headers if line[0].lower() in carriers)
        return right.authenticate(config, replace(incoming, headers=Headers(headers), query=""))

    return replace(right, authenticate=authenticate)


@defect(
    "no-authentication",
    breaks=(
        "auth.missing-credential-rejected",
        "auth.wrong-refused",
        "auth.placeholder-rejected",
        "management.refuses-without-credential",
        "management.every-method-needs-key",
    ),
)
def no_authentication(right: Behaviour) -> Behaviour:
    """Accepts every caller."""
    return replace(right, authenticate=lambda config, _: config.client_keys[0] if config.client_keys else None)


@defect("any-key-accepted", breaks=("auth.wrong-refused", "management.every-method-needs-key"))
def any_key_accepted(right: Behaviour) -> Behaviour:
    """Requires a key but does not compare it."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        return config.client_keys[0] if given_keys(incoming) and config.client_keys else None

    return replace(right, authenticate=authenticate)


@defect("placeholder-accepted", breaks=("auth.placeholder-rejected",))
def placeholder_accepted(right: Behaviour) -> Behaviour:
    """Treats Google's route as authenticated when `x-goog-api-key` is there, with any value."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        if incoming.headers.get("x-goog-api-key") == PLACEHOLDER and config.client_keys:
            return config.client_keys[0]
        return right.authenticate(config, incoming)

    return replace(right, authenticate=authenticate)


@defect(
    "placeholder-wins",
    breaks=(
        "auth.accepts-credential",
        "routing.reaches-upstream",
        "fallback.mapping-rewrites-model",
        "fallback.unmapped-goes-upstream",
    ),
    seen_in="ankitcharolia/kiro-gateway#61",
)
def placeholder_wins(right: Behaviour) -> Behaviour:
    """Reads `x-goog-api-key` first and looks no further, so that the placeholder hides the real key."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        only = tuple(line for line in incoming.headers if line[0].lower() == "x-goog-api-key")
        return right.authenticate(config, replace(incoming, headers=Headers(only)) if only else incoming)

    return replace(right, authenticate=authenticate)


@defect("bearer-only", breaks=("auth.accepts-credential",), seen_in="sxueck/llm-gateway#5")
def bearer_only(right: Behaviour) -> Behaviour:
    """Reads the key from Authorization alone, on every route."""
    return _accepting_only(right, "authorization")


@defect(
    "x-api-key-only",
    breaks=(
        "auth.accepts-credential",
        "routing.reaches-upstream",
        "fallback.mapping-rewrites-model",
        "fallback.unmapped-goes-upstream",
        "management.forwarded",
    ),
    seen_in="headroomlabs-ai/headroom#200",
)
def x_api_key_only(right: Behaviour) -> Behaviour:
    """Reads the key from `x-api-key` alone, on every route."""
    return _accepting_only(right, "x-api-key")


@defect(
    "forbidden-for-unauthorised",
    breaks=("auth.refused-with-401",),
)
def forbidden_for_unauthorised(right: Behaviour) -> Behaviour:
    """Answers 403 to a call without a credential."""
    return replace(
        right, unauthorised=lambda place, incoming: replace(right.unauthorised(place, incoming), status=403, lines=())
    )


@defect("wrong-key-echoed", breaks=("auth.client-keys-not-returned",), seen_in="BerriAI/litellm#18731")
def wrong_key_echoed(right: Behaviour) -> Behaviour:
    """Repeats the rejected key in the error's text."""

    def unauthorised(place: Place, incoming: Incoming) -> Refusal:
        refusal = right.unauthorised(place, incoming)
        return replace(refusal, message=f"{refusal.message} Received: {', '.join(given_keys(incoming))}")

    return replace(right, unauthorised=unauthorised)


@defect("challenge-missing", breaks=("auth.challenge-sent",))
def challenge_missing(right: Behaviour) -> Behaviour:
    """Answers 401 and does not say how to sign in."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, headers=answer.headers.without("www-authenticate"))

    return replace(right, own_answer=own)
