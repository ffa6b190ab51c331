"""The switchable faults of the reference proxy: each is a function from a behaviour to a faulty one."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..behaviour import CORRECT, Behaviour
from . import (
    abandoned,
    afterwards,
    auth,
    auth_carriers,
    auth_methods,
    bodies_kept,
    bodies_of_agents,
    caches,
    clients,
    disclosures,
    ends,
    errors,
    errors_odd,
    errors_relayed,
    fallback,
    fallback_bodies,
    fallback_failures,
    fallback_ways,
    framing,
    headers,
    headers_contract,
    headers_of_errors,
    headers_values,
    management,
    management_bodies,
    management_http,
    management_pages,
    management_websocket,
    mapping_forms,
    odd_data,
    reload,
    repeats,
    routing,
    routing_forms,
    security,
    security_doors,
    security_messages,
    stalls,
    streaming,
    streaming_forms,
    streaming_kinds,
    targets,
    tenancy,
    translation,
    translation_odd,
    translation_ways,
)
from .registry import REGISTRY, Defect

THEMES = (
    routing,
    routing_forms,
    headers,
    headers_contract,
    headers_of_errors,
    headers_values,
    framing,
    auth,
    auth_carriers,
    auth_methods,
    errors,
    errors_odd,
    errors_relayed,
    management,
    management_http,
    management_bodies,
    management_pages,
    management_websocket,
    security,
    security_messages,
    security_doors,
    disclosures,
    mapping_forms,
    bodies_kept,
    bodies_of_agents,
    ends,
    fallback,
    fallback_bodies,
    fallback_failures,
    fallback_ways,
    repeats,
    streaming,
    streaming_forms,
    streaming_kinds,
    stalls,
    abandoned,
    afterwards,
    tenancy,
    caches,
    reload,
    odd_data,
    clients,
    targets,
    translation,
    translation_ways,
    translation_odd,
)
"""The modules that register defects, in the order of the profiles."""

DEFECTS: Mapping[str, Defect] = MappingProxyType(REGISTRY)
"""Every defect by id, in the order of the themes."""


def behaviour_with(ids: Iterable[str], behaviour: Behaviour = CORRECT) -> Behaviour:
    """`behaviour` with defects. Raises LookupError for an unknown id, naming it."""
    for id_ in ids:
        if id_ not in DEFECTS:
            raise LookupError(f"no defect is called {id_!r}")
        behaviour = DEFECTS[id_].change(behaviour)
    return behaviour


def variant_of(ids: Iterable[str]) -> str | None:
    """The unusual proxy that has these defects; None for the usual one.

    Raises LookupError for an unknown id, and for defects of different proxies.
    """
    known = {DEFECTS[id_].variant: id_ for id_ in ids if id_ in DEFECTS and DEFECTS[id_].variant is not None}
    if len(known) > 1:
        raise LookupError(f"{' and '.join(known.values())} are defects of different proxies and cannot be combined")
    return next(iter(known), None)


__all__ = ["DEFECTS", "THEMES", "Defect", "behaviour_with", "variant_of"]
