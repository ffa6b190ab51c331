"""What must hold for every generated request and its answer: one rule for each requirement of the profile. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType

from ..checks.expect import SHOWN, assert_absent, expect
from ..checks.stack_traces import TRACES
from ..dialects.schemas import Schemas
from ..reference.types import ErrorShape
from ..wire.json_text import loads
from ..wire.messages import Exchange, media_type
from ..wire.sse import decode_body

NOT_THE_PROXYS = frozenset({503, 504, 529})
"""Statuses that a busy upstream gives; unless it is seen, they say nothing of the proxy."""
RIGHT_TYPES = frozenset({"application/json", "text/event-stream"})
NOT_IMPLEMENTED = 501
"""What RFC 9110 (section 9.1) asks for a method that a server does not know at all."""
REFUSALS = range(400, 500)
EXPECTED = MappingProxyType(
    {
        "either": "a rejection with 4xx, or the upstream's answer to the same data",
        "proxy": "a rejection with 4xx by the proxy itself",
        "upstream": "the upstream's answer to the same data",
    }
)
"""What becomes of invalid data, by the target's policy."""


@unique
class Wrong(Enum):
    """What is wrong with a request, by the OpenAPI document."""

    NOTHING = "nothing"
    METHOD = "method"
    """The path has no such method."""
    DATA = "data"


@dataclass(frozen=True)
class Facts:
    """What is known of the called operation and of the target."""

    schemas: Schemas
    shape: ErrorShape | None = None
    """How the provider's errors look; None for calls that are not a provider's."""
    observed: bool = False
    """Whether the upstreams are the observer, so that a relayed answer is distinguished from one of the proxy's own."""
    invalid_data: str = "either"
    """The target's policy: which party rejects invalid data."""
    rewrites: bool = False
    """Whether the target writes bodies anew."""
    answers_itself: bool = False
    """Whether the proxy may answer this operation without its upstream."""
    client_key: str = ""
    other_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sent:
    """A generated request that was sent, and what came of it."""

    exchange: Exchange
    wrong: Wrong
    facts: Facts

    @property
    def status(self) -> int:
        """The answer's status; 0 for no answer."""
        return self.exchange.response.status

    @property
    def body(self) -> bytes:
        """The answer's body, unpacked."""
        return decode_body(self.exchange.response.headers, self.exchange.response.body)

    @property
    def media_type(self) -> str:
        """The answer's content type without parameters, in lower case."""
        return media_type(self.exchange.response.headers.get("content-type"))

    @property
    def is_relayed(self) -> bool:
        """Whether an upstream was seen to give an answer of this status."""
        return any(answer.status == self.status for answer in self.exchange.answers)

    @property
    def is_failure(self) -> bool:
        """Whether the proxy itself failed, or gave no answer: that is for one rule to judge."""
        return self.status == 0 or (self.status >= 500 and not self.is_relayed)

    @property
    def has_no_body(self) -> bool:
        """Whether HTTP allows the answer no body."""
        return self.exchange.request.method == "HEAD" or self.status in (0, 204, 304)


Rule = Callable[[Sent], None]
"""Raises Violation where it is broken."""


def no_server_error(sent: Sent) -> None:
    """The proxy itself does not fail on any data."""
    facts = sent.facts
    if not facts.observed and sent.status in NOT_THE_PROXYS:
        return
    if sent.wrong is Wrong.METHOD and sent.status == NOT_IMPLEMENTED:
        return
    actual = f"status {sent.status}" if sent.status else "no answer"
    expect(not sent.is_failure, "the proxy failed", expected="an answer below status 500", actual=actual)


def valid_forwarded(sent: Sent) -> None:
    """The proxy does not reject data that the document allows: it reaches an upstream."""
    judged = sent.facts.observed and not sent.facts.answers_itself and not sent.is_failure
    if sent.wrong is Wrong.NOTHING and judged:
        actual = f"status {sent.status}, and no request to an upstream"
        wanted = "a request to an upstream"
        expect(bool(sent.exchange.upstream), "a valid request was rejected", expected=wanted, actual=actual)


def invalid_rejected_or_relayed(sent: Sent) -> None:
    """The proxy rejects invalid data, or forwards it unchanged and relays the answer: by the policy."""
    if sent.wrong is Wrong.NOTHING or sent.facts.shape is None or not sent.facts.observed:
        return
    if sent.is_failure:
        return  # another rule covers failures of the proxy
    refused = 300 <= sent.status < 500 and not sent.exchange.upstream
    if sent.wrong is Wrong.METHOD:
        free = sent.exchange.request.method in ("HEAD", "OPTIONS")
        _must(sent, free or 400 <= sent.status < 500, "a method that the path does not have", "status 405 or 404")
        return
    if sent.facts.answers_itself:
        return
    by_proxy = refused and sent.facts.invalid_data != "upstream"
    by_upstream = sent.facts.invalid_data != "proxy" and _is_untouched(sent)
    _must(sent, by_proxy or by_upstream, "invalid data", EXPECTED[sent.facts.invalid_data])


def _must(sent: Sent, holds: bool, what: str, expected: str) -> None:
    seen = "a request at an upstream" if sent.exchange.upstream else "no request to an upstream"
    if sent.exchange.upstream and not _is_untouched(sent):
        seen = "an upstream that got other data, or whose answer was changed"
    expect(holds, f"the proxy accepted {what}", expected=expected, actual=f"status {sent.status}, and {seen}")


def _is_untouched(sent: Sent) -> bool:
    """Whether an upstream got the data as it was sent, and the client got its answer."""
    return sent.is_relayed and (
        sent.facts.rewrites or any(_same(sent.exchange.request.body, one.body) for one in sent.exchange.upstream)
    )


def _same(sent: bytes, came: bytes) -> bool:
    if sent == came:
        return True
    try:
        return bool(loads(sent) == loads(came))
    except (ValueError, RecursionError):
        return False


def error_shape(sent: Sent) -> None:
    """An error has the shape of the provider that was called."""
    shape = sent.facts.shape
    if shape is None or sent.has_no_body or not _is_judged_error(sent):
        return
    problem = sent.facts.schemas.error(shape, sent.body)
    shown = sent.body[:SHOWN].decode(errors="replace") or "an empty body"
    expect(
        problem is None,
        f"an error does not have {shape.display_name}'s shape",
        expected=f"{shape.display_name}'s shape",
        actual=f"status {sent.status}: {shown}",
    )


def content_type(sent: Sent) -> None:
    """The content type of an answer is JSON or an event stream; that of an error is JSON."""
    if sent.facts.shape is None or sent.has_no_body:
        return
    if 200 <= sent.status < 300:
        if sent.wrong is Wrong.METHOD:
            return  # no rule judges what such an answer holds
        if sent.facts.answers_itself and not sent.exchange.upstream:
            return  # a warm-up that the proxy answers by itself
        _typed(sent, sent.media_type in RIGHT_TYPES, " or ".join(sorted(RIGHT_TYPES)))
    elif _is_judged_error(sent):
        _typed(sent, sent.media_type == "application/json", "application/json")


def _typed(sent: Sent, holds: bool, expected: str) -> None:
    actual = f"status {sent.status} with {sent.media_type or 'no content type'}"
    expect(holds, "an answer does not have the content type of its dialect", expected=expected, actual=actual)


def _is_judged_error(sent: Sent) -> bool:
    """An error that says something of the proxy: without an observer only rejections do."""
    return sent.status >= 400 if sent.facts.observed else sent.status in REFUSALS


def no_leak(sent: Sent) -> None:
    """No answer holds a key, and the proxy does not forward the client's."""
    for key in (sent.facts.client_key, *sent.facts.other_keys):
        if key:
            assert_absent(key, in_=sent.exchange.response, saying="an answer holds a key", of="a key")
    if sent.facts.client_key:
        for request in sent.exchange.upstream:
            assert_absent(sent.facts.client_key, in_=request, saying="the upstream got the client's key")


def no_stack_trace(sent: Sent) -> None:
    """An error of the proxy's own shows no internals."""
    if sent.status < 400 or sent.is_relayed:
        return
    found = TRACES.search(sent.body.decode(errors="replace"))
    shown = found[0] if found else ""
    expect(found is None, "an error shows the proxy's internals", expected="no stack trace", actual=shown)


def management_holds(sent: Sent) -> None:
    """What holds for every path: the proxy does not fail, and shows no key."""
    no_server_error(sent)
    no_leak(sent)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "fuzz.no-server-error": no_server_error,
        "fuzz.valid-forwarded": valid_forwarded,
        "fuzz.invalid-rejected-or-relayed": invalid_rejected_or_relayed,
        "fuzz.error-shape": error_shape,
        "fuzz.content-type": content_type,
        "fuzz.no-leak": no_leak,
        "fuzz.no-stack-trace": no_stack_trace,
        "fuzz.management-holds": management_holds,
    }
)
"""Every rule by the requirement that it tests."""
