"""The gravity of each change: a table, read from the top, in which the first row that fits decides."""

from __future__ import annotations

from typing import Final

from .changes import Change, ChangeKind
from .diff_rule import DiffRule, Gravity

_ADDED: Final = (ChangeKind.ADDED, ChangeKind.ITEMS_ADDED)
_GONE: Final = (ChangeKind.REMOVED, ChangeKind.ITEMS_REMOVED)
_ANY: Final = tuple(ChangeKind)
_RENAMED: Final = (ChangeKind.RENAMED,)

_BREAKING, _ADDITION, _NOTE = Gravity.BREAKING, Gravity.ADDITION, Gravity.NOTE

TABLE: Final[tuple[DiffRule, ...]] = (
    # --- what carries no behaviour
    DiffRule(
        "follows",
        _NOTE,
        "*",
        "*",
        (ChangeKind.ITEMS_ADDED, ChangeKind.ITEMS_REMOVED),
        "The list names added or removed entries; each of these is reported as a change of its own.",
        following=True,
    ),
    DiffRule(
        "unknown",
        _NOTE,
        "*",
        "*",
        (ChangeKind.CHANGED,),
        "The value became known or unknown; the client's behaviour may not have changed.",
        unknown=True,
    ),
    DiffRule(
        "edition",
        _NOTE,
        "edition layers",
        "*",
        _ANY,
        "The description of the edition changed; no request depends on it.",
    ),
    DiffRule(
        "provenance",
        _NOTE,
        "*",
        "sources.** claims.** *.sources.** *.evidence",
        _ANY,
        "The sources of the fact changed; the fact did not.",
    ),
    DiffRule(
        "wording",
        _NOTE,
        "*",
        "display_name *.display_name notes.** *.notes.** note *.note warning section summary title meaning purpose why "
        "description strengths statement examples.** use_when.** remedy remedies.** raised_when symptom *.meaning "
        "*.summary *.reason category documented payer set_up_by credential_source limits.** features.**",
        _ANY,
        "Text for readers; no behaviour depends on it.",
    ),
    DiffRule(
        "lifecycle",
        _NOTE,
        "*",
        "lifecycle.** renamed_from *.renamed_from",
        _ANY,
        "The lifecycle of the entry changed; the entry still exists.",
    ),
    DiffRule(
        "sources",
        _NOTE,
        "sources",
        "*",
        _ANY,
        "The description of a source changed; changed facts are reported separately.",
    ),
    DiffRule(
        "source-entry",
        _NOTE,
        "sources",
        "",
        _ANY,
        "A source was added or removed; changed facts are reported separately.",
    ),
    # --- whole facts
    DiffRule(
        "requirement-added",
        _ADDITION,
        "requirements",
        "",
        _ADDED,
        "The kit tests an additional rule; a proxy that conformed before may fail it.",
    ),
    DiffRule("requirement-removed", _NOTE, "requirements", "", _GONE, "The kit asks for less than it did."),
    DiffRule(
        "requirement-renamed",
        _NOTE,
        "requirements",
        "",
        _RENAMED,
        "The rule goes by another id; the earlier one still selects it, and baselines with it still hold.",
    ),
    DiffRule("fact-added", _ADDITION, "*", "", _ADDED, "There is something new to serve, send or choose."),
    DiffRule(
        "provider-removed",
        _BREAKING,
        "providers",
        "",
        _GONE,
        "The client no longer calls its routes, and its id was removed from the types.",
        "Keep its routes only for older clients, and remove `{id}` from configuration and code{instead}.",
    ),
    DiffRule(
        "model-removed",
        _BREAKING,
        "models",
        "",
        _GONE,
        "The model was removed from the client's catalogue, and its id from the types.",
        "Do not map to `{id}` or route by it for this edition{instead}.",
    ),
    DiffRule(
        "mode-removed",
        _BREAKING,
        "agent_modes",
        "",
        _GONE,
        "The client no longer accepts the mode.",
        "Remove `{id}` from settings{instead}.",
    ),
    DiffRule(
        "fact-removed",
        _BREAKING,
        "*",
        "",
        _GONE,
        "Configuration and code that refer to the entry no longer work.",
        "Remove `{id}` from configuration and code{instead}.",
    ),
    DiffRule(
        "renamed",
        _BREAKING,
        "*",
        "",
        _RENAMED,
        "The entry was renamed.",
        "Replace `{before}` by `{id}`.",
    ),
    # --- headers
    DiffRule(
        "header-renamed",
        _BREAKING,
        "headers",
        "headers.*",
        _RENAMED,
        "The client sends the same value under another name.",
        "Read `{field}` instead of `{before}`; accept both as long as older clients are in use.",
    ),
    DiffRule(
        "header-always",
        _NOTE,
        "headers",
        "headers.*.presence headers.*.providers providers",
        (ChangeKind.REMOVED,),
        "The client sends the header more often: always, or in calls to every provider.",
    ),
    DiffRule(
        "header-wider",
        _ADDITION,
        "headers",
        "headers.*.providers providers",
        (ChangeKind.ITEMS_ADDED,),
        "The client sends the header in calls to an additional provider.",
    ),
    DiffRule(
        "header-narrower",
        _BREAKING,
        "headers",
        "headers.*.presence headers.*.providers providers",
        (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.ITEMS_REMOVED),
        "The client omits the header in some calls in which it was sent before; code that relies on it fails there.",
        "Rely on the header only in calls that {field} names: it was {before} and is {after}.",
    ),
    DiffRule(
        "header-condition",
        _NOTE,
        "headers",
        "headers.*.condition",
        _ANY,
        "The description of when the client sends the header changed.",
    ),
    DiffRule("header-added", _ADDITION, "headers", "headers.*", _ADDED, "The client sends an additional header."),
    DiffRule(
        "header-gone",
        _BREAKING,
        "headers",
        "headers.*",
        _GONE,
        "The header or one of its properties was removed; code that reads it finds no value.",
        "Do not rely on {field}.",
    ),
    DiffRule(
        "header-changed",
        _BREAKING,
        "headers",
        "headers.** role applies_to providers",
        (ChangeKind.CHANGED, ChangeKind.ITEMS_ADDED, ChangeKind.REORDERED),
        "The header has another value, or the client sends it in other calls.",
        "Check code that reads {field}: it was {before} and is {after}.",
    ),
    # --- providers
    DiffRule(
        "credential-carriers",
        _BREAKING,
        "providers",
        "client_credentials",
        (ChangeKind.CHANGED, ChangeKind.ITEMS_ADDED, ChangeKind.ITEMS_REMOVED, ChangeKind.ADDED, ChangeKind.REMOVED),
        "A proxy that reads the key from only one header rejects every call to the provider.",
        "Read the client's key from {after} on the routes of `{id}`; it was {before}.",
    ),
    DiffRule(
        "placeholder-added",
        _BREAKING,
        "providers",
        "placeholder_credentials",
        (*_ADDED, ChangeKind.CHANGED),
        "A proxy that takes the placeholder for a key rejects every call to the provider.",
        "Ignore {items} when reading the client's key on the routes of `{id}`.",
    ),
    DiffRule(
        "operation-added",
        _ADDITION,
        "providers endpoints",
        "operations.*",
        _ADDED,
        "The client can make an additional call.",
    ),
    DiffRule(
        "operation-gone",
        _BREAKING,
        "providers endpoints",
        "operations.*",
        _GONE,
        "The client can no longer make the call.",
        "Do not send {items} to `{id}`.",
    ),
    DiffRule("root-added", _ADDITION, "providers", "roots", _ADDED, "The provider is served under an additional path."),
    DiffRule(
        "requirement-of-provider",
        _BREAKING,
        "providers",
        "requires",
        (*_ADDED, ChangeKind.CHANGED),
        "The client refuses the call unless the setting is present.",
        "Set one of {after}.",
    ),
    DiffRule(
        "routing",
        _BREAKING,
        "providers",
        "via_proxy base_path base_url served_through roots.** default_operation upstream upstream_credential "
        "error_shape requires",
        _ANY,
        "The client sends calls to the provider to another place or in another form.",
        "Change {field} of `{id}` from {before} to {after}.",
    ),
    DiffRule(
        "sdk",
        _NOTE,
        "providers",
        "sdk.** client_call.** setting aliases",
        _ANY,
        "The client makes the call with other code; its destination did not change.",
    ),
    # --- models, modes and tools
    DiffRule(
        "other-model",
        _BREAKING,
        "agent_modes tools",
        "model default_model provider endpoint operation dialect name setting",
        _ANY,
        "The mode or tool calls another model or another endpoint.",
        "Serve {after} where {before} was served, or map it.",
    ),
    DiffRule(
        "wire-model",
        _BREAKING,
        "models",
        "wire_id provider id",
        _ANY,
        "The client requests the model by another id or from another provider.",
        "Replace {before} by {after}.",
    ),
    DiffRule("alias-added", _ADDITION, "models", "aliases", _ADDED, "The model has an additional name."),
    DiffRule(
        "model-use",
        _NOTE,
        "models",
        "default_for used_in platforms.**",
        _ANY,
        "The users of the model changed; its calls did not.",
    ),
    DiffRule(
        "tool-parameters", _NOTE, "tools", "parameters.** client_call.**", _ANY, "The parameters of the tool changed."
    ),
    # --- endpoints and errors
    DiffRule(
        "accepts-more",
        _BREAKING,
        "endpoints",
        "*.must_accept *.request_schema.required *.required_headers",
        _ADDED,
        "A proxy must accept requests that it could reject before.",
        "Accept {items} in calls of `{id}`.",
    ),
    DiffRule(
        "wire-example",
        _NOTE,
        "endpoints",
        "*.request *.request.** *.response *.response.** truncation.** *.aliases",
        _ANY,
        "The example of the smallest valid message changed; the contract did not.",
    ),
    DiffRule(
        "end-reasons",
        _ADDITION,
        "endpoints",
        "ends ends.**",
        _ANY,
        "Answers end for other reasons than before; a proxy relays the reason, whatever it is.",
    ),
    DiffRule(
        "bare-paths",
        _NOTE,
        "endpoints",
        "bare_paths bare_paths.**",
        _ANY,
        "The list of paths without a provider that some proxies have changed; no source obliges a proxy to have them.",
    ),
    DiffRule(
        "status-added", _ADDITION, "error_shapes", "statuses.* default.*", _ADDED, "An additional status is described."
    ),
    # --- management, settings and fallback
    DiffRule(
        "management-call",
        _NOTE,
        "management",
        "calls.**",
        _ANY,
        "The list of observed calls changed; their family did not.",
    ),
    DiffRule("value-added", _ADDITION, "settings", "values", _ADDED, "An additional value can be selected."),
    DiffRule(
        "fallback-steps",
        _NOTE,
        "fallback flows",
        "steps.** exceptions.**",
        _ANY,
        "The description of the steps changed.",
    ),
    # --- requirements
    DiffRule(
        "requirement-level",
        _BREAKING,
        "requirements",
        "level",
        _ANY,
        "A proxy that breaks the rule gets another verdict.",
        "Check `{id}`: it was {before} and is {after}.",
    ),
    DiffRule(
        "requirement-id-dropped",
        _BREAKING,
        "requirements",
        "formerly",
        (*_GONE, ChangeKind.CHANGED),
        "An earlier id of the rule selects nothing any more, and a baseline that has it is stale.",
        "Write `{id}` where {items} stands.",
    ),
    DiffRule("requirement", _NOTE, "requirements", "*", _ANY, "How the rule is told or checked."),
    # --- everything else
    DiffRule("reordered", _NOTE, "*", "*", (ChangeKind.REORDERED,), "The items are in another order."),
    DiffRule("added", _ADDITION, "*", "*", _ADDED, "An additional value is stated."),
    DiffRule(
        "item-renamed",
        _BREAKING,
        "*",
        "*",
        _RENAMED,
        "The item was renamed.",
        "Replace `{before}` by {field}.",
    ),
    DiffRule(
        "changed",
        _BREAKING,
        "*",
        "*",
        (ChangeKind.CHANGED, *_GONE),
        "A value that users may rely on was changed or removed.",
        "Check code that relies on {field} of `{id}`: it was {before} and is {after}.",
    ),
)


def rule_for(change: Change) -> DiffRule:
    """The row that decides about a change; the last rows fit every change."""
    return next(row for row in TABLE if row.fits(change))
