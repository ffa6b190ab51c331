"""Finds wording that a reader in a hurry misreads. Pure: it imports nothing else of the generator.

The rules are data. Each one is a pattern, the reason why the wording misleads, and what to write instead:

- `is-no`: `is no X`, `are none`. English denies with `is not`; `is no` is read twice. `There is no X`, `is no longer`
  and comparisons such as `is no more than` are correct English and allowed, as is Python's `None`.
- `nameless-person`: `whoever`, `nobody`, `somebody` and their like, and `one` as a person. They hide which party acts.
- `dangling-so`: `So is ...`, `so has ...`. The sentence cannot be read without the sentence before it.
- `dangling-same`: `The same holds ...`. The reader has to look up what holds.
- `idiom`: `goes on`, `comes back`, `goes nowhere`. The field's verbs are forward, relay, return, continue and reject.

Statements of requirements are read alone, in a report or a search result, so that more is asked of them:

- `dangling-end`: `too`, `likewise`, `as well` or `either` at the end refers to another statement.
- `dangling-start`: `It`, `They`, `This`, `That`, `Such`, `Likewise` and so on at the beginning refer to another one.
- `one-sentence`: a statement is one sentence and ends in a full stop.
- `actor`: the subject is one of ACTORS. A clause with "When", "Where" and so on, and a comma, may stand before it.

Code between backticks is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple


class WordProblem(NamedTuple):
    """Wording to change: the rule's name, the words as they are written, why they mislead, and what to write."""

    rule: str
    words: str
    reason: str
    instead: str


@dataclass(frozen=True)
class WordRule:
    """A pattern (case-insensitive) for wording that misleads; its whole match is what is shown as the words."""

    name: str
    pattern: str
    reason: str
    instead: str


_BE: Final = r"(?:is|are|was|were)"
_SENTENCE: Final = r"(?:^|(?<=[.!?:;]\s))"
"""Where a sentence, or a part of one behind a colon or semicolon, begins."""

TEXT_RULES: Final = (
    WordRule(
        "is-no",
        rf"(?<!there\s)\b{_BE} no (?!longer\b|more\b|less\b|fewer\b|better\b|worse\b|[a-z]+er than\b)(?=\w)",
        "English denies with `is not`",
        "write `is not` or `is invalid`",
    ),
    WordRule(
        "is-no",
        rf"(?<!there\s)\b{_BE} (?-i:none)\b",  # `None` is Python's
        "English denies with `is not`",
        "write `is not` and repeat the noun",
    ),
    WordRule(
        "nameless-person",
        r"\b(?:whoever|whomever|nobody|no one|(?:some|any|every)body)(?:'s)?\b",
        "the reader cannot see which party acts",
        "name the party: the proxy, the client, the user",
    ),
    WordRule(
        "nameless-person",
        rf"(?:{_SENTENCE}|(?<=, )|(?<=\bas )|(?<=\bif )|(?<=\bwhen )|(?<=\bthat )|(?<=\bwhat )|(?<=\bhow ))"
        r"one (?:can|cannot|could|may|might|must|should|would|who|whose)\b",
        "the reader cannot see which party acts",
        "name the party: the proxy, the client, the user",
    ),
    WordRule(
        "dangling-so",
        rf"{_SENTENCE}so (?:is|are|was|were|do|does|did|has|have|had|can|must|may|should)\b(?! not\b)",
        "the sentence cannot be read alone",
        "repeat the rule, with its subject and verb",
    ),
    WordRule(
        "dangling-same",
        r"\bthe same (?:holds|applies|goes|is true|rule holds|rule applies)\b",
        "the reader has to look up what holds",
        "repeat the rule",
    ),
    WordRule(
        "idiom",
        r"\b(?:go|goes|went|going) (?:on|along|nowhere)\b|\b(?:come|comes|came|coming) back\b",
        "the field has a verb for it",
        "write forward, relay, return, send, continue or reject",
    ),
)
"""Rules for every text that users read."""

STATEMENT_RULES: Final = (
    *TEXT_RULES,
    WordRule(
        "dangling-start",
        r"^(?:it|they|this|that|these|those|such|likewise|also|similarly|otherwise|therefore|thus|hence|moreover"
        r"|however|but|and|or|then|one that|one whose)\b",
        "it refers to another statement",
        "begin with the actor",
    ),
    WordRule(
        "dangling-end",
        r"\b(?:too|likewise|as well|either)(?=[.;:]|$)",
        "it refers to another statement",
        "leave it out, or name what else is meant",
    ),
)
"""Rules for statements of requirements, beside those of their shape."""

ACTORS: Final = MappingProxyType(
    {
        "proxy": "what most requirements bind",
        "resolver": "what the requirements on auth modes bind",
        "SDK": "what the profile `clients` watches; the proxy is between the SDK and the upstream",
        "official SDK": "an SDK that its vendor publishes",
        "SDK's call through the proxy": "the call, whichever SDK makes it",
    }
)
"""What may be the subject of a statement, without its article; each with the reason why it is one."""

OPENERS: Final = MappingProxyType(
    {
        "when": "the event that the rule answers",
        "where": "the configuration under which the rule holds",
        "if": "a condition",
        "while": "what happens at the same time",
        "once": "an event that changes what holds",
        "after": "what came before",
        "before": "what comes later",
        "until": "the end of the rule",
        "unless": "the exception",
        "within": "a scope or a time",
        "without": "what is missing",
        "with": "what is present",
        "for": "the kind of call",
        "on": "the route or the connection",
        "in": "the place",
    }
)
"""Words that begin a clause or phrase in front of the subject; each with what it introduces."""

ABBREVIATIONS: Final = MappingProxyType(
    {"e.g.": "for example", "i.e.": "that is", "etc.": "and so on", "vs.": "against", "No.": "number"}
)
"""Words whose full stop ends no sentence, each with what it stands for."""

_CODE = re.compile(r"`[^`]*`")
_JOINED: Final = "['\N{RIGHT SINGLE QUOTATION MARK}-]"
_SUBJECT: Final = rf"(?:the|an?|every|each) (?:{'|'.join(map(re.escape, ACTORS))})\b(?!{_JOINED})"
_STARTS = re.compile(
    rf"(?:{_SUBJECT}|(?:{'|'.join(OPENERS)})\b.*?, {_SUBJECT})",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?][\"')\]]*(?=\s+\S)")


def find_word_problems(text: str, rules: Iterable[WordRule] = TEXT_RULES) -> list[WordProblem]:
    """Wording in `text` that breaks one of `rules`, in the order of the text; the module says what each asks.

    `text` may be any number of sentences on any number of lines. It is empty of problems where the list is.
    """
    plain = _readable(text)
    found = [
        (match.start(), WordProblem(rule.name, match[0].strip(), rule.reason, rule.instead))
        for rule in rules
        for match in re.finditer(rule.pattern, plain, re.IGNORECASE)
    ]
    return [problem for _, problem in sorted(found, key=lambda each: each[0])]


@lru_cache(maxsize=4096)  # the editions of a spec state mostly the same
def find_statement_problems(statement: str) -> tuple[WordProblem, ...]:
    """What keeps `statement` from being one plain sentence with an actor, that stands alone."""
    plain = _readable(statement)
    problems = find_word_problems(plain, STATEMENT_RULES)
    if not plain.endswith((".", ".)")) or _ends_within(plain):
        reason = "a statement is one sentence that ends in a full stop"
        problems.append(
            WordProblem("one-sentence", _beginning(plain), reason, "write one sentence; reasons go to `why`")
        )
    if not _STARTS.match(plain) and not any(plain.lower().startswith(each.words.lower()) for each in problems):
        actors = ", ".join(f"the {actor}" for actor in ACTORS)
        reason = "the subject of a statement is the party that acts"
        problems.append(WordProblem("actor", _beginning(plain), reason, f"begin with one of: {actors}"))
    return tuple(problems)


def _readable(text: str) -> str:
    """`text` on one line, with nothing between its backticks that could be taken for words."""
    return _CODE.sub("`code`", " ".join(text.split()))


def _ends_within(plain: str) -> bool:
    words = (plain[: match.start() + 1].rpartition(" ")[2].lstrip("(") for match in _END.finditer(plain))
    return any(word not in ABBREVIATIONS for word in words)


def _beginning(plain: str) -> str:
    return " ".join(plain.split()[:3])
