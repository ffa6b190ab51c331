"""The gravity of each change: a table, read from the top, in which the first row that fits decides."""

from __future__ import annotations

from typing import Final

from .changes import Change, ChangeKind
from .diff_rule import ADDED, ADDITION, ANY, BREAKING, GONE, NOTE, RENAMED, DiffRule
from .severity_of_fields import FIELD_RULES

TABLE: Final[tuple[DiffRule, ...]] = (
    # --- what carries no behaviour
    DiffRule(
        "follows",
        NOTE,
        "*",
        "*",
        (ChangeKind.ITEMS_ADDED, ChangeKind.ITEMS_REMOVED),
        "The list names added or removed entries; each of these is reported as a change of its own.",
        following=True,
    ),
    DiffRule(
        "unknown",
        NOTE,
        "*",
        "*",
        (ChangeKind.CHANGED,),
        "The value became known or unknown; the client's behaviour may not have changed.",
        unknown=True,
    ),
    DiffRule(
        "edition",
        NOTE,
        "edition layers",
        "*",
        ANY,
        "The description of the edition changed; no request depends on it.",
    ),
    DiffRule(
        "provenance",
        NOTE,
        "*",
        "sources.** claims.** *.sources.** *.evidence",
        ANY,
        "The sources of the fact changed; the fact did not.",
    ),
    DiffRule(
        "model-limits",
        NOTE,
        "models",
        "limits.**",
        ANY,
        "The client reckons with other limits of the model; its calls go to the same place.",
    ),
    DiffRule(
        "wording",
        NOTE,
        "*",
        "display_name *.display_name notes.** *.notes.** note *.note warning section summary title meaning purpose why "
        "description strengths statement examples.** use_when.** remedy remedies.** raised_when symptom *.meaning "
        "*.summary *.reason category documented payer set_up_by credential_source limits.** features.**",
        ANY,
        "Text for readers; no behaviour depends on it.",
    ),
    DiffRule(
        "lifecycle",
        NOTE,
        "*",
        "lifecycle.** renamed_from *.renamed_from",
        ANY,
        "The lifecycle of the entry changed; the entry still exists.",
    ),
    DiffRule(
        "source-entry",
        NOTE,
        "sources",
        "",
        ANY,
        "A source was added or removed; changed facts are reported separately.",
    ),
    DiffRule(
        "sources",
        NOTE,
        "sources",
        "*",
        ANY,
        "The description of a source changed; changed facts are reported separately.",
    ),
    # --- whole facts
    DiffRule(
        "requirement-added",
        ADDITION,
        "requirements",
        "",
        ADDED,
        "The kit tests an additional rule; a proxy that conformed before may fail it.",
    ),
    DiffRule("requirement-removed", NOTE, "requirements", "", GONE, "The kit asks for less than it did."),
    DiffRule(
        "requirement-renamed",
        NOTE,
        "requirements",
        "",
        RENAMED,
        "The rule goes by another id; the earlier one still selects it, and baselines with it still hold.",
    ),
    DiffRule("remedy", NOTE, "remedies", "", ANY, "The remedies for a server changed; what a proxy must do did not."),
    DiffRule("fact-added", ADDITION, "*", "", ADDED, "There is something new to serve, send or choose."),
    DiffRule(
        "provider-removed",
        BREAKING,
        "providers",
        "",
        GONE,
        "The client no longer calls its routes, and its id was removed from the types.",
        "Keep its routes only for older clients, and remove `{id}` from configuration and code{instead}.",
    ),
    DiffRule(
        "model-removed",
        BREAKING,
        "models",
        "",
        GONE,
        "The model was removed from the client's catalogue, and its id from the types.",
        "Do not map to `{id}` or route by it for this edition{instead}.",
    ),
    DiffRule(
        "mode-removed",
        BREAKING,
        "agent_modes",
        "",
        GONE,
        "The client no longer accepts the mode.",
        "Remove `{id}` from settings{instead}.",
    ),
    DiffRule(
        "fact-removed",
        BREAKING,
        "*",
        "",
        GONE,
        "Configuration and code that refer to the entry no longer work.",
        "Remove `{id}` from configuration and code{instead}.",
    ),
    DiffRule(
        "renamed",
        BREAKING,
        "*",
        "",
        RENAMED,
        "The entry was renamed.",
        "Replace `{before}` by `{id}`.",
    ),
    *FIELD_RULES,
    # --- everything else
    DiffRule("reordered", NOTE, "*", "*", (ChangeKind.REORDERED,), "The items are in another order."),
    DiffRule("added", ADDITION, "*", "*", ADDED, "An additional value is stated."),
    DiffRule(
        "item-renamed",
        BREAKING,
        "*",
        "*",
        RENAMED,
        "The item was renamed.",
        "Replace `{before}` by {field}.",
    ),
    DiffRule(
        "changed",
        BREAKING,
        "*",
        "*",
        (ChangeKind.CHANGED, *GONE),
        "A value that users may rely on was changed or removed.",
        "Check code that relies on {field} of `{id}`: it was {before} and is {after}.",
    ),
)


def rule_for(change: Change) -> DiffRule:
    """The row that decides about a change; the last rows fit every change."""
    return next(row for row in TABLE if row.fits(change))
