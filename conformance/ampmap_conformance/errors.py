"""The exceptions of the kit: each leads to a message with an exit code, or to a verdict."""

from __future__ import annotations

import re
import traceback
from enum import StrEnum, unique


class UsageError(Exception):
    """Bad input from the user: a message that fits on one screen, never a traceback."""


class UnmatchedPatternError(UsageError):
    """A pattern of cases matches none that there is."""

    def __init__(self, message: str, pattern: str) -> None:
        super().__init__(message)
        self.pattern = pattern


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
    TOO_MUCH = "the answer's head is too large, or does not end"


class NoAnswerError(ConnectionError):
    """The request got no status line back; `failure` says why.

    `kept` says that the connection had carried other calls, and was closed before any byte of this one's answer.
    """

    def __init__(self, failure: Failure, *, kept: bool = False, why: str = "") -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.why = why
        """Why the handshake failed, where that is the failure."""
        self.kept = kept
        self.nonce = ""
        """That of the call, where a probe made it."""


class ObserverGoneError(ConnectionError):
    """The remote observer does not answer as one; the message is one sentence, without the token."""


class ReloadFailedError(Exception):
    """The target's reload command failed; the message is a sentence."""


class ReloadLostError(Exception):
    """The target has stopped to follow its configuration, so that no check of it says anything; a sentence."""


class Violation(AssertionError):  # noqa: N818 - the word of the reports
    """A rule was broken. `saying` states what went wrong; it may be empty.

    `expected` and `actual` hold nothing that differs between two runs and no secret. `code` names what was observed, in
    a word that stays the same when its text is reworded; by default it is made of `saying`. `at` is where it was
    observed, as the name of a header.
    """

    def __init__(self, saying: str, *, expected: str, actual: str, code: str = "", at: str = "") -> None:
        super().__init__(f"{saying or 'the rule was broken'}\n  expected  {expected}\n  actual    {actual}")
        self.saying = saying
        self.expected = expected
        self.actual = actual
        self.code = (code or _slug(saying) or "broken") + (f"@{_slug(at)}" if at else "")
        self.others: tuple[Violation, ...] = ()
        """What else the same case observed."""


class UnservedError(Violation):
    """A call was not served, so that it shows nothing of what a rule says on served calls.

    The case is blocked by the rule that is broken by this. Where no such rule is broken, the call that the proxy did
    not serve is special to this rule, and this is a violation of it. `nonce` is that of the call.
    """

    def __init__(self, saying: str, *, expected: str, actual: str, code: str = "", nonce: str = "") -> None:
        super().__init__(saying, expected=expected, actual=actual, code=code)
        self.nonce = nonce


def without_locals(error: BaseException) -> None:
    """Empties the frames in which an error was raised, and those behind it: bodies of some MB may be in them."""
    behind: BaseException | None = error
    while behind is not None:
        traceback.clear_frames(behind.__traceback__)
        behind = behind.__cause__ or behind.__context__


def place_of(error: BaseException) -> str:
    """What kind of error it is and where it was raised; not its text, which may hold what must not be shown."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name} in {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{where}"


def _slug(text: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))
