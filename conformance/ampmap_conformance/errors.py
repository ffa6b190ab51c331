"""The exceptions of the kit: each leads to a message with an exit code, or to a verdict."""

from __future__ import annotations

from enum import StrEnum, unique


class UsageError(Exception):
    """Bad input from the user: a message that fits on one screen, never a traceback."""


class UnreachableError(Exception):
    """The target, or its observer, cannot be had, so nothing can be tested; the message is one sentence."""


class SuiteError(Exception):
    """The suite and the requirements do not fit together: a fault of the kit."""


class KitFaultError(Exception):
    """A message of the kit's own is not what the reference says: the case says nothing of the target."""


class NotTestableError(Exception):
    """The case needs something that this run does not have; the message says what."""


class BudgetSpentError(Exception):
    """The run may send no more requests; the message says how many there were."""


@unique
class Failure(StrEnum):
    """Why there is no answer at all."""

    REFUSED = "the connection was refused"
    NO_ADDRESS = "the host name has no address"
    TLS = "the TLS handshake failed"
    UNREACHABLE = "no connection could be made"
    TIMEOUT = "there was no answer in time"
    DROPPED = "the connection was closed without an answer"
    MALFORMED = "the answer was not valid HTTP"


class NoAnswerError(ConnectionError):
    """The request got no status line back; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class ObserverGoneError(ConnectionError):
    """The remote observer does not answer as one; the message is one sentence, without the token."""


class ReloadFailedError(Exception):
    """The target's reload command failed; the message is a sentence."""


class Violation(AssertionError):  # noqa: N818 - the word of the reports
    """A rule was broken. `saying` states what went wrong; it may be empty.

    `expected` and `actual` hold nothing that differs between two runs and no secret.
    """

    def __init__(self, saying: str, *, expected: str, actual: str) -> None:
        super().__init__(f"{saying or 'the rule was broken'}\n  expected  {expected}\n  actual    {actual}")
        self.saying = saying
        self.expected = expected
        self.actual = actual
