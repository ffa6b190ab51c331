"""The gravity of changes in fields of headers, providers, models, endpoints, management and requirements.

Rows of the table in `severity`, in their order there.
"""

from __future__ import annotations

from typing import Final

from .changes import ChangeKind
from .diff_rule import ADDED, ADDITION, ANY, BREAKING, GONE, NOTE, RENAMED, DiffRule

FIELD_RULES: Final[tuple[DiffRule, ...]] = (
    # --- headers
    DiffRule(
        "header-renamed",
        BREAKING,
        "headers",
        "headers.*",
        RENAMED,
        "The client sends the same value under another name.",
        "Read `{field}` instead of `{before}`; accept both as long as older clients are in use.",
    ),
    DiffRule(
        "header-always",
        NOTE,
        "headers",
        "headers.*.presence headers.*.providers providers",
        (ChangeKind.REMOVED,),
        "The client sends the header more often: always, or in calls to every provider.",
    ),
    DiffRule(
        "header-wider",
        ADDITION,
        "headers",
        "headers.*.providers providers",
        (ChangeKind.ITEMS_ADDED,),
        "The client sends the header in calls to an additional provider.",
    ),
    DiffRule(
        "header-narrower",
        BREAKING,
        "headers",
        "headers.*.presence headers.*.providers providers",
        (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.ITEMS_REMOVED),
        "The client omits the header in some calls in which it was sent before; code that relies on it fails there.",
        "Rely on the header only in calls that {field} names: it was {before} and is {after}.",
    ),
    DiffRule(
        "header-condition",
        NOTE,
        "headers",
        "headers.*.condition",
        ANY,
        "The description of when the client sends the header changed.",
    ),
    DiffRule("header-added", ADDITION, "headers", "headers.*", ADDED, "The client sends an additional header."),
    DiffRule(
        "header-gone",
        BREAKING,
        "headers",
        "headers.*",
        GONE,
        "The header or one of its properties was removed; code that reads it finds no value.",
        "Do not rely on {field}.",
    ),
    DiffRule(
        "header-changed",
        BREAKING,
        "headers",
        "headers.** role applies_to providers",
        (ChangeKind.CHANGED, ChangeKind.ITEMS_ADDED, ChangeKind.REORDERED),
        "The header has another value, or the client sends it in other calls.",
        "Check code that reads {field}: it was {before} and is {after}.",
    ),
    # --- providers
    DiffRule(
        "credential-carriers",
        BREAKING,
        "providers",
        "client_credentials",
        (ChangeKind.CHANGED, ChangeKind.ITEMS_ADDED, ChangeKind.ITEMS_REMOVED, ChangeKind.ADDED, ChangeKind.REMOVED),
        "A proxy that reads the key from only one header rejects every call to the provider.",
        "Read the client's key from {after} on the routes of `{id}`; it was {before}.",
    ),
    DiffRule(
        "placeholder-added",
        BREAKING,
        "providers",
        "placeholder_credentials",
        (*ADDED, ChangeKind.CHANGED),
        "A proxy that takes the placeholder for a key rejects every call to the provider.",
        "Ignore {items} when reading the client's key on the routes of `{id}`.",
    ),
    DiffRule(
        "operation-added",
        ADDITION,
        "providers endpoints",
        "operations.*",
        ADDED,
        "The client can make an additional call.",
    ),
    DiffRule(
        "operation-gone",
        BREAKING,
        "providers endpoints",
        "operations.*",
        GONE,
        "The client can no longer make the call.",
        "Do not send {items} to `{id}`.",
    ),
    DiffRule("root-added", ADDITION, "providers", "roots", ADDED, "The provider is served under an additional path."),
    DiffRule(
        "requirement-of-provider",
        BREAKING,
        "providers",
        "requires",
        (*ADDED, ChangeKind.CHANGED),
        "The client refuses the call unless the setting is present.",
        "Set one of {after}.",
    ),
    DiffRule(
        "routing",
        BREAKING,
        "providers",
        "via_proxy base_path base_url served_through roots.** default_operation upstream upstream_credential "
        "error_shape requires",
        ANY,
        "The client sends calls to the provider to another place or in another form.",
        "Change {field} of `{id}` from {before} to {after}.",
    ),
    DiffRule(
        "sdk",
        NOTE,
        "providers",
        "sdk.** client_call.** setting aliases",
        ANY,
        "The client makes the call with other code; its destination did not change.",
    ),
    # --- models, modes and tools
    DiffRule(
        "other-model",
        BREAKING,
        "agent_modes tools",
        "model default_model provider endpoint operation dialect name setting",
        ANY,
        "The mode or tool calls another model or another endpoint.",
        "Serve {after} where {before} was served, or map it.",
    ),
    DiffRule(
        "wire-model",
        BREAKING,
        "models",
        "wire_id provider id",
        ANY,
        "The client requests the model by another id or from another provider.",
        "Replace {before} by {after}.",
    ),
    DiffRule("alias-added", ADDITION, "models", "aliases", ADDED, "The model has an additional name."),
    DiffRule(
        "model-use",
        NOTE,
        "models",
        "default_for used_in platforms.**",
        ANY,
        "The users of the model changed; its calls did not.",
    ),
    DiffRule(
        "tool-parameters", NOTE, "tools", "parameters.** client_call.**", ANY, "The parameters of the tool changed."
    ),
    # --- endpoints and errors
    DiffRule(
        "accepts-more",
        BREAKING,
        "endpoints",
        "*.must_accept *.request_schema.required *.required_headers",
        ADDED,
        "A proxy must accept requests that it could reject before.",
        "Accept {items} in calls of `{id}`.",
    ),
    DiffRule(
        "wire-example",
        NOTE,
        "endpoints",
        "*.request *.request.** *.response *.response.** truncation.** *.aliases",
        ANY,
        "The example of the smallest valid message changed; the contract did not.",
    ),
    DiffRule(
        "end-reasons",
        ADDITION,
        "endpoints",
        "ends ends.**",
        ANY,
        "Answers end for other reasons than before; a proxy relays the reason, whatever it is.",
    ),
    DiffRule(
        "bare-paths",
        NOTE,
        "endpoints",
        "bare_paths bare_paths.**",
        ANY,
        "The list of paths without a provider that some proxies have changed; no source obliges a proxy to have them.",
    ),
    DiffRule(
        "status-added", ADDITION, "error_shapes", "statuses.* default.*", ADDED, "An additional status is described."
    ),
    # --- management, settings and fallback
    DiffRule(
        "management-call",
        NOTE,
        "management",
        "calls.** answers answers.**",
        ANY,
        "The list of observed calls, or of answers to them, changed; their family did not.",
    ),
    DiffRule("value-added", ADDITION, "settings", "values", ADDED, "An additional value can be selected."),
    DiffRule(
        "fallback-steps",
        NOTE,
        "fallback flows",
        "steps.** exceptions.**",
        ANY,
        "The description of the steps changed.",
    ),
    # --- requirements
    DiffRule(
        "requirement-level",
        BREAKING,
        "requirements",
        "level",
        ANY,
        "A proxy that breaks the rule gets another verdict.",
        "Check `{id}`: it was {before} and is {after}.",
    ),
    DiffRule(
        "requirement-id-dropped",
        BREAKING,
        "requirements",
        "formerly",
        (*GONE, ChangeKind.CHANGED),
        "An earlier id of the rule selects nothing any more, and a baseline that has it is stale.",
        "Write `{id}` where {items} stands.",
    ),
    DiffRule("requirement", NOTE, "requirements", "*", ANY, "How the rule is told or checked."),
    DiffRule(
        "remedy-detail", NOTE, "remedies", "*", ANY, "The remedies for a server changed; what a proxy must do did not."
    ),
)
