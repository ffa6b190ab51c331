"""Of which cells of its axes a requirement speaks. Which targets it binds is stated in its row."""

from __future__ import annotations

from dataclasses import replace

from ...cases.cases import WARM_UP, CallCase, CredentialCase, StatusCase, VariedCase
from ...reference.types import Provider, find_call
from ...target.target import Target
from ...wire.messages import AMP

LONGEST_WAIT = 10.0
"""Seconds that a check may wait for a promised timeout."""

SHARED_STATUSES = (400, 401, 429, 500)
"""Statuses that are looked at for every provider."""

# --- when: which cells are cases


def is_model_call(case: CallCase, _target: Target) -> bool:
    """Every operation but the warm-up, which a proxy may answer itself."""
    return case.call.id != WARM_UP


def is_warm_up(case: CallCase, target: Target) -> bool:
    """The warm-up alone."""
    return not is_model_call(case, target)


def streams(case: CallCase, _target: Target) -> bool:
    """Calls that ask for a stream."""
    return case.stream


def can_fail_in_band(case: CallCase, _target: Target) -> bool:
    """Streams of an operation whose error event is known."""
    return case.stream and case.call.operation.in_band_error is not None


def has_body(case: CallCase, _target: Target) -> bool:
    """Calls that send JSON."""
    return case.call.operation.request is not None


def has_model_in_path(case: CallCase, _target: Target) -> bool:
    """Calls that name the model in the path."""
    return case.call.operation.model_in == "path"


def client_uses_carrier(case: CredentialCase, _target: Target) -> bool:
    """Carriers in which the client sends its key to this provider."""
    return case.carrier in case.provider.client_credentials


def is_mapped(case: CallCase, target: Target) -> bool:
    """Models that the target's configuration maps to another one by their name."""
    return _maps_here(case, target) and not target.rules_for(case.model)[0].regex


def is_mapped_by_pattern(case: CallCase, target: Target) -> bool:
    """Models that a pattern of the target's configuration maps to another one."""
    return _maps_here(case, target) and target.rules_for(case.model)[0].regex


def is_mapped_anyhow(case: CallCase, target: Target) -> bool:
    """Models that are mapped by their name, and for streams those that a pattern maps."""
    return is_mapped(case, target) or (case.stream and is_mapped_by_pattern(case, target))


def is_first_of_its_mappings(case: CallCase, target: Target) -> bool:
    """The first model that the target's configuration maps by its name, and the first one that a pattern maps."""
    kind = is_mapped if is_mapped(case, target) else is_mapped_by_pattern
    for name in target.unavailable:
        owner = target.provider_of(name)
        if owner is not None and kind(
            replace(case, model=name, call=find_call(owner, reference=target.reference)), target
        ):
            return name == case.model
    return False


def _maps_here(case: CallCase, target: Target) -> bool:
    return target.mapped(case.model) is not None and target.back_end_of(case.provider, case.model) != AMP


def is_elsewhere(case: CallCase, target: Target) -> bool:
    """Models that the proxy neither serves itself nor maps."""
    return target.back_end_of(case.provider, case.model) == AMP and not target.rules_for(case.model)


def is_orphaned(case: CallCase, target: Target) -> bool:
    """Models that are mapped to one that the proxy does not have."""
    return bool(target.rules_for(case.model)) and target.mapped(case.model) is None


def is_local(case: CallCase, target: Target) -> bool:
    """Models that the proxy serves itself."""
    return case.model not in target.unavailable and target.served_by(case.provider) == "target"


def is_local_sample(case: CallCase, target: Target) -> bool:
    """Those models, each without a stream; with one the first of each provider."""
    first = [model.wire_id or model.id for model in target.models(case.provider)][:1]
    return is_local(case, target) and (not case.stream or case.model in first)


def is_status_sample(case: StatusCase, target: Target) -> bool:
    """Every status of each error shape; of providers that share one with an earlier provider a few."""
    first = next(provider for provider in target.providers if provider.error_shape == case.provider.error_shape)
    return case.provider.id == first.id or case.status in SHARED_STATUSES


def is_by_the_way(case: VariedCase, _target: Target) -> bool:
    """Model calls beside a provider's default one: tokens counted, the other dialect."""
    return case.call.operation.metered and case.call.id != case.provider.default_operation


def goes_mapped(case: VariedCase, _target: Target) -> bool:
    """Calls whose model is mapped."""
    return case.way == "mapped"


def streams_here(case: VariedCase, _target: Target) -> bool:
    """Streams of the proxy's own providers."""
    return case.stream and case.way != "elsewhere"


def goes_elsewhere(case: VariedCase, _target: Target) -> bool:
    """Calls that Amp's servers take."""
    return case.way == "elsewhere"


def goes_astray(case: VariedCase, _target: Target) -> bool:
    """Calls whose model is not the provider's own: mapped ones, and those that Amp's servers take."""
    return case.way != "local"


def goes_astray_or_streams(case: VariedCase, target: Target) -> bool:
    """Those calls; of a provider's own models some that ask for a stream."""
    return goes_astray(case, target) or (case.stream and case.variation in ("429", "503"))


def names_model_in_body(case: CallCase, _target: Target) -> bool:
    """Calls that name the model in the body."""
    return case.call.operation.model_in == "body"


def names_model_astray(case: VariedCase, target: Target) -> bool:
    """Those of them whose model is not the provider's own."""
    return names_model_in_body(case, target) and goes_astray(case, target)


def is_no_object(case: VariedCase, _target: Target) -> bool:
    """Bodies that hold no readable model."""
    return case.variation in ("empty", "null", "number", "text", "array")


def has_bare_errors(case: CallCase, target: Target) -> bool:
    """Streams whose upstream was seen to send errors without any framing."""
    framing = target.reference.endpoints[case.call.dialect].streaming
    return case.stream and framing is not None and framing.bare_errors


# --- when, for routing


def is_list(case: CallCase, _target: Target) -> bool:
    """Calls that list models."""
    return case.call.id == "models.list"


def counts_tokens(case: CallCase, target: Target) -> bool:
    """Calls that send JSON and generate nothing."""
    return has_body(case, target) and case.call.operation.stream is None


def is_count_or_list(case: CallCase, target: Target) -> bool:
    """Those calls of the first provider of each dialect."""
    first = next(provider for provider in target.providers if case.call.dialect in provider.operations)
    return case.provider.id == first.id and (is_list(case, target) or counts_tokens(case, target))


def switches_in_body(case: CallCase, _target: Target) -> bool:
    """Operations that a field of the body makes a stream."""
    switch = case.call.operation.stream
    return switch is not None and switch.by == "body"


def streams_by_path(case: CallCase, _target: Target) -> bool:
    """Streams that are asked for by another path, and by a query."""
    switch = case.call.operation.stream
    return case.stream and switch is not None and switch.query is not None


def streams_mapped_by_path(case: VariedCase, target: Target) -> bool:
    """Those of a mapped model."""
    return goes_mapped(case, target) and streams_by_path(case, target)


def has_neighbour(case: CallCase, target: Target) -> bool:
    """Calls that another provider of the target serves, too, with models of its own."""
    return bool(neighbours(case, target))


def neighbours(case: CallCase, target: Target) -> list[tuple[Provider, str]]:
    """Other providers that serve the same call, each with a model that is its own alone."""
    found = []
    for other in target.providers:
        speaks = case.call.id in other.operations.get(case.call.dialect, ()) and case.call.operation.model_in == "body"
        for model in target.models(other)[:1]:
            name = model.wire_id or model.id
            if other.id != case.provider.id and speaks and target.owner_of(name, case.provider) == other.id:
                found.append((other, name))
    return found


# --- when, for headers


def chooses_version(case: CallCase, target: Target) -> bool:
    """Calls with JSON of a dialect whose version is chosen by a header."""
    sent = target.reference.endpoints[case.call.dialect].request_headers
    return has_body(case, target) and any(name.lower() != "accept" for name in sent)


def asks_for_features(case: CallCase, target: Target) -> bool:
    """Calls with JSON to a provider whose features are asked for in a header."""
    asked = (
        header
        for group in target.reference.headers.values()
        if group.role == "client-sends" and case.provider.id in group.providers
        for header in group.headers
        if header.presence == "conditional" and case.provider.id in header.providers
    )
    return has_body(case, target) and any(asked)


# --- when, for auth


def is_promised_carrier(case: CredentialCase, target: Target) -> bool:
    """Carriers that the target promises to take, beside those that the client uses for this provider."""
    return case.carrier in target.policy.carriers and case.carrier not in case.provider.client_credentials


def has_other_carrier(case: CredentialCase, _target: Target) -> bool:
    """Headers beside which the client uses another one for this provider. A key in the query may well be refused."""
    beside = any(carrier != case.carrier for carrier in case.provider.client_credentials)
    return beside and case.carrier != "query-key"


def keeps_query_free(case: CallCase, _target: Target) -> bool:
    """Providers on whose routes neither the client nor the provider has a key in the query."""
    return "query-key" not in (*case.provider.client_credentials, *case.provider.upstream_credentials)


def takes_query_key(case: CallCase, target: Target) -> bool:
    """Providers on whose routes a key in the query has its place, also by the target's promise."""
    return "query-key" in target.policy.carriers or not keeps_query_free(case, target)


def carrier_by_call(case: CredentialCase, target: Target) -> bool:
    """Every carrier on the provider's usual call, and on its other calls the one that the client uses first.

    On the ways beside the usual one these are calls without a stream, and every carrier counts for one provider. A key
    in the query counts only where a key has its place there.
    """
    if case.carrier == "query-key" and not takes_query_key(case, target):
        return False
    usual = case.call.id == case.provider.default_operation and not case.stream
    if case.way != "local":
        first = case.provider.id == target.providers[0].id
        return usual and (first or case.carrier == case.provider.client_credentials[0])
    return is_model_call(case, target) and (usual or case.carrier == case.provider.client_credentials[0])


def is_whole_beside_usual_way(case: VariedCase, _target: Target) -> bool:
    """Calls of a provider's own models, and of other models those without a stream."""
    return case.way == "local" or not case.stream


def carrier_once(case: CredentialCase, target: Target) -> bool:
    """For each provider the carriers that the client uses or fills, and for one provider every other carrier too."""
    filled = (*case.provider.client_credentials, *case.provider.placeholder_credentials)
    return case.carrier in filled or case.provider.id == target.providers[0].id


def is_not_among_management(case: CallCase, target: Target) -> bool:
    """Calls whose path no known proxy counts among its management paths."""
    return not target.reference.endpoints[case.call.dialect].among_management


def is_asked_for_blocks(case: CallCase, _target: Target) -> bool:
    """Calls whose answers are lists of blocks, which the client sends back as history."""
    return isinstance(case.call.operation.response, dict) and isinstance(
        case.call.operation.response.get("content"), list
    )
