"""When a requirement on management speaks of a case."""

from __future__ import annotations

from ...cases.cases import ManagementCase
from ...reference.types import ManagementRoute
from ...target.target import Target
from .afterwards import IN_BAND


def needs_client_key(case: ManagementCase, _target: Target) -> bool:
    """Management paths that ask for the client's key."""
    return case.route.authentication == "client-key"


def is_documented(case: ManagementCase, _target: Target) -> bool:
    """Families that the documentation of the feature lists."""
    return case.route.documented


def is_undocumented(case: ManagementCase, target: Target) -> bool:
    """The other families."""
    return not is_documented(case, target)


def is_read(case: ManagementCase, _target: Target) -> bool:
    """Calls that only read."""
    return case.verb == "GET"


def is_open_read(case: ManagementCase, _target: Target) -> bool:
    """Reads that need no key."""
    return case.route.authentication == "open" and case.verb == "GET"


def is_open_page(case: ManagementCase, target: Target) -> bool:
    """Pages that need no key and are only read."""
    return is_open_read(case, target) and "POST" not in case.route.methods


def is_sign_in(case: ManagementCase, target: Target) -> bool:
    """Pages that need no key and take more than reads: those of the sign-in."""
    return is_open_read(case, target) and "POST" in case.route.methods


def is_sample(case: ManagementCase, target: Target) -> bool:
    """One family of each kind: by level, by who may call it, and by whether it takes more than reads."""
    alike = (route for route in _documented_first(target) if _kind(route) == _kind(case.route))
    return next(alike).id == case.route.id


def can_fail(case: ManagementCase, target: Target) -> bool:
    """Those of them that can fail in the way that the case's word names."""
    return is_sample(case, target) and case.variation != IN_BAND


def is_sample_with_body(case: ManagementCase, target: Target) -> bool:
    """Those of them that take POST."""
    return is_sample(case, target) and "POST" in case.route.methods


def is_sample_with_key(case: ManagementCase, target: Target) -> bool:
    """Those of them that ask for the client's key."""
    return is_sample(case, target) and needs_client_key(case, target)


def is_sample_page(case: ManagementCase, target: Target) -> bool:
    """One family whose pages need no key and are only read."""
    return is_sample(case, target) and is_open_page(case, target)


def is_first_family(case: ManagementCase, target: Target) -> bool:
    """One family, for what does not depend on which."""
    return case.route.id == _documented_first(target)[0].id


def changes_something(case: ManagementCase, target: Target) -> bool:
    """PUT, PATCH and DELETE on one family, and DELETE on all the others that take it."""
    return case.verb == "DELETE" or (case.verb in ("PUT", "PATCH") and is_first_family(case, target))


def is_any_method_or_post(case: ManagementCase, target: Target) -> bool:
    """Every method that changes something on one family, and POST on one of each kind."""
    return is_first_family(case, target) or (case.verb == "POST" and is_sample(case, target))


def takes_head(case: ManagementCase, target: Target) -> bool:
    """One family of each kind that takes HEAD."""
    return "HEAD" in case.route.methods and is_sample(case, target)


def takes_get_alone(case: ManagementCase, target: Target) -> bool:
    """One family of each kind that takes GET, and for which no source names HEAD."""
    methods = case.route.methods
    return methods != "unknown" and "GET" in methods and "HEAD" not in methods and is_sample(case, target)


def has_paths_below(case: ManagementCase, _target: Target) -> bool:
    """Families with paths below them."""
    return any(path.endswith("/*") for path in case.route.paths)


def _documented_first(target: Target) -> list[ManagementRoute]:
    return sorted(target.reference.management.values(), key=lambda route: not route.documented)


def _kind(route: ManagementRoute) -> tuple[str, str, bool]:
    return route.level, route.authentication, "POST" in route.methods
