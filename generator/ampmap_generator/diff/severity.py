"""How grave a change is: a table, read from above, of which the first row that fits decides."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from .changes import Change, ChangeKind

UNKNOWN: Final = "unknown"


class Gravity(enum.Enum):
    """What a change means to those who built on the older reference."""

    BREAKING = "breaking"
    ADDITION = "addition"
    NOTE = "note"


@dataclass(frozen=True)
class DiffRule:
    """One row. `scope` and `field` are patterns: `*` is any text, and an empty field is the fact itself.

    `migration` says what to do about a breaking change; `{id}`, `{field}`, `{before}`, `{after}`, `{items}` and
    `{instead}` stand for the change's own. A field of a pattern that ends in `.**` is the field or anything below it.
    """

    id: str
    gravity: Gravity
    scope: str
    field: str
    kinds: tuple[ChangeKind, ...]
    reason: str
    migration: str = ""
    following: bool = False
    """Only for changes that follow from others: the ids in a list of facts that came or went themselves."""
    unknown: bool = False
    """Only for values that the sources did not tell before, or do not tell any more."""

    def fits(self, change: Change) -> bool:
        """Whether this row speaks of a change."""
        if (self.following and not change.follows) or (self.unknown and UNKNOWN not in (change.before, change.after)):
            return False
        if change.kind not in self.kinds or not any(fnmatchcase(change.scope, scope) for scope in self.scope.split()):
            return False
        field = ".".join(change.field)
        return any(_matches(field, pattern) for pattern in self.field.split()) if self.field else not field


def _matches(field: str, pattern: str) -> bool:
    if pattern.endswith(".**"):
        return fnmatchcase(field, pattern[:-3]) or fnmatchcase(field, pattern[:-3] + ".*")
    return fnmatchcase(field, pattern)


def rule_for(change: Change) -> DiffRule:
    """The row that decides about a change; the last rows fit every change."""
    return next(row for row in TABLE if row.fits(change))


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
        "A list names what came or went, which is a change of its own.",
        following=True,
    ),
    DiffRule(
        "unknown",
        _NOTE,
        "*",
        "*",
        (ChangeKind.CHANGED,),
        "Somebody looked and found out, or did not find out; the thing itself need not have changed.",
        unknown=True,
    ),
    DiffRule(
        "edition", _NOTE, "edition layers", "*", _ANY, "The edition describes itself; nothing is sent because of it."
    ),
    DiffRule(
        "provenance",
        _NOTE,
        "*",
        "sources.** claims.** *.sources.** *.evidence",
        _ANY,
        "Where a fact was read has changed, not the fact.",
    ),
    DiffRule(
        "wording",
        _NOTE,
        "*",
        "display_name *.display_name notes.** *.notes.** note *.note warning section summary title meaning purpose why "
        "description strengths statement examples.** use_when.** remedy remedies.** raised_when symptom *.meaning "
        "*.summary *.reason category documented payer set_up_by credential_source limits.** features.**",
        _ANY,
        "Text for people; no behaviour depends on it.",
    ),
    DiffRule(
        "lifecycle",
        _NOTE,
        "*",
        "lifecycle.** renamed_from *.renamed_from",
        _ANY,
        "What becomes of an entry is announced; the entry itself is still there.",
    ),
    DiffRule("sources", _NOTE, "sources", "*", _ANY, "A source describes itself; facts carry what it states."),
    DiffRule("source-entry", _NOTE, "sources", "", _ANY, "A source came or went; facts carry what it states."),
    # --- whole facts
    DiffRule(
        "requirement-added",
        _ADDITION,
        "requirements",
        "",
        _ADDED,
        "The kit asks for more than it did: a proxy that conformed may fail it.",
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
        "The client calls none of its routes any more, and its id is gone from the types.",
        "Keep its routes for older clients only, and take `{id}` out of configuration and code{instead}.",
    ),
    DiffRule(
        "model-removed",
        _BREAKING,
        "models",
        "",
        _GONE,
        "The client's catalogue does not have it any more, and its id is gone from the types.",
        "Do not map to `{id}` or route by it for this edition{instead}.",
    ),
    DiffRule(
        "mode-removed",
        _BREAKING,
        "agent_modes",
        "",
        _GONE,
        "The client does not accept the mode any more.",
        "Take `{id}` out of settings{instead}.",
    ),
    DiffRule(
        "fact-removed",
        _BREAKING,
        "*",
        "",
        _GONE,
        "What was built on it has nothing to stand on.",
        "Take `{id}` out of configuration and code{instead}.",
    ),
    DiffRule(
        "renamed",
        _BREAKING,
        "*",
        "",
        _RENAMED,
        "The same thing goes by another id.",
        "Write `{id}` where `{before}` stands.",
    ),
    # --- headers
    DiffRule(
        "header-renamed",
        _BREAKING,
        "headers",
        "headers.*",
        _RENAMED,
        "The client sends the same value under another name.",
        "Read `{field}` where `{before}` is read; take both while older clients are about.",
    ),
    DiffRule(
        "header-always",
        _NOTE,
        "headers",
        "headers.*.presence headers.*.providers providers",
        (ChangeKind.REMOVED,),
        "The header comes more often than it did: always, or with calls of every provider.",
    ),
    DiffRule(
        "header-wider",
        _ADDITION,
        "headers",
        "headers.*.providers providers",
        (ChangeKind.ITEMS_ADDED,),
        "The header comes with calls of one more provider.",
    ),
    DiffRule(
        "header-narrower",
        _BREAKING,
        "headers",
        "headers.*.presence headers.*.providers providers",
        (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.ITEMS_REMOVED),
        "What relies on the header misses it in calls with which it came.",
        "Do not rely on the header where {field} does not say so: it was {before} and is {after}.",
    ),
    DiffRule("header-condition", _NOTE, "headers", "headers.*.condition", _ANY, "When it is sent is told in words."),
    DiffRule("header-added", _ADDITION, "headers", "headers.*", _ADDED, "One more header is sent."),
    DiffRule(
        "header-gone",
        _BREAKING,
        "headers",
        "headers.*",
        _GONE,
        "What reads the header or one of its properties finds nothing.",
        "Do not rely on {field}.",
    ),
    DiffRule(
        "header-changed",
        _BREAKING,
        "headers",
        "headers.** role applies_to providers",
        (ChangeKind.CHANGED, ChangeKind.ITEMS_ADDED, ChangeKind.REORDERED),
        "The header holds something else, or comes at other times.",
        "Check what reads {field}: it was {before} and is {after}.",
    ),
    # --- providers
    DiffRule(
        "credential-carriers",
        _BREAKING,
        "providers",
        "client_credentials",
        (ChangeKind.CHANGED, ChangeKind.ITEMS_ADDED, ChangeKind.ITEMS_REMOVED, ChangeKind.ADDED, ChangeKind.REMOVED),
        "A gate that reads the key from one place alone refuses every call of the provider.",
        "Take the client's key from {after} on the routes of `{id}`; it was {before}.",
    ),
    DiffRule(
        "placeholder-added",
        _BREAKING,
        "providers",
        "placeholder_credentials",
        (*_ADDED, ChangeKind.CHANGED),
        "A gate that takes the word `placeholder` for a key refuses every call of the provider.",
        "Pass over {items} when looking for the client's key on the routes of `{id}`.",
    ),
    DiffRule("operation-added", _ADDITION, "providers endpoints", "operations.*", _ADDED, "One more call can be made."),
    DiffRule(
        "operation-gone",
        _BREAKING,
        "providers endpoints",
        "operations.*",
        _GONE,
        "A call that was made cannot be made any more.",
        "Do not send {items} to `{id}`.",
    ),
    DiffRule("root-added", _ADDITION, "providers", "roots", _ADDED, "One more form of the path is served."),
    DiffRule(
        "requirement-of-provider",
        _BREAKING,
        "providers",
        "requires",
        (*_ADDED, ChangeKind.CHANGED),
        "Without the setting the client refuses the call.",
        "Set one of {after}.",
    ),
    DiffRule(
        "routing",
        _BREAKING,
        "providers",
        "via_proxy base_path base_url served_through roots.** default_operation upstream upstream_credential "
        "error_shape requires",
        _ANY,
        "Calls of the provider go elsewhere, or are made in another way.",
        "Change {field} of `{id}` from {before} to {after}.",
    ),
    DiffRule(
        "sdk", _NOTE, "providers", "sdk.** client_call.** setting", _ANY, "How the client makes the call, not where."
    ),
    # --- models, modes and tools
    DiffRule(
        "other-model",
        _BREAKING,
        "agent_modes tools",
        "model default_model provider endpoint operation dialect name setting",
        _ANY,
        "The mode or tool calls another model, or goes to another place.",
        "Make sure that {after} is served where {before} was, or is mapped.",
    ),
    DiffRule(
        "wire-model",
        _BREAKING,
        "models",
        "wire_id provider id",
        _ANY,
        "The model is asked for by another id, or from another provider.",
        "Take {after} for {before}.",
    ),
    DiffRule("alias-added", _ADDITION, "models", "aliases", _ADDED, "The model has one more name."),
    DiffRule("model-use", _NOTE, "models", "default_for used_in platforms.**", _ANY, "Who uses the model, not how."),
    DiffRule("tool-parameters", _NOTE, "tools", "parameters.** client_call.**", _ANY, "What the tool asks for."),
    # --- endpoints and errors
    DiffRule(
        "accepts-more",
        _BREAKING,
        "endpoints",
        "*.must_accept *.request_schema.required *.required_headers",
        _ADDED,
        "A proxy has to take what it might have refused.",
        "Take {items} in calls of `{id}`.",
    ),
    DiffRule(
        "wire-example",
        _NOTE,
        "endpoints",
        "*.request *.request.** *.response *.response.** truncation.** *.aliases",
        _ANY,
        "The smallest valid message was written down anew; the contract's other fields did not change by it.",
    ),
    DiffRule(
        "status-added", _ADDITION, "error_shapes", "statuses.* default.*", _ADDED, "One more status is described."
    ),
    # --- management, settings and fallback
    DiffRule(
        "management-call", _NOTE, "management", "calls.**", _ANY, "A single call was seen; its family is the same."
    ),
    DiffRule("value-added", _ADDITION, "settings", "values", _ADDED, "One more value can be chosen."),
    DiffRule("fallback-steps", _NOTE, "fallback flows", "steps.** exceptions.**", _ANY, "Steps in words."),
    # --- requirements
    DiffRule(
        "requirement-level",
        _BREAKING,
        "requirements",
        "level",
        _ANY,
        "The verdict of a proxy that breaks the rule is another one.",
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
    DiffRule("reordered", _NOTE, "*", "*", (ChangeKind.REORDERED,), "The same items in another order."),
    DiffRule("added", _ADDITION, "*", "*", _ADDED, "One more thing is stated or offered."),
    DiffRule(
        "item-renamed",
        _BREAKING,
        "*",
        "*",
        _RENAMED,
        "The same thing goes by another name.",
        "Write {field} where `{before}` stands.",
    ),
    DiffRule(
        "changed",
        _BREAKING,
        "*",
        "*",
        (ChangeKind.CHANGED, *_GONE),
        "A value that users may rely on is another one, or gone.",
        "Check what relies on {field} of `{id}`: it was {before} and is {after}.",
    ),
)
