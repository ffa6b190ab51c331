"""Causes: cases that went wrong for the same reason are told together, and those to repair first come first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from ..reference.types import Severity
from ..verdicts import Level, Verdict
from .model import Cause, Notice, RequirementSummary, Result, Sight

URGENCY: Mapping[Verdict, int] = MappingProxyType(
    {
        Verdict.ERROR: 0,
        Verdict.FAIL: 1,
        Verdict.FLAKY: 1,
        Verdict.UNEXPECTED_PASS: 1,
        Verdict.WARN: 2,
        Verdict.KNOWN_FAILURE: 3,
    }
)
"""Verdicts of cases that have a cause. Cases of different urgency have different causes."""
GRAVEST: Sequence[Verdict] = tuple(URGENCY)
UNSCORED = URGENCY[Verdict.WARN]
SEVERITIES: Sequence[Severity] = get_args(Severity)
LEVELS = tuple(Level)
NO_ANSWER = "no-answer"
UNSERVED = frozenset({"call-failed", NO_ANSWER, "no-request"})
"""Codes of calls that were not served, so that nothing was seen of what the rule says."""
GENERAL = frozenset({"sent-on", "let-through", "header", "several-requests", "not-adopted", "broken"})
"""Codes that rules share although they mean different things: only cases of one profile with one reason belong
together."""
NO_ROUTE = ("404", "405", "501")
"""Statuses by which a server says that it has no such route."""
AMP_ROOTS = frozenset({"api", "root"})
"""How the names of cases of Amp's own paths begin: below `/api`, or at the root."""
AFTER_EFFECT, UNSERVED_ROUTE = "one-answer-for-many-calls", "route-not-served"
SUMMARIES: Mapping[str, str] = MappingProxyType(
    {
        AFTER_EFFECT: "calls of many kinds get one and the same answer",
        UNSERVED_ROUTE: "the proxy has no route for these calls",
    }
)
"""What is wrong, where several rules say it in different words."""
FEWEST_RULES, FEWEST_PROFILES = 4, 2
"""How many rules, of how many profiles, must have got one and the same answer to look like an effect of an earlier
call, where most of these calls are served in other cases of the same rules."""
MANY_RULES, MANY_PROFILES = 6, 3
"""The same, where no call has to be served in another case."""


@dataclass(frozen=True)
class _Key:
    """What cases of one cause have in common."""

    urgency: int
    code: str
    sight: Sight
    special: str = ""


def causes_of(
    results: Iterable[Result], rules: Mapping[str, RequirementSummary], *, observed: bool
) -> tuple[Cause, ...]:
    """The causes of what went wrong, those to repair first coming first.

    `observed` says whether an observer saw what the upstreams got.
    """
    every = tuple(results)
    keys = _keys([result for result in every if result.verdict in URGENCY], every, observed=observed)
    groups: dict[_Key, list[Result]] = {}
    for result in every:
        if result.id in keys:
            groups.setdefault(keys[result.id], []).append(result)
    waiting: Mapping[str | None, int] = Counter(result.blocked_by for result in every if result.blocked_by is not None)
    found = [_cause(key, cases, rules, waiting) for key, cases in groups.items()]
    return _named(sorted(found, key=importance))


def importance(cause: Cause) -> tuple[int, int, int, int]:
    """A key to sort by: urgency, level, severity, then how many cases there are."""
    urgency = URGENCY[cause.verdict] if cause.scored else max(URGENCY[cause.verdict], UNSCORED)
    grave = SEVERITIES.index(cause.severity) if cause.severity else len(SEVERITIES)
    return urgency, LEVELS.index(cause.level), grave, -len(cause.cases)


def in_order(results: Iterable[Result], causes: Iterable[Cause]) -> tuple[Result, ...]:
    """Results in the order of their causes, then those without a cause as they came."""
    place = {name: number for number, name in enumerate(name for cause in causes for name in cause.cases)}
    return tuple(sorted(results, key=lambda result: place.get(result.id, len(place))))


def after_effects(causes: Iterable[Cause]) -> tuple[Notice, ...]:
    """A notice for each cause that looks like an effect of an earlier call."""
    return tuple(
        Notice(
            kind="knock-on",
            text=(
                f"{len(cause.cases)} cases of {len(cause.requirements)} requirements got one and the same answer"
                f" ({cause.actual}), and no upstream was called, though the proxy serves such calls elsewhere. It looks"
                f" like an effect of an earlier call, and is told as one cause; `{cause.shown}` was the first to get it"
            ),
        )
        for cause in causes
        if cause.knock_on
    )


def sight_of(result: Result, *, observed: bool) -> Sight:
    """What the upstreams saw of a case."""
    if not observed:
        return "unseen"
    return "reached" if any(exchange.upstream for exchange in result.exchanges) else "nothing"


def _urgency(result: Result) -> int:
    urgency = URGENCY[result.verdict]
    return urgency if result.scored else max(urgency, UNSCORED)


def _codes(result: Result) -> tuple[str, ...]:
    """What was observed, without the places and the providers where; of earlier kits' reports, what was said of it."""
    if result.verdict is Verdict.UNEXPECTED_PASS:
        return (result.verdict.value,)
    codes = (one.code.partition("@")[0].removesuffix(f"-{_provider(result)}") for one in result.observations)
    return tuple(dict.fromkeys(codes)) or (result.reason,)


def _keys(wrong: Sequence[Result], every: Iterable[Result], *, observed: bool) -> dict[str, _Key]:
    """What each case has in common with others, by its id."""
    codes = _first_codes(wrong)
    unserved = [result for result in wrong if codes[result.id] in UNSERVED]
    routes = Counter(
        place for *_, place in {(result.requirement, _call(result), _route(result)) for result in unserved}
    )
    found = {}
    for result in wrong:
        code, special, route = codes[result.id], "", _route(result)
        if code in UNSERVED and route and routes[route] > 1:
            code, special = UNSERVED_ROUTE, route
        elif code == NO_ANSWER:
            special = f"{result.profile} {result.actual}"
        elif code in UNSERVED:
            special = f"{result.requirement} {result.actual}"
        elif code in GENERAL:
            special = f"{result.profile} {_said(result)}"
        found[result.id] = _Key(_urgency(result), code, sight_of(result, observed=observed), special)
    return found | _after_effects(unserved, every)


def _first_codes(wrong: Iterable[Result]) -> dict[str, str]:
    """One code for each case: cases of one rule that have an observation in common get the same."""
    found: dict[str, str] = {}
    named: dict[tuple[int, str, str], str] = {}
    for result in wrong:
        codes = _codes(result)
        places = [(_urgency(result), result.requirement, code) for code in codes]
        first = next((named[place] for place in places if place in named), codes[0])
        for place in places:
            named.setdefault(place, first)
        found[result.id] = first
    return found


def _said(result: Result) -> str:
    return result.observations[0].reason if result.observations else result.reason


def _route(result: Result) -> str:
    """The call that a case is of, and the status, where the answer says that there is no such route; else empty.

    Paths of Amp's own below one root are one route: a proxy serves them by one rule.
    """
    status = result.exchanges[-1].response.start if result.exchanges else ""
    root = _provider(result)
    return f"{root if root in AMP_ROOTS else _call(result)} {status}" if status in NO_ROUTE else ""


def _provider(result: Result) -> str:
    """The provider of a case, which begins its name."""
    return result.case.partition("-")[0]


def _call(result: Result) -> str:
    """Provider and operation of a case, which begin its name."""
    return "-".join(result.case.split("-")[:2])


def _after_effects(unserved: Iterable[Result], every: Iterable[Result]) -> dict[str, _Key]:
    """The keys of cases that look like effects of an earlier call, by id."""
    alike: dict[tuple[int, str], list[Result]] = {}
    for result in unserved:
        if result.exchanges and not any(one.upstream for one in result.exchanges):
            response = result.exchanges[-1].response
            answer = f"{result.actual} {response.start} {response.body}"
            alike.setdefault((_urgency(result), answer), []).append(result)
    served = {(result.requirement, _call(result)) for result in every if result.verdict is Verdict.PASS}
    return {
        result.id: _Key(urgency, AFTER_EFFECT, "nothing", answer)
        for (urgency, answer), cases in alike.items()
        if _are_after_effects(cases, served)
        for result in cases
    }


def _are_after_effects(cases: Sequence[Result], served: Set[tuple[str, str]]) -> bool:
    """Whether cases with the same answer look like effects of an earlier call, by those that were `served`."""
    rules, profiles = {case.requirement for case in cases}, {case.profile for case in cases}
    if len(rules) >= MANY_RULES and len(profiles) >= MANY_PROFILES and len({_call(case) for case in cases}) > 1:
        return True
    elsewhere = {call for rule, call in served if rule in rules}
    mostly = 2 * sum(_call(case) in elsewhere for case in cases) > len(cases)
    return mostly and len(rules) >= FEWEST_RULES and len(profiles) >= FEWEST_PROFILES


def _cause(
    key: _Key, cases: list[Result], rules: Mapping[str, RequirementSummary], waiting: Mapping[str | None, int]
) -> Cause:
    knock_on = key.code == AFTER_EFFECT
    requirements = [name for name, _ in Counter(case.requirement for case in cases).most_common()]
    severities = {rules[name].severity for name in requirements if name in rules}
    shown = min(cases, key=_begun) if knock_on else next((one for one in cases if one.reproduce.curl_alone), cases[0])
    return Cause(
        id=key.code,
        verdict=next(verdict for verdict in GRAVEST if any(case.verdict is verdict for case in cases)),
        scored=any(case.scored for case in cases),
        level=min((case.level for case in cases), key=LEVELS.index),
        severity=next((one for one in SEVERITIES if one in severities), None),
        summary=SUMMARIES.get(key.code) or _said(shown),
        actual=shown.actual,
        upstream=key.sight,
        requirements=tuple(requirements),
        cases=tuple(case.id for case in cases),
        shown=shown.id,
        blocks=sum(waiting.get(case.id, 0) for case in cases),
        knock_on=knock_on,
    )


def _begun(result: Result) -> float:
    return result.exchanges[-1].begun_ms or 0.0


def _named(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The causes with ids that are unique: a second one of the same code is `CODE-2`."""
    seen: Counter[str] = Counter()
    named = []
    for cause in causes:
        seen[cause.id] += 1
        number = seen[cause.id]
        named.append(cause if number == 1 else cause.model_copy(update={"id": f"{cause.id}-{number}"}))
    return tuple(named)
