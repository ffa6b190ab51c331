"""What calls showed, counted: by rule, with a few examples. Values that travel as JSON between processes."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from ..report.exchanges import report_exchange
from ..report.model import Observation, ReportedExchange
from ..report.reproduce import curl_line
from ..target.target import Target
from ..wire.redaction import Scrubber
from .judge import Judged, Made

NUMBERED = re.compile(r"-\d+$")
"""Which event of a stream was changed: load changes any of them, and the cause is one."""
EXAMPLES = 3
"""Examples of each thing that was observed."""


@dataclass(frozen=True)
class Example:
    """A call that broke a rule."""

    observation: Observation
    exchange: ReportedExchange | None
    curl: str


@dataclass
class RuleTally:
    """What calls showed of one rule."""

    judged: int = 0
    broken: int = 0
    by_code: dict[str, int] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    def add(self, other: RuleTally) -> None:
        """Takes in what other calls showed."""
        self.judged += other.judged
        self.broken += other.broken
        for code, count in other.by_code.items():
            self.by_code[code] = self.by_code.get(code, 0) + count
        for example in other.examples:
            self.keep(example)

    def keep(self, example: Example) -> None:
        """Keeps an example, unless there are enough of its kind."""
        kind = example.observation.code
        if sum(one.observation.code == kind for one in self.examples) < EXAMPLES:
            self.examples.append(example)


@dataclass
class Tally:
    """What calls showed of every rule, and how many calls showed nothing, by the reason."""

    rules: dict[str, RuleTally] = field(default_factory=dict)
    unjudged: dict[str, int] = field(default_factory=dict)
    limited: int = 0
    """Calls that the proxy rejected with 429 or 503."""
    most_at_once: dict[str, int] = field(default_factory=dict)
    """The most streams that were held at a time, by process."""
    faults: list[str] = field(default_factory=list)
    """By what the kit itself failed; a few of them."""

    def of(self, rule: str) -> RuleTally:
        """What is known of a rule."""
        return self.rules.setdefault(rule, RuleTally())

    def add(self, other: Tally) -> None:
        """Takes in what another process counted."""
        for rule, found in other.rules.items():
            self.of(rule).add(found)
        for why, count in other.unjudged.items():
            self.unjudged[why] = self.unjudged.get(why, 0) + count
        self.limited += other.limited
        for process, count in other.most_at_once.items():
            self.at_once(process, count)
        for fault in other.faults:
            self.fault(fault)

    def at_once(self, process: str, count: int) -> None:
        """Notes that so many streams were held at a time in a process."""
        self.most_at_once[process] = max(count, self.most_at_once.get(process, 0))

    def fault(self, text: str) -> None:
        """Notes by what the kit itself failed."""
        if text not in self.faults and len(self.faults) < EXAMPLES:
            self.faults.append(text)

    def beyond(self, why: str) -> None:
        """Counts a call that shows nothing of the proxy."""
        self.unjudged[why] = self.unjudged.get(why, 0) + 1

    def count(self, found: Judged, made: Made | None, scrubber: Scrubber, target: Target) -> None:
        """Counts what a call showed of a rule; an example is masked at once."""
        tally = self.of(found.rule)
        tally.judged += 1
        if (violation := found.violation) is None:
            return
        tally.broken += 1
        code = NUMBERED.sub("", violation.code)
        tally.by_code[code] = tally.by_code.get(code, 0) + 1
        observation = Observation(
            code=code,
            reason=scrubber.clean(violation.saying),
            expected=scrubber.clean(violation.expected),
            actual=scrubber.clean(violation.actual),
        )
        if sum(one.observation.code == code for one in tally.examples) < EXAMPLES:
            exchange = None if made is None else report_exchange(made.exchange, scrubber)
            curl = "" if made is None else curl_line(made.exchange.request, target, scrubber)
            tally.keep(Example(observation, exchange, curl))

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        plain = asdict(self)
        for rule, found in self.rules.items():
            plain["rules"][rule]["examples"] = [_example(one) for one in found.examples]
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Tally:
        """The reverse of `to_json`."""
        rules = {rule: _rule(found) for rule, found in plain["rules"].items()}
        return cls(**{**plain, "rules": rules})


def _rule(plain: dict[str, Any]) -> RuleTally:
    examples = [
        Example(
            Observation.model_validate(one["observation"]),
            None if one["exchange"] is None else ReportedExchange.model_validate(one["exchange"]),
            one["curl"],
        )
        for one in plain["examples"]
    ]
    return RuleTally(plain["judged"], plain["broken"], plain["by_code"], examples)


def _example(one: Example) -> dict[str, Any]:
    exchange = None if one.exchange is None else one.exchange.model_dump(mode="json")
    return {"observation": one.observation.model_dump(mode="json"), "exchange": exchange, "curl": one.curl}
