"""What a campaign found out about one rule. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Violation
from ..wire.messages import Exchange

SHOWN = 80
"""Longest description of a request, in characters."""


@dataclass(frozen=True)
class Finding:
    """A rule that was broken: the shortest request that showed it, and how many did."""

    violation: Violation
    exchange: Exchange
    what: str
    """What is special about that request."""
    count: int = 1

    def joined(self, other: Finding) -> Finding:
        """Both in one; of two requests the shorter one is shown, of two of a length the earlier."""
        shown = other if other.length < self.length else self
        return Finding(shown.violation, shown.exchange, shown.what, self.count + other.count)

    @property
    def length(self) -> int:
        """Number of bytes that a user must read to understand the request."""
        request = self.exchange.request
        return len(request.target) + len(request.body) + sum(len(n) + len(v) for n, v in request.headers)

    def as_violation(self, of: int) -> Violation:
        """The violation, with what is special about the request, and in how many `of` them the rule was broken."""
        what = self.what if len(self.what) <= SHOWN else f"{self.what[:SHOWN]}..."
        saying = f"{self.violation.saying} ({what}; {self.count} of {of} requests)"
        return Violation(saying, expected=self.violation.expected, actual=self.violation.actual)
