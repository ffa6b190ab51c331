"""Faults of proxies that ask for a key with some methods, or in some carriers, and not with others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Incoming, ManagementPath, Place, ProviderCall, Refusal
from ..routing import Routes
from .registry import defect

UNCHECKED = ("PUT", "PATCH", "DELETE")


def _letting_in(right: Behaviour, who: Callable[[Incoming], bool]) -> Behaviour:
    """`right`, but a call that `who` is true of needs no key."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        return config.client_keys[0] if who(incoming) else right.authenticate(config, incoming)

    return replace(right, authenticate=authenticate)


@defect("other-methods-forwarded-unchecked", breaks=("auth.every-method-needs-key",), also=("errors.*",))
def other_methods_forwarded_unchecked(right: Behaviour) -> Behaviour:
    """Asks for a key where a provider's route has the method, and forwards calls with every other method."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, Refusal) and found.status == 405 and incoming.method in UNCHECKED:
            usual = right.place(routes, replace(incoming, method="POST"))
            return usual if isinstance(usual, ProviderCall) else found
        return found

    provider = "/api/provider/"
    opened = _letting_in(right, lambda incoming: incoming.method in UNCHECKED and incoming.path.startswith(provider))
    return replace(opened, place=place, body_problem=lambda where, incoming: _unless_opened(right, where, incoming))


def _unless_opened(right: Behaviour, where: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
    opened = isinstance(where, ProviderCall) and incoming.method in UNCHECKED
    return None if opened else right.body_problem(where, incoming)


@defect("changes-of-amp-unchecked", breaks=("management.every-method-needs-key",))
def changes_of_amp_unchecked(right: Behaviour) -> Behaviour:
    """Asks for a key where a management path is read or posted to, and not with other methods."""
    return _letting_in(
        right, lambda incoming: incoming.method in UNCHECKED and not incoming.path.startswith("/api/provider/")
    )


@defect("other-carriers-of-amp-unchecked", breaks=("management.every-method-needs-key",))
def other_carriers_of_amp_unchecked(right: Behaviour) -> Behaviour:
    """Takes any value in `x-api-key` for a key on management paths, as it only looks whether there is one."""

    def has_one(incoming: Incoming) -> bool:
        return "x-api-key" in incoming.headers and not incoming.path.startswith("/api/provider/")

    return _letting_in(right, has_one)
